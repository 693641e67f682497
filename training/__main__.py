"""`python -m training COMMAND`: fit, evaluate, release, throughput, download."""

import sys

from training.cli import main

sys.exit(main())
