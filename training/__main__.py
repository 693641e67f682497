"""`python -m training COMMAND`: fit-classifier, fit-lungs, package, evaluate, release, benchmark."""

import sys

from training.cli import main

sys.exit(main())
