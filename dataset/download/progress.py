"""Progress of a download and its callback."""

from collections.abc import Callable
from dataclasses import dataclass

from model.translation import N_

MEGABYTES, FILES = N_("MB"), N_("files")  # units of a download


@dataclass(frozen=True)
class Progress:
    """State of a download.

    Attributes:
        done: Amount that is complete.
        total: Amount of the whole step.
        unit: `MEGABYTES` of the archive, or downloaded or unpacked `FILES`. Translate it before showing it.
    """

    done: int
    total: int
    unit: str


ProgressCallback = Callable[[Progress], None]


class CallbackRaised(BaseException):
    """Carries an exception out of a progress callback past the handlers of the download (hence BaseException).

    Without it, an exception of the caller would be reported as a network or disk error.
    """

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


def isolate_callback(progress: ProgressCallback | None) -> ProgressCallback:
    """Return a callback that raises `CallbackRaised` for every exception of `progress`.

    Streamlit stops a page by an exception, which may come from the callback. If `progress` is None, do nothing.
    """

    def report(state: Progress) -> None:
        if progress is None:
            return
        try:
            progress(state)
        except KeyboardInterrupt:  # Ctrl-C stops the download, wherever it arrives
            raise
        except BaseException as error:
            raise CallbackRaised(error) from None

    return report
