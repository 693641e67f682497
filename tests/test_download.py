"""The download against a local server that answers as Kaggle does; nothing here leaves the machine.

The server was written after kagglehub 1.0.2: POST /v1/datasets.DatasetApiService/DownloadDataset at the API's host,
which redirects to a signed address that offers byte ranges and the archive's MD5.
"""

import base64
import errno
import hashlib
import io
import json
import os
import re
import shutil
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import kagglehub.clients
import kagglesdk.kaggle_env
import pytest
import requests
from PIL import Image

from dataset import download as module
from dataset.download import download
from model.errors import DatasetError

COUNTS = {
    "train/NORMAL": 3,
    "train/PNEUMONIA": 4,
    "val/NORMAL": 1,
    "val/PNEUMONIA": 1,
    "test/NORMAL": 2,
    "test/PNEUMONIA": 2,
}
API_PATH = "/v1/datasets.DatasetApiService/DownloadDataset"
STORAGE_PATH = "/kaggle-data-sets/archive.zip?signed"


def jpeg(shade: int) -> bytes:
    stream = io.BytesIO()
    Image.new("L", (8, 8), shade).save(stream, "JPEG")
    return stream.getvalue()


def kaggle_archive(counts: dict[str, int]) -> bytes:
    """The set twice, one copy in the other, with the files that macOS leaves."""
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


class Kaggle(ThreadingHTTPServer):
    """What the server does is set from the tests; `seen` holds each request's line and Range header."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.archive = kaggle_archive(COUNTS)
        self.status = 302
        self.bytes_before_break: int | None = None
        self.silent = threading.Event()
        self.silent.set()  # cleared: an answer waits until it is set again
        self.seen: list[tuple[str, str | None]] = []
        self.asked_for: dict = {}

    def handle_error(self, request, client_address) -> None:
        """Clients that hang up are part of the tests."""


class Answer(BaseHTTPRequestHandler):
    server: Kaggle

    def do_POST(self) -> None:
        self.server.asked_for = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((f"POST {self.path}", None))
        self.server.silent.wait(10)
        if self.server.status == 302:
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}{STORAGE_PATH}")
            self.end_headers()
            return
        body = json.dumps({"code": self.server.status, "message": "said by Kaggle"}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.server.seen.append((f"GET {self.path}", wanted))
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted else 0
        body = self.server.archive[start:]
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Type", "application/zip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Accept-Ranges", "bytes")
        md5 = base64.b64encode(hashlib.md5(self.server.archive, usedforsecurity=False).digest()).decode()
        self.send_header("X-Goog-Hash", f"md5={md5}")
        self.end_headers()
        self.wfile.write(body[: self.server.bytes_before_break])

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def kaggle(monkeypatch, tmp_path) -> Iterator[Kaggle]:
    server = Kaggle()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    point_kagglehub_at(f"http://127.0.0.1:{server.server_port}", monkeypatch, tmp_path)
    yield server
    server.silent.set()
    server.shutdown()
    thread.join()
    server.server_close()


def point_kagglehub_at(address: str, monkeypatch, tmp_path: Path) -> None:
    """Replace the address of the API, and hide this machine's own Kaggle token, proxy and .netrc."""
    monkeypatch.setitem(kagglesdk.kaggle_env._env_to_endpoint, kagglesdk.kaggle_env.KaggleEnv.PROD, address)
    for name in [name for name in os.environ if name.startswith("KAGGLE") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name in ("HOME", "USERPROFILE", "KAGGLE_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setattr(module, "EXPECTED", COUNTS)
    monkeypatch.setattr(module, "ROOM_BYTES", 0)


@pytest.fixture
def target(tmp_path) -> Path:
    return tmp_path / "data" / "chest_xray"


def files_under(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def refusal(target: Path) -> str:
    """The sentence that the download ends with; nothing may lie at the target then."""
    with pytest.raises(DatasetError) as caught:
        download(target)
    assert not target.exists()
    return str(caught.value)


@pytest.mark.usefixtures("kaggle")
def test_lays_the_set_down_flat_without_macos_litter(target):
    assert download(target) == target

    assert files_under(target) == sorted(
        f"{part}/IM-{number:04}-0001.jpeg" for part, count in COUNTS.items() for number in range(count)
    )
    for path in target.rglob("*.jpeg"):
        with Image.open(path) as picture:
            picture.load()
    assert list(target.parent.iterdir()) == [target], "the working folder is gone"


def test_asks_for_the_pinned_version_once_and_for_nothing_else(kaggle, target):
    download(target)

    assert kaggle.seen == [(f"POST {API_PATH}", None), (f"GET {STORAGE_PATH}", None)]
    assert kaggle.asked_for == {
        "ownerSlug": "paultimothymooney",
        "datasetSlug": "chest-xray-pneumonia",
        "datasetVersionNumber": 2,
    }


def test_says_first_whom_it_asks_how_much_comes_and_under_which_licence(kaggle, target, capsys):
    kaggle.status = 404
    refusal(target)

    said = capsys.readouterr().out
    for words in (
        "api.kaggle.com",
        "storage.googleapis.com",
        "2.5 GB",
        "CC BY 4.0",
        "Kermany",
        "rscbjbr9sj",
        str(target),
    ):
        assert words in said


@pytest.mark.usefixtures("kaggle")
def test_leaves_environment_and_requests_as_they_were(target, monkeypatch):
    monkeypatch.setenv("KAGGLEHUB_CACHE", "/elsewhere")
    before, send = dict(os.environ), requests.Session.send
    download(target)
    assert dict(os.environ) == before
    assert requests.Session.send is send


def test_takes_the_inner_copy_when_the_outer_is_not_whole(kaggle, target):
    stream = io.BytesIO(kaggle.archive)
    with zipfile.ZipFile(stream) as old, zipfile.ZipFile(whole := io.BytesIO(), "w") as new:
        for name in old.namelist():
            if name != "chest_xray/train/NORMAL/IM-0002-0001.jpeg":
                new.writestr(name, old.read(name))
    kaggle.archive = whole.getvalue()

    download(target)
    assert len(files_under(target)) == sum(COUNTS.values())


@pytest.mark.usefixtures("kaggle")
def test_fills_an_empty_folder(target):
    target.mkdir(parents=True)
    download(target)
    assert len(files_under(target)) == sum(COUNTS.values())


def test_refuses_a_target_that_holds_something(kaggle, target):
    target.mkdir(parents=True)
    (target / "mine.txt").write_text("keep")

    with pytest.raises(
        DatasetError, match=r"is taken, nothing was fetched\. Remove it, or name an empty or new folder"
    ):
        download(target)
    assert files_under(target.parent) == ["chest_xray/mine.txt"]
    assert kaggle.seen == []


@pytest.mark.usefixtures("kaggle")
def test_refuses_a_target_that_is_a_file(target):
    target.parent.mkdir()
    target.write_text("keep")
    with pytest.raises(DatasetError, match="is taken"):
        download(target)
    assert target.read_text() == "keep"


def test_wrong_counts_lay_nothing_down(kaggle, target):
    kaggle.archive = kaggle_archive(COUNTS | {"train/NORMAL": 2})

    sentence = refusal(target)
    assert "not the published set, nothing was laid down: train/NORMAL 2 instead of 3, train/PNEUMONIA 4" in sentence
    assert files_under(target.parent) == []


def test_an_archive_of_something_else_lays_nothing_down(kaggle, target):
    with zipfile.ZipFile(stream := io.BytesIO(), "w") as archive:
        archive.writestr("readme.txt", "moved")
    kaggle.archive = stream.getvalue()
    assert "train/NORMAL 0 instead of 3" in refusal(target)


def test_no_archive_at_all_lays_nothing_down(kaggle, target):
    kaggle.archive = b"<html>Please log in to the guest network</html>"
    assert refusal(target).startswith(
        "What came cannot be used and was deleted (Unsupported archive type.). Try again."
    )
    assert files_under(target.parent) == []


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (
            401,
            "it asks for a login or does not know the Kaggle token on this machine (none is needed: remove it)",
        ),
        (403, "it refuses the download from here; try again later or from another network"),
        (404, "the set is no longer at that address"),
        (503, "try again later"),
    ],
)
def test_a_refusal_names_host_status_and_the_way_by_hand(kaggle, target, status, reason):
    kaggle.status = status
    assert refusal(target) == f"127.0.0.1 answered with status {status}: {reason}. {module.BY_HAND}"
    assert list(target.parent.iterdir()) == []


def test_an_unreachable_host_is_named_at_once(target, monkeypatch, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    point_kagglehub_at(f"http://127.0.0.1:{port}", monkeypatch, tmp_path)

    start = time.monotonic()
    sentence = refusal(target)
    assert time.monotonic() - start < 5
    assert sentence == f"127.0.0.1 cannot be reached (ConnectionError): check network and proxy. {module.BY_HAND}"
    assert "https://www.kaggle.com/datasets/paultimothymooney/chest-xray-pneumonia" in sentence
    assert "CHEST_XRAY_DIR" in sentence


def test_a_host_that_stays_silent_is_given_up(kaggle, target, monkeypatch):
    monkeypatch.setattr(module, "TIMEOUT_S", (1, 0.2))
    kaggle.silent.clear()
    assert refusal(target).startswith("127.0.0.1 cannot be reached (ReadTimeout)")


def test_goes_on_after_a_broken_connection(kaggle, target, monkeypatch):
    monkeypatch.setattr(kagglehub.clients, "CHUNK_SIZE", 1000)  # it writes whole chunks, by default of 1 MiB
    kaggle.bytes_before_break = 2500
    assert refusal(target) == "The connection broke off. The same command goes on from there."

    kaggle.bytes_before_break = None
    download(target)
    assert kaggle.seen[-1] == (f"GET {STORAGE_PATH}", "bytes=2000-")
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.usefixtures("kaggle")
def test_ctrl_c_keeps_the_archive_alone(target, monkeypatch):
    def stop_halfway(archive: zipfile.ZipFile, folder: str) -> None:
        archive.extract(archive.namelist()[0], folder)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(zipfile.ZipFile, "extractall", stop_halfway)
        assert refusal(target) == ("Interrupted: nothing was laid down. The same command goes on where it stopped.")
    assert [Path(name).name for name in files_under(target.parent)] == ["2.archive"]

    download(target)
    assert len(files_under(target)) == sum(COUNTS.values())


@pytest.mark.usefixtures("kaggle")
def test_clears_what_a_killed_run_left(target):
    left = target.with_name(".chest_xray.download") / "set" / "train" / "NORMAL"
    left.mkdir(parents=True)
    (left / "half.jpeg").write_bytes(b"")
    download(target)
    assert len(files_under(target)) == sum(COUNTS.values())


@pytest.mark.usefixtures("kaggle")
def test_a_full_disk_leaves_nothing_behind(target, monkeypatch):
    def no_room(archive: zipfile.ZipFile, folder: str) -> None:
        archive.extract(archive.namelist()[0], folder)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(zipfile.ZipFile, "extractall", no_room)
    assert refusal(target) == module.DISK_FULL.format(target.parent)
    assert list(target.parent.iterdir()) == []


def test_too_little_room_is_said_before_anything_is_fetched(kaggle, target, monkeypatch):
    monkeypatch.setattr(module, "ROOM_BYTES", shutil.disk_usage(target.anchor).total + 1)
    assert "has too little room: about 5 GB are needed while unpacking" in refusal(target)
    assert kaggle.seen == []
    assert list(target.parent.iterdir()) == []


@pytest.mark.usefixtures("kaggle")
def test_a_folder_that_cannot_be_written_is_said(target, monkeypatch):
    def refuse(*_args, **_options) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert refusal(target) == f"The set cannot be written to {target} ({os.strerror(errno.EACCES)})."


def test_expects_the_published_counts():
    assert sum(module.EXPECTED.values()) == 5856
    assert [sum(n for part, n in module.EXPECTED.items() if part.startswith(s)) for s in ("train", "val", "test")] == [
        5216,
        16,
        624,
    ]
