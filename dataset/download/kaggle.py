"""Download of the public data set, or of a single file, from Kaggle with kagglehub.

Requests, as of kagglehub 1.0.2: one POST to api.kaggle.com names the data set, its version and, for a single file, its
path. The response redirects to a signed URL at storage.googleapis.com. Nothing is sent to a package index, and no usage
statistics are collected. The user agent is "kagglehub/<version>". No account is needed. A Kaggle token on this machine
is sent to api.kaggle.com only.
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

from dataset.download.progress import MEGABYTES, Progress, ProgressCallback, isolate_callback
from dataset.errors import DownloadFailed, DownloadInterrupted
from model.messages import MessageCode
from model.translation import gettext as _

HANDLE = "paultimothymooney/chest-xray-pneumonia/versions/2"  # pinned: image counts and names are those of version 2
PAGE = "https://www.kaggle.com/datasets/paultimothymooney/chest-xray-pneumonia"
HOSTS = ("api.kaggle.com", "storage.googleapis.com")
TIMEOUT_S = (10, 60)  # for connecting, and between two chunks of the response
MEGABYTE = 1_000_000
STATUS_MESSAGES = {
    401: MessageCode.LOGIN_REQUIRED,
    403: MessageCode.DOWNLOAD_FORBIDDEN,
    404: MessageCode.DOWNLOAD_NOT_FOUND,
}


def source_notice() -> str:
    """Return two lines on authors, licence and origin of the data set."""
    authors = _(
        "Chest X-rays by Kermany, Zhang and Goldbaum (2018), Mendeley Data, doi:10.17632/rscbjbr9sj.2, "
        "licensed under CC BY 4.0."
    )
    origin = _("Source: {host}, which redirects to {storage_host}. Web page: {page}")
    return f"{authors}\n{origin.format(host=HOSTS[0], storage_host=HOSTS[1], page=PAGE)}"


def fetch_archive(cache: Path, unpack: Callable[[Path, Path], None], report: ProgressCallback) -> Path:
    """Download the archive and unpack it.

    If the connection is lost, the downloaded part stays in `cache` and the next call resumes from it.

    Args:
        cache: Folder for the archive and the unpacked files.
        unpack: Called with the path of the archive and the target folder.
        report: Called after each megabyte.

    Returns:
        Folder with the unpacked files.

    Raises:
        DownloadFailed: The network or Kaggle is not available, or the file is not a valid archive.
    """
    with _as_download_errors(MessageCode.CONNECTION_RESUMABLE), _kagglehub_settings(cache, report, unpack):
        return _dataset_download(HANDLE)


def fetch_file(cache: Path, path: str) -> Path:
    """Download one file from the data set and return its local path.

    Args:
        cache: Folder for the file.
        path: Path within the data set, such as "chest_xray/test/NORMAL/IM-0001-0001.jpeg".

    Raises:
        DownloadFailed: The network or Kaggle is not available.
    """
    with _as_download_errors(MessageCode.CONNECTION_LOST), _kagglehub_settings(cache, isolate_callback(None)):
        return _dataset_download(HANDLE, path=path)


def _dataset_download(handle: str, **options: str) -> Path:
    import kagglehub

    return Path(kagglehub.dataset_download(handle, **options))


@contextmanager
def _as_download_errors(connection_lost: MessageCode) -> Iterator[None]:
    """Convert errors of requests and kagglehub to `DownloadFailed`.

    Args:
        connection_lost: Message for a connection that was lost during the download.
    """
    from kagglehub.exceptions import DataCorruptionError

    try:
        yield
    except requests.HTTPError as error:
        response = cast(requests.Response, error.response)  # raise_for_status always sets it
        code = STATUS_MESSAGES.get(response.status_code, MessageCode.HOST_ERROR)
        raise DownloadInterrupted(code, host=_host(response.url), status=response.status_code, page=PAGE) from error
    except requests.RequestException as error:
        if error.request is None:  # requests sets it only before the response has started
            raise DownloadInterrupted(connection_lost) from error
        raise DownloadInterrupted(
            MessageCode.HOST_UNREACHABLE, host=_host(str(error.request.url)), error=type(error).__name__, page=PAGE
        ) from error
    except (DataCorruptionError, zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise DownloadFailed(MessageCode.DOWNLOAD_DAMAGED, reason=reason, page=PAGE) from error


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


class MegabyteProgress:
    """Replacement for the tqdm bar of kagglehub. Reports each megabyte instead of drawing a bar."""

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
        """Add received bytes. Has the signature of `tqdm.update`."""
        self._received_bytes += new_bytes
        megabytes = round(self._received_bytes / MEGABYTE)
        if megabytes != self._reported_megabytes:
            self._reported_megabytes = megabytes
            self._report(Progress(megabytes, round(self._total_bytes / MEGABYTE), MEGABYTES))


@contextmanager
def _kagglehub_settings(
    cache: Path, report: ProgressCallback, unpack: Callable[[Path, Path], None] | None = None
) -> Iterator[None]:
    """Configure kagglehub by environment variables and patched attributes, because it has no options for this."""
    import kagglehub.clients
    import kagglehub.http_resolver

    send = requests.Session.send
    replacements: list[tuple[Any, str, Any]] = [
        # kagglesdk sets no timeout, so a host that does not answer would block the download forever.
        (requests.Session, "send", lambda *args, **options: send(*args, **{"timeout": TIMEOUT_S, **options})),
        # A page runs this in the server process: print nothing, and report progress to the caller.
        (kagglehub.clients, "tqdm", functools.partial(MegabyteProgress, report)),
        (kagglehub.clients, "already_printed_version_warning", True),
        (logging.getLogger("kagglehub"), "handlers", [logging.NullHandler()]),
    ]
    if unpack:  # the original reports no progress and unpacks every image twice
        replacements.append((kagglehub.http_resolver, "_extract_archive", lambda *paths: unpack(*map(Path, paths))))
    with ExitStack() as stack:
        stack.enter_context(_set_environment(cache))
        for owner, name, value in replacements:
            stack.enter_context(_replace_attribute(owner, name, value))
        yield


@contextmanager
def _set_environment(cache: Path) -> Iterator[None]:
    settings = {
        "KAGGLEHUB_CACHE": str(cache),  # not `output_dir`, which is emptied before a download and so prevents resuming
        "DISABLE_KAGGLE_CACHE": "true",  # in Kaggle and Colab notebooks it would request a mount from another host
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
