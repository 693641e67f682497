"""`python -m model read FILE_OR_FOLDER...`."""

import io
import os
import sys

from model.batch.cli import main

# Write the same bytes on every system. A file name that is not valid UTF-8 is escaped; a JSON parser restores it.
if isinstance(sys.stdout, io.TextIOWrapper):
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
try:
    status = main()
except BrokenPipeError:  # the receiving program has ended, as in `| head`: end silently, as other tools do
    # SIGPIPE stays ignored, because it would also end this process when a decoder in a child process crashes.
    status = 141  # the exit status that a shell reports for SIGPIPE
try:
    sys.stdout.flush()
except OSError:  # closed pipe or full disk, already reported; Python would report it again at exit
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
sys.exit(status)
