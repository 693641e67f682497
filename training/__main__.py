"""`python -m training COMMAND`: fit-classifier, fit-lungs, evaluate, release, benchmark."""

import sys

from training.cli import main

sys.exit(main())
