"""Local server that answers as Kaggle does, so that tests of downloads need no network.

It follows kagglehub 1.0.2: POST /v1/datasets.DatasetApiService/DownloadDataset redirects to a signed address, which
offers byte ranges and the MD5 of the archive or of the requested file.
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

import kagglehub.clients
import kagglesdk.kaggle_env
import pytest
from PIL import Image

import dataset.download.full_set
from model.errors import DatasetError

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
FILE_PATH = "/kaggle-data-sets/one/"


def jpeg(shade: int) -> bytes:
    """Return a JPEG file of one grey value."""
    stream = io.BytesIO()
    Image.new("L", (240, 230), shade).save(stream, "JPEG")
    return stream.getvalue()


def kaggle_archive(counts: dict[str, int]) -> bytes:
    """Return an archive with two copies of the data set, one within the other, and the files that macOS adds."""
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
    """Server whose answers the tests control.

    Attributes:
        archive, image: Content of the archive, and of each single file.
        status: Status of the answer to a POST.
        bytes_before_break: Length after which answers break off, if any.
        broken_from: Number, from 0, of the first GET whose answer breaks off.
        may_answer: While cleared, the answers to POST requests wait.
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
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.requests: list[tuple[str, str | None]] = []
        self.queries: list[dict] = []

    def requested_files(self) -> list[str | None]:
        return [query.get("fileName") for query in self.queries]

    def handle_error(self, request, client_address) -> None:
        """Ignore clients that close the connection: some tests do."""


class RequestHandler(BaseHTTPRequestHandler):
    server: KaggleServer

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.queries.append(query)
        self.server.requests.append((f"POST {self.path}", None))
        self.server.may_answer.wait(10)
        if self.server.status == 302:
            path = f"{FILE_PATH}{query['fileName']}?signed" if "fileName" in query else STORAGE_PATH
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}{path}")
            self.end_headers()
            return
        body = json.dumps({"code": self.server.status, "message": "said by Kaggle"}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        byte_range = self.headers["Range"]
        previous_gets = sum(line.startswith("GET") for line, _ in self.server.requests)
        self.server.requests.append((f"GET {self.path}", byte_range))
        content = self.server.archive if self.path == STORAGE_PATH else self.server.image
        start = int(re.fullmatch(r"bytes=(\d+)-", byte_range)[1]) if byte_range else 0
        body = content[start:]
        self.send_response(206 if byte_range else 200)
        self.send_header("Content-Type", "application/zip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Accept-Ranges", "bytes")
        md5 = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        self.send_header("X-Goog-Hash", f"md5={md5}")
        self.end_headers()
        self.wfile.write(body[: self.server.bytes_before_break] if previous_gets >= self.server.broken_from else body)

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def kaggle(monkeypatch, tmp_path) -> Iterator[KaggleServer]:
    """Server with a small data set, whose counts the download expects."""
    server = KaggleServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    point_kagglehub_at(f"http://127.0.0.1:{server.server_port}", monkeypatch, tmp_path)
    yield server
    server.may_answer.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def no_network(monkeypatch, tmp_path) -> None:
    """Direct downloads to a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    point_kagglehub_at(f"http://127.0.0.1:{port}", monkeypatch, tmp_path)


def point_kagglehub_at(address: str, monkeypatch, tmp_path: Path) -> None:
    """Replace the address of the API, and hide the Kaggle token, proxy and .netrc of this machine."""
    monkeypatch.setitem(kagglesdk.kaggle_env._env_to_endpoint, kagglesdk.kaggle_env.KaggleEnv.PROD, address)
    for name in [name for name in os.environ if name.startswith("KAGGLE") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name in ("HOME", "USERPROFILE", "KAGGLE_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    # It searches the sources of all imported modules, five times per file: seconds if TensorFlow is among them.
    monkeypatch.setattr(kagglehub.clients, "get_user_agent", lambda: "kagglehub")
    monkeypatch.setattr(dataset.download.full_set, "EXPECTED", COUNTS)
    monkeypatch.setattr(dataset.download.full_set, "REQUIRED_BYTES", 0)


@pytest.fixture
def target(tmp_path) -> Path:
    """Folder to install a download to; it does not exist yet."""
    return tmp_path / "data" / "chest_xray"


def files_under(folder: Path) -> list[str]:
    """Return the sorted relative paths of all files."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def refusal(fetch: Callable[..., Path], target: Path, *arguments) -> str:
    """Return the error message of a download, which must have installed nothing."""
    with pytest.raises(DatasetError) as caught:
        fetch(target, *arguments)
    assert not target.exists()
    return str(caught.value)
