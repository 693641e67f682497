"""Entry point of `python -m tools.compare_findings`."""

import sys

from tools.compare_findings.cli import main

sys.exit(main())
