"""`python -m model read FILE_OR_FOLDER...`."""

import sys

from model.cli import main

sys.exit(main())
