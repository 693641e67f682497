"""Shared by the command lines: if the user can fix an error, print one sentence instead of a traceback.

Everything is printed without control characters, because messages contain file names.
"""

import argparse
import errno
import sys
from collections.abc import Callable
from typing import NoReturn, TextIO

from model.errors import ProjectError
from model.messages import Message, MessageCode
from model.plain_text import printable
from model.sentences import render, render_codes


class CommandParser(argparse.ArgumentParser):
    """Argument parser that prints its messages without control characters."""

    def error(self, message: str) -> NoReturn:
        """Print a message about incorrect usage and exit with status 2."""
        super().error(printable(message))


def print_lines(text: str, file: TextIO | None = None) -> None:
    """Print text without control characters except line breaks, by default to standard output."""
    print("\n".join(map(printable, text.split("\n"))), file=file, flush=True)


def run_with_messages(command: Callable[[], int | None], stopped: str) -> int:
    """Run a command and report the errors that its user can fix.

    Args:
        command: The command to run. It returns its exit status, or None for 0.
        stopped: Sentence to print after Ctrl-C.

    Returns:
        The exit status of the command, or 1 if a message was printed.

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
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return render_codes([MessageCode.NO_SPACE_LEFT])
    unusable = isinstance(error, PermissionError | NotADirectoryError | FileExistsError) or error.errno == errno.EROFS
    if error.filename and unusable:
        parameters = {"path": printable(str(error.filename)), "reason": str(error.strerror)}
        return render([Message(MessageCode.PATH_UNUSABLE, parameters)])
    return ""
