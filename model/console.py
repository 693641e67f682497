"""Shared by the command lines: print an error that the user can fix as one sentence, not as a traceback.

Everything is printed without control characters, because messages contain names of files.
"""

import argparse
import errno
import sys
from collections.abc import Callable
from typing import NoReturn, TextIO

from model.errors import ProjectError
from model.plain_text import printable
from model.translation import gettext as _


class CommandParser(argparse.ArgumentParser):
    """Parser of command-line arguments whose messages are printable."""

    def error(self, message: str) -> NoReturn:
        """Print a message on wrong usage and exit with status 2."""
        super().error(printable(message))


def print_lines(text: str, file: TextIO | None = None) -> None:
    """Print text, by default to standard output; each of its lines is made printable."""
    print("\n".join(map(printable, text.split("\n"))), file=file, flush=True)


def run_with_messages(command: Callable[[], int | None], stopped: str) -> int:
    """Run a command and report the errors that its user can fix.

    Args:
        command: The command. It returns its exit status, or None for 0.
        stopped: Sentence to print after Ctrl-C.

    Returns:
        The exit status of the command; 1 after a message.

    Raises:
        Exception: Any error that the user cannot fix.
    """
    try:
        return command() or 0
    except ProjectError as error:
        message = str(error)
    except OSError as error:
        if not (message := _os_error_message(error)):
            raise
    except KeyboardInterrupt:
        message = f"\n{stopped}"
    print_lines(message, sys.stderr)
    return 1


def _os_error_message(error: OSError) -> str:
    """Return a message for an error that the user can fix, or "" for any other error."""
    if error.errno == errno.ENOSPC:
        return _("The disk is full. Free some space and run the command again.")
    unusable = isinstance(error, PermissionError | NotADirectoryError | FileExistsError) or error.errno == errno.EROFS
    if error.filename and unusable:
        message = _("{path} cannot be used ({reason}). Choose another folder, or allow writing to this one.")
        return message.format(path=printable(str(error.filename)), reason=error.strerror)
    return ""
