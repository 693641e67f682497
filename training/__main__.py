"""`python -m training COMMAND`: fit, lungs, evaluate, release, throughput, download."""

import sys

from training.cli import main

sys.exit(main())
