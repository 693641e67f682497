"""`python -m model read FILE_OR_FOLDER...`."""

import io
import os
import sys

from model.batch.cli import main

# The same bytes on every system. A file name that is not valid UTF-8 is written with escapes, and JSON restores it.
if isinstance(sys.stdout, io.TextIOWrapper):
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
try:
    status = main()
except BrokenPipeError:  # the reader of the pipe has ended, as `| head` does: end without a message, as other tools do
    # Not by the signal SIGPIPE, which would also end this process if a decoder in a child process breaks.
    status = 141  # what a shell reports for a tool that was ended by the signal
try:
    sys.stdout.flush()
except OSError:  # the pipe is closed or the disk full, which was reported; Python would report it again at exit
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
sys.exit(status)
