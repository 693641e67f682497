"""`python -m training COMMAND`: fit, lungs, evaluate, release, throughput, explain."""

import sys

from training.cli import main

sys.exit(main())
