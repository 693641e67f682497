"""Ask Kaggle for the archive of the public set, or for one file of it.

What travels, as read in kagglehub 1.0.2: one POST to api.kaggle.com names the set, its version and, where one is
wanted, the file; the answer leads on to a signed address at storage.googleapis.com, where archive and files lie. No
package index, no usage statistics; the user agent is "kagglehub/<version>". No account is needed; a Kaggle token found
on the machine goes to api.kaggle.com alone.
"""

import functools
import logging
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
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
TIMEOUT_S = (10, 60)  # to connect; between two pieces of the answer
MEGABYTE = 1_000_000
STATUS_ADVICE = {
    401: "it asks for a login or does not know the Kaggle token on this machine (none is needed: remove it)",
    403: "it refuses the download from here; try again later or from another network",
    404: "the set is no longer at that address",
}


def fetch_archive(cache: Path, unpack: Callable[[Path, Path], None], report: ProgressCallback) -> Path:
    """Fetch the archive, have `unpack(archive, folder)` unpack it, and return that folder.

    After a broken connection the part that has come stays in `cache`, and the next call goes on from it.

    Raises:
        DatasetError: no network, Kaggle refuses, or what came is no archive.
    """
    with (
        _as_dataset_errors("Start the download again: it goes on from there."),
        _kagglehub_settings(cache, report, unpack),
    ):
        return _dataset_download(HANDLE)


def fetch_file(cache: Path, path: str) -> Path:
    """Fetch one file of the set, such as "chest_xray/test/NORMAL/IM-0001-0001.jpeg", and return where it lies.

    Raises:
        DatasetError: no network, or Kaggle refuses.
    """
    with _as_dataset_errors("Nothing was laid down, try again."), _kagglehub_settings(cache, isolate_callback(None)):
        return _dataset_download(HANDLE, path=path)


def _dataset_download(handle: str, **options: str) -> Path:
    import kagglehub

    return Path(kagglehub.dataset_download(handle, **options))


@contextmanager
def _as_dataset_errors(after_a_break: str) -> Iterator[None]:
    from kagglehub.exceptions import DataCorruptionError

    try:
        yield
    except requests.HTTPError as error:
        host, status = urlsplit(error.response.url).hostname, error.response.status_code
        reason = STATUS_ADVICE.get(status, "try again later")
        raise DownloadInterrupted(f"{host} answered with status {status}: {reason}. {MANUAL_DOWNLOAD_TEXT}") from error
    except requests.RequestException as error:
        if error.request is None:  # requests names none once the answer has begun
            raise DownloadInterrupted(f"The connection broke off. {after_a_break}") from error
        host, kind = urlsplit(error.request.url).hostname, type(error).__name__
        raise DownloadInterrupted(
            f"{host} cannot be reached ({kind}): check network and proxy. {MANUAL_DOWNLOAD_TEXT}"
        ) from error
    except (DataCorruptionError, zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise DatasetError(
            f"What came cannot be used and was deleted ({reason}). Try again. {MANUAL_DOWNLOAD_TEXT}"
        ) from error


class MegabyteProgress:
    """Stands in for kagglehub's own progress bar: tells each megabyte and draws nothing."""

    def __init__(self, report: ProgressCallback, *, total: int, initial: int = 0, **_looks: Any):
        self._report, self._total, self._bytes, self._told = report, total, initial, -1

    def __enter__(self) -> "MegabyteProgress":
        self.update(0)
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def update(self, came: int) -> None:
        self._bytes += came
        done, total = round(self._bytes / MEGABYTE), round(self._total / MEGABYTE)
        if done != self._told:
            self._told = done
            self._report(Progress(done, total, "MB"))


@contextmanager
def _kagglehub_settings(
    cache: Path, report: ProgressCallback, unpack: Callable[[Path, Path], None] | None = None
) -> Iterator[None]:
    import kagglehub.clients
    import kagglehub.http_resolver

    send = requests.Session.send
    in_place_of = [
        # kagglesdk names no timeout, so that a host that stays silent would hang it for ever.
        (requests.Session, "send", lambda *args, **options: send(*args, **{"timeout": TIMEOUT_S, **options})),
        # A page runs this in the server: nothing is drawn or printed, whoever asked is told.
        (kagglehub.clients, "tqdm", functools.partial(MegabyteProgress, report)),
        (kagglehub.clients, "already_printed_version_warning", True),
        (logging.getLogger("kagglehub"), "handlers", [logging.NullHandler()]),
    ]
    if unpack:  # kagglehub's own does not tell how far it is, and unpacks every picture twice
        in_place_of.append((kagglehub.http_resolver, "_extract_archive", lambda *paths: unpack(*map(Path, paths))))
    with ExitStack() as stack:
        stack.enter_context(_environment(cache))
        for owner, name, value in in_place_of:
            stack.enter_context(_replaced(owner, name, value))
        yield


@contextmanager
def _environment(cache: Path) -> Iterator[None]:
    settings = {
        "KAGGLEHUB_CACHE": str(cache),  # not `output_dir`: that is emptied before a download, so nothing is resumed
        "DISABLE_KAGGLE_CACHE": "true",  # in a Kaggle or Colab notebook it would ask another host for a mount
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
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
