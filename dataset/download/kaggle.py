"""Download of the public data set, or of a single file, from Kaggle over plain HTTPS.

One POST to api.kaggle.com names the data set, its version and, for a single file, its path. The response redirects to a
signed URL at storage.googleapis.com. No account is needed, and no credentials of this computer are sent. Proxy settings
of the environment apply.
"""

import base64
import hashlib
import itertools
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast
from urllib.parse import urljoin, urlsplit

import requests

from dataset.download.progress import MEGABYTES, Progress, ProgressCallback, isolate_callback
from dataset.errors import DownloadFailed, DownloadInterrupted
from model.limits import MAX_BYTES
from model.messages import MessageCode
from model.translation import gettext as _
from model.version import VERSION

API = "https://api.kaggle.com"
API_PATH = "/v1/datasets.DatasetApiService/DownloadDataset"
DATASET: dict[str, str | int] = {  # pinned: image counts and names are those of version 2
    "ownerSlug": "paultimothymooney",
    "datasetSlug": "chest-xray-pneumonia",
    "datasetVersionNumber": 2,
}
PAGE = "https://www.kaggle.com/datasets/paultimothymooney/chest-xray-pneumonia"
HOSTS = ("api.kaggle.com", "storage.googleapis.com")
TIMEOUT_S = (10, 60)  # for connecting, and between two chunks of the response
CHUNK_BYTES = 2**20
MAX_ARCHIVE_BYTES = 3 * 10**9  # the archive takes 2.46 GB
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


def fetch_archive(archive: Path, report: ProgressCallback) -> None:
    """Download the archive of the data set.

    If the connection is lost, the downloaded part stays in place and the next call resumes from it.

    Args:
        archive: File to write, or to complete.
        report: Called after each megabyte.

    Raises:
        DownloadFailed: The network or Kaggle is not available, or the file does not match its checksum.
        OSError: The file cannot be written.
    """
    with as_download_errors(MessageCode.CONNECTION_RESUMABLE):
        _fetch(DATASET, archive, MAX_ARCHIVE_BYTES, report)


def fetch_file(path: str, target: Path) -> None:
    """Download one file from the data set.

    Args:
        path: Path within the data set, such as "chest_xray/test/NORMAL/IM-0001-0001.jpeg".
        target: File to write.

    Raises:
        DownloadFailed: The network or Kaggle is not available, or the file does not match its checksum.
        OSError: The file cannot be written.
    """
    with as_download_errors(MessageCode.CONNECTION_LOST):
        _fetch(DATASET | {"fileName": path}, target, MAX_BYTES, isolate_callback(None))


@contextmanager
def as_download_errors(connection_lost: MessageCode) -> Iterator[None]:
    """Convert errors from the network and the archive to `DownloadFailed`.

    Args:
        connection_lost: Message for a connection that was lost during the download.
    """
    try:
        yield
    except requests.HTTPError as error:
        response = cast(requests.Response, error.response)  # set wherever this error is raised
        code = STATUS_MESSAGES.get(response.status_code, MessageCode.HOST_ERROR)
        raise DownloadInterrupted(code, host=_host(response.url), status=response.status_code, page=PAGE) from error
    except requests.RequestException as error:
        if error.request is None:  # requests sets it only before the response has started
            raise DownloadInterrupted(connection_lost) from error
        raise DownloadInterrupted(
            MessageCode.HOST_UNREACHABLE, host=_host(str(error.request.url)), error=type(error).__name__, page=PAGE
        ) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise DownloadFailed(MessageCode.DOWNLOAD_DAMAGED, reason=reason, page=PAGE) from error


def _fetch(query: dict[str, str | int], target: Path, max_bytes: int, report: ProgressCallback) -> None:
    """Download a file, or the rest of it if part was downloaded earlier.

    Raises:
        ValueError: The file is too large, or does not match the host's checksum.
    """
    received = target.stat().st_size if target.exists() else 0
    headers = {"User-Agent": f"chest-radiograph-reader/{VERSION}", "Accept-Encoding": "identity"}
    with requests.Session() as session:
        session.auth = _send_no_credentials
        with session.post(
            API + API_PATH, json=query, headers=headers, timeout=TIMEOUT_S, allow_redirects=False
        ) as response:
            url = _redirect_target(response)
        if received:
            headers["Range"] = f"bytes={received}-"
        with session.get(url, headers=headers, timeout=TIMEOUT_S, allow_redirects=False, stream=True) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                if response.headers.get("Content-Range") != f"bytes */{received}":
                    raise ValueError("longer than on the host")
                return  # nothing is left to send
            response.raise_for_status()
            if response.status_code != requests.codes.partial_content:
                received = 0  # the host sends the whole file
            total = received + int(response.headers.get("Content-Length", 0))
            with target.open("ab" if received else "wb") as file:
                reported = -1
                for chunk in itertools.chain([b""], response.iter_content(CHUNK_BYTES)):
                    received += file.write(chunk)
                    total = max(total, received)  # the host need not state the size
                    if total > max_bytes:
                        raise ValueError("too large")
                    if (megabytes := round(received / MEGABYTE)) != reported:
                        reported = megabytes
                        report(Progress(megabytes, round(total / MEGABYTE), MEGABYTES))
    _check_checksum(target, response.headers.get("X-Goog-Hash", ""))


def _send_no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave a request unchanged. Without this, requests adds credentials from .netrc."""
    return request


def _redirect_target(response: requests.Response) -> str:
    """Return the address to which the host redirects. It must use HTTPS if the host does.

    Raises:
        requests.HTTPError: The host does not redirect, or redirects to another protocol.
    """
    url = urljoin(response.url, response.headers.get("Location", ""))
    if not response.is_redirect or urlsplit(url).scheme != urlsplit(API).scheme:
        response.raise_for_status()
        raise requests.HTTPError(response=response)
    return url


def _check_checksum(path: Path, stated: str) -> None:
    """Compare a file with the MD5 that Google's storage states in a header such as "crc32c=n03x6A==,md5=Ojk9c3==".

    Raises:
        ValueError: They differ.
    """
    checksums = dict(item.strip().split("=", 1) for item in stated.split(",") if "=" in item)
    if expected := checksums.get("md5"):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).digest()
        if base64.b64encode(digest).decode() != expected:
            raise ValueError("the checksum differs")


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
