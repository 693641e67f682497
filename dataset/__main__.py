"""`python -m dataset COMMAND`."""

import sys

from dataset.cli import main

sys.exit(main())
