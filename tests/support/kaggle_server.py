"""Local server that replaces Kaggle in download tests.

POST /v1/datasets.DatasetApiService/DownloadDataset redirects to a signed URL. That URL supports byte ranges, and its
responses state the MD5 of the archive or of the requested file.
"""

import base64
import hashlib
import io
import json
import os
import re
import socket
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

import dataset.download.full_set
import dataset.download.kaggle
from dataset.errors import DownloadFailed
from model.messages import Message

COUNTS = {
    "train/NORMAL": 3,
    "train/PNEUMONIA": 4,
    "val/NORMAL": 1,
    "val/PNEUMONIA": 1,
    "test/NORMAL": 2,
    "test/PNEUMONIA": 2,
}
WHOLE_SET = sorted(f"{part}/IM-{number:04}-0001.jpeg" for part, count in COUNTS.items() for number in range(count))
API_PATH = "/v1/datasets.DatasetApiService/DownloadDataset"
STORAGE_PATH = "/kaggle-data-sets/archive.zip?signed"
FILE_PATH = "/kaggle-data-sets/file/"


def jpeg(shade: int) -> bytes:
    """Return a JPEG file with a uniform grey value."""
    stream = io.BytesIO()
    Image.new("L", (240, 230), shade).save(stream, "JPEG")
    return stream.getvalue()


def kaggle_archive(counts: dict[str, int]) -> bytes:
    """Return an archive with two copies of the data set, one inside the other, and macOS metadata files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for part, count in counts.items():
            for number in range(count):
                name = f"{part}/IM-{number:04}-0001.jpeg"
                archive.writestr(f"chest_xray/{name}", jpeg(shade=10 * number))
                archive.writestr(f"chest_xray/chest_xray/{name}", jpeg(shade=10 * number))
                archive.writestr(f"chest_xray/__MACOSX/chest_xray/{part}/._IM-{number:04}-0001.jpeg", b"Mac OS X")
            archive.writestr(f"chest_xray/{part}/.DS_Store", b"Bud1")
            archive.writestr(f"chest_xray/{part}/._IM-0000-0001.jpeg", b"Mac OS X")
        archive.writestr("chest_xray/chest_xray/.DS_Store", b"Bud1")
    return stream.getvalue()


class KaggleServer(ThreadingHTTPServer):
    """Server with responses that the tests control.

    Attributes:
        archive: Content of the archive.
        image: Content of every file that is requested alone.
        status: Status of the responses to POST.
        bytes_before_break: Number of bytes after which responses break off, if any.
        broken_from: Index of the first GET request whose response breaks off.
        redirect_to: Start of the address to which responses to POST redirect.
        supports_ranges: Whether part of a file can be requested.
        stated_md5: Checksum to state instead of the correct one, if any.
        headers: Headers of all requests.
        may_answer: Event. While it is cleared, responses to POST wait.
        requests: Request line and Range header of each request.
        queries: Content of each POST.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), RequestHandler)
        self.archive = kaggle_archive(COUNTS)
        self.image = jpeg(shade=100)
        self.status = 302
        self.bytes_before_break: int | None = None
        self.broken_from = 0
        self.redirect_to = f"http://127.0.0.1:{self.server_port}"
        self.supports_ranges = True
        self.stated_md5: str | None = None
        self.headers: list[dict[str, str]] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.requests: list[tuple[str, str | None]] = []
        self.queries: list[dict] = []

    def requested_files(self) -> list[str | None]:
        return [query.get("fileName") for query in self.queries]

    def handle_error(self, request, client_address) -> None:
        """Ignore clients that close the connection, as some tests do."""


class RequestHandler(BaseHTTPRequestHandler):
    server: KaggleServer

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.queries.append(query)
        self.server.headers.append(dict(self.headers))
        self.server.requests.append((f"POST {self.path}", None))
        self.server.may_answer.wait(10)
        if self.server.status == 302:
            path = f"{FILE_PATH}{query['fileName']}?signed" if "fileName" in query else STORAGE_PATH
            self.send_response(302)
            self.send_header("Location", f"{self.server.redirect_to}{path}")
            self.end_headers()
            return
        body = json.dumps({"code": self.server.status, "message": "sent by Kaggle"}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        byte_range = self.headers["Range"]
        self.server.headers.append(dict(self.headers))
        previous_gets = sum(line.startswith("GET") for line, _ in self.server.requests)
        self.server.requests.append((f"GET {self.path}", byte_range))
        content = self.server.archive if self.path == STORAGE_PATH else self.server.image
        is_part = bool(byte_range) and self.server.supports_ranges
        start = int(re.fullmatch(r"bytes=(\d+)-", byte_range)[1]) if is_part else 0
        body = content[start:]
        if start >= len(content):  # as Google's storage does
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if is_part else 200)
        self.send_header("Content-Type", "application/zip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Accept-Ranges", "bytes")
        md5 = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        self.send_header("X-Goog-Hash", f"crc32c=AAAAAA==,md5={self.server.stated_md5 or md5}")
        self.end_headers()
        self.wfile.write(body[: self.server.bytes_before_break] if previous_gets >= self.server.broken_from else body)

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def kaggle(monkeypatch, tmp_path) -> Iterator[KaggleServer]:
    """Run a server with a small data set, and make the download expect the image counts of that set."""
    server = KaggleServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    use_server(f"http://127.0.0.1:{server.server_port}", monkeypatch, tmp_path)
    yield server
    server.may_answer.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def no_network(monkeypatch, tmp_path) -> None:
    """Direct downloads to a closed port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    use_server(f"http://127.0.0.1:{port}", monkeypatch, tmp_path)


def use_server(address: str, monkeypatch, tmp_path: Path) -> None:
    """Replace the API address, and hide the proxy settings and the .netrc of this machine."""
    monkeypatch.setattr(dataset.download.kaggle, "API", address)
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setattr(dataset.download.full_set, "EXPECTED", COUNTS)
    names = dataset.download.full_set._names_digest(WHOLE_SET)
    monkeypatch.setattr(dataset.download.full_set, "EXPECTED_NAMES", names)
    monkeypatch.setattr(dataset.download.full_set, "REQUIRED_BYTES", 0)


@pytest.fixture
def target(tmp_path) -> Path:
    """Return the target folder for a download. It does not exist yet."""
    return tmp_path / "data" / "chest_xray"


def files_under(folder: Path) -> list[str]:
    """Return the relative paths of all files, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def download_error(fetch: Callable[..., Path], target: Path, *arguments) -> Message:
    """Return the message of a download that must fail and install nothing."""
    with pytest.raises(DownloadFailed) as caught:
        fetch(target, *arguments)
    assert not target.exists()
    (message,) = caught.value.messages
    assert str(caught.value)  # the message has a sentence and all parameters of that sentence
    return message
