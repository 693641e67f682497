"""How far a download has come, told to whoever wants to know."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """`done` of `total`, counted in `what`: "MB" of the archive, "files" that have come or are unpacked."""

    done: int
    total: int
    what: str


ProgressCallback = Callable[[Progress], None]


class CallbackRaised(BaseException):
    """Whoever was told raised `error`; nothing on the way out takes it for an error of the network or the disk."""

    def __init__(self, error: BaseException):
        super().__init__()
        self.error = error


def isolate_callback(progress: ProgressCallback | None) -> ProgressCallback:
    """Tell `progress` where there is one; what it raises, such as Streamlit's stop of a page, comes as `CallbackRaised`."""

    def report(now: Progress) -> None:
        if progress is None:
            return
        try:
            progress(now)
        except KeyboardInterrupt:  # meant for the download, whatever it was doing just then
            raise
        except BaseException as error:
            raise CallbackRaised(error) from None

    return report
