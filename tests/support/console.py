"""Messages of the command lines about files and folders that cannot be written."""

import os
from pathlib import Path

from model.messages import Message, MessageCode
from model.sentences import render, render_codes

DISK_FULL = render_codes([MessageCode.NO_SPACE_LEFT])


def path_unusable(path: Path | str, error_number: int) -> str:
    """Return the message for a path and the error of the operating system."""
    return render([Message(MessageCode.PATH_UNUSABLE, {"path": str(path), "reason": os.strerror(error_number)})])
