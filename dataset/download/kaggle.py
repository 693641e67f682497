"""Download of the public data set, or of one file of it, from Kaggle with kagglehub.

Requests, as of kagglehub 1.0.2: one POST to api.kaggle.com names the data set, its version and, for a single file, the
file; the response redirects to a signed address at storage.googleapis.com. There is no request to a package index and
no usage statistics; the user agent is "kagglehub/<version>". No account is needed; a Kaggle token on this machine is
sent to api.kaggle.com only.
"""

import functools
import logging
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import requests

from dataset.download.progress import Progress, ProgressCallback, isolate_callback
from dataset.download.staging import DownloadInterrupted
from model.errors import DatasetError

HANDLE = "paultimothymooney/chest-xray-pneumonia/versions/2"  # pinned: counts and names are those of version 2
PAGE = "https://www.kaggle.com/datasets/paultimothymooney/chest-xray-pneumonia"
HOSTS = ("api.kaggle.com", "storage.googleapis.com")
SOURCE = f"""\
Chest X-rays of Kermany, Zhang and Goldbaum (2018), Mendeley Data, doi:10.17632/rscbjbr9sj.2, licence CC BY 4.0.
From: {HOSTS[0]}, which hands over to {HOSTS[1]}. Page: {PAGE}"""
MANUAL_DOWNLOAD_TEXT = (
    f"Or download the set by hand from {PAGE} on any machine, unpack it, "
    "and set CHEST_XRAY_DIR to the folder that holds train, val and test."
)
TIMEOUT_S = (10, 60)  # to connect; between two chunks of the response
MEGABYTE = 1_000_000
STATUS_ADVICE = {
    401: "it asks for a login or does not know the Kaggle token on this machine (none is needed: remove it)",
    403: "it refuses the download from here; try again later or from another network",
    404: "the set is no longer at that address",
}


def fetch_archive(cache: Path, unpack: Callable[[Path, Path], None], report: ProgressCallback) -> Path:
    """Download the archive and unpack it.

    After a broken connection the received part stays in `cache`, and the next call resumes.

    Args:
        cache: Folder for the archive and the unpacked files.
        unpack: Called with the path of the archive and the folder to unpack to.
        report: Called for each megabyte.

    Returns:
        Folder of the unpacked files.

    Raises:
        DatasetError: There is no network, Kaggle refuses, or the file is not an archive.
    """
    with (
        _as_dataset_errors("Start the download again: it goes on from there."),
        _kagglehub_settings(cache, report, unpack),
    ):
        return _dataset_download(HANDLE)


def fetch_file(cache: Path, path: str) -> Path:
    """Download one file of the data set, such as "chest_xray/test/NORMAL/IM-0001-0001.jpeg", and return its path.

    Raises:
        DatasetError: There is no network, or Kaggle refuses.
    """
    with _as_dataset_errors("Nothing was laid down, try again."), _kagglehub_settings(cache, isolate_callback(None)):
        return _dataset_download(HANDLE, path=path)


def _dataset_download(handle: str, **options: str) -> Path:
    import kagglehub

    return Path(kagglehub.dataset_download(handle, **options))


@contextmanager
def _as_dataset_errors(retry_text: str) -> Iterator[None]:
    """Convert errors of requests and kagglehub to `DatasetError`; `retry_text` is advice after a lost connection."""
    from kagglehub.exceptions import DataCorruptionError

    try:
        yield
    except requests.HTTPError as error:
        response = cast(requests.Response, error.response)  # raise_for_status always sets it
        host, status = urlsplit(response.url).hostname, response.status_code
        reason = STATUS_ADVICE.get(status, "try again later")
        raise DownloadInterrupted(f"{host} answered with status {status}: {reason}. {MANUAL_DOWNLOAD_TEXT}") from error
    except requests.RequestException as error:
        if error.request is None:  # requests sets none once the response has begun
            raise DownloadInterrupted(f"The connection broke off. {retry_text}") from error
        host, kind = urlsplit(str(error.request.url)).hostname, type(error).__name__
        raise DownloadInterrupted(
            f"{host} cannot be reached ({kind}): check network and proxy. {MANUAL_DOWNLOAD_TEXT}"
        ) from error
    except (DataCorruptionError, zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise DatasetError(
            f"What came cannot be used and was deleted ({reason}). Try again. {MANUAL_DOWNLOAD_TEXT}"
        ) from error


class MegabyteProgress:
    """Replacement for the tqdm bar of kagglehub: reports each megabyte and draws nothing."""

    def __init__(self, report: ProgressCallback, *, total: int, initial: int = 0, **_tqdm_options: Any) -> None:
        self._report = report
        self._total_bytes, self._received_bytes = total, initial
        self._reported_megabytes = -1

    def __enter__(self) -> "MegabyteProgress":
        self.update(0)
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def update(self, new_bytes: int) -> None:
        """Add received bytes; named and called as `tqdm.update`."""
        self._received_bytes += new_bytes
        megabytes = round(self._received_bytes / MEGABYTE)
        if megabytes != self._reported_megabytes:
            self._reported_megabytes = megabytes
            self._report(Progress(megabytes, round(self._total_bytes / MEGABYTE), "MB"))


@contextmanager
def _kagglehub_settings(
    cache: Path, report: ProgressCallback, unpack: Callable[[Path, Path], None] | None = None
) -> Iterator[None]:
    """Configure kagglehub, which has no options for this, by environment variables and replaced attributes."""
    import kagglehub.clients
    import kagglehub.http_resolver

    send = requests.Session.send
    replacements: list[tuple[Any, str, Any]] = [
        # kagglesdk sets no timeout: a host that does not answer would block it forever.
        (requests.Session, "send", lambda *args, **options: send(*args, **{"timeout": TIMEOUT_S, **options})),
        # A page runs this in the server: nothing is drawn or printed, the caller gets the progress.
        (kagglehub.clients, "tqdm", functools.partial(MegabyteProgress, report)),
        (kagglehub.clients, "already_printed_version_warning", True),
        (logging.getLogger("kagglehub"), "handlers", [logging.NullHandler()]),
    ]
    if unpack:  # kagglehub's own function reports no progress and unpacks every image twice
        replacements.append((kagglehub.http_resolver, "_extract_archive", lambda *paths: unpack(*map(Path, paths))))
    with ExitStack() as stack:
        stack.enter_context(_set_environment(cache))
        for owner, name, value in replacements:
            stack.enter_context(_replace_attribute(owner, name, value))
        yield


@contextmanager
def _set_environment(cache: Path) -> Iterator[None]:
    settings = {
        "KAGGLEHUB_CACHE": str(cache),  # not `output_dir`: it is emptied before a download, so nothing could be resumed
        "DISABLE_KAGGLE_CACHE": "true",  # in a Kaggle or Colab notebook it would request a mount from another host
        "DISABLE_COLAB_CACHE": "true",
    }
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name in settings:
            del os.environ[name]
        os.environ.update({name: value for name, value in before.items() if value is not None})


@contextmanager
def _replace_attribute(owner: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
