"""Progress of a download, and the callback that receives it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """State of a download: `done` of `total`, in `unit`: "MB" of the archive, or "files" fetched or unpacked."""

    done: int
    total: int
    unit: str


ProgressCallback = Callable[[Progress], None]


class CallbackRaised(BaseException):
    """Carries the exception of a progress callback past the download's own handlers (hence BaseException).

    Without it, an exception of the caller would be reported as an error of the network or the disk.
    """

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


def isolate_callback(progress: ProgressCallback | None) -> ProgressCallback:
    """Wrap a callback, or None: its exceptions, such as the one that stops a Streamlit page, raise `CallbackRaised`."""

    def report(state: Progress) -> None:
        if progress is None:
            return
        try:
            progress(state)
        except KeyboardInterrupt:  # Ctrl-C stops the download, whichever code it happens to hit
            raise
        except BaseException as error:
            raise CallbackRaised(error) from None

    return report
