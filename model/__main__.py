"""`python -m model read FILE_OR_FOLDER...`."""

import signal
import sys

from model.cli import main

# The same bytes on every system. A file's name that is no UTF-8 is written as escapes, which JSON reads back as it was.
sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
if hasattr(signal, "SIGPIPE"):  # not on Windows
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # end without a word, as other tools do, when `| head` has enough
sys.exit(main())
