"""What the command lines share: an error that the user can fix is one sentence on standard error, not a traceback."""

import errno
import sys
from collections.abc import Callable

from model.errors import ProjectError


def run_with_messages(command: Callable[[], int | None], stopped: str) -> int:
    """Run a command and report the errors that its user can fix.

    Args:
        command: The command; returns its exit status, or None for 0.
        stopped: Sentence to print after Ctrl-C.

    Returns:
        The exit status of the command; 1 after a message.

    Raises:
        Exception: Any error that only a programmer can fix.
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
    print(message, file=sys.stderr)
    return 1


def _os_error_message(error: OSError) -> str:
    """Return a message for an error that the user can fix; empty for any other."""
    if error.errno == errno.ENOSPC:
        return "The disk is full. Free some space and start the same command again."
    unusable = isinstance(error, PermissionError | NotADirectoryError | FileExistsError) or error.errno == errno.EROFS
    if error.filename and unusable:
        return f"{error.filename} cannot be used ({error.strerror}). Name another folder, or allow writing there."
    return ""
