"""What the command lines share: what goes wrong is one sentence on standard error, never a traceback."""

import errno
import sys
from collections.abc import Callable

from model.errors import ProjectError


def run_with_messages(command: Callable[[], int | None], stopped: str) -> int:
    """Run a command; the status that it gives, 0 for None; 1 after a sentence on what went wrong.

    `stopped` is the sentence after Ctrl-C. What only a programmer can mend is raised.
    """
    try:
        return command() or 0
    except ProjectError as error:
        print(f"{error}", file=sys.stderr)
        return 1
    except OSError as error:
        if not (sentence := _message(error)):
            raise
        print(sentence, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\n{stopped}", file=sys.stderr)
        return 1


def _message(error: OSError) -> str | None:
    """What the user can mend, in words; None for what only a programmer can."""
    if error.errno == errno.ENOSPC:
        return "The disk is full. Free some space and start the same command again."
    unusable = isinstance(error, PermissionError | NotADirectoryError | FileExistsError) or error.errno == errno.EROFS
    if error.filename and unusable:
        return f"{error.filename} cannot be used ({error.strerror}). Name another folder, or allow writing there."
    return None
