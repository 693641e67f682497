"""`python -m model read FILE_OR_FOLDER...`."""

import os
import sys

from model.batch.cli import main

# The same bytes on every system. A file's name that is no UTF-8 is written as escapes, which JSON reads back as it was.
sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
try:
    status = main()
except BrokenPipeError:  # `| head` has enough: end without a word, as other tools do
    # Not by the signal SIGPIPE, which would also end this process where a decoder in another one breaks.
    status = 141  # what a shell says of a tool that ended by the signal
try:
    sys.stdout.flush()
except OSError:  # nobody takes what is left, and that has been said where it has to be; Python would say it once more
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
sys.exit(status)
