"""The server with its delivered configuration: access, security headers and memory."""

import re
import socket
import subprocess
import sys
import tomllib

import pytest
import requests
from websockets.exceptions import InvalidStatus

from model.limits import MAX_BYTES
from tests.support.browser import ROOT, serve
from tests.support.protocol import Access, Visitor
from tests.support.synthetic import phantom_file
from tests.support.waiting import wait_until
from ui.reading.finding_panel import DOWNLOAD_HEAT_MAP
from ui.security_headers import SECURITY_HEADERS

pytestmark = pytest.mark.slow

SETTINGS = {
    "server.address": "127.0.0.1",
    "server.allowedHosts": ["127.0.0.1", "localhost"],
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.xsrfCookieSameSite": "strict",
    "server.maxUploadSize": MAX_BYTES // 2**20,
    "server.enableAgentApi": False,
    "browser.gatherUsageStats": False,
    "client.allowedOrigins": [],
    "client.showErrorDetails": "none",
}


@pytest.fixture
def visitor(server):
    with Visitor(Access(server.url)) as visitor:
        yield visitor


# --- settings


@pytest.mark.parametrize("name", SETTINGS)
def test_protective_options_are_set_explicitly(name):
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    section, option = name.split(".")
    assert settings[section][option] == SETTINGS[name]


def test_every_option_has_a_comment():
    for block in (ROOT / ".streamlit" / "config.toml").read_text().split("\n["):
        lines = [line for line in block.splitlines()[1:] if line]
        assert lines[0].startswith("# "), lines[0]


def test_the_server_listens_on_one_address_only(server):
    port = int(server.url.rsplit(":")[-1])
    socket.create_connection(("127.0.0.1", port)).close()
    for address in ("127.0.0.2", "::1"):  # a server for the network would answer here, too
        with pytest.raises(OSError, match="refused|assign|unreachable"):  # noqa: RUF043 (any of the three)
            socket.create_connection((address, port), timeout=5)


# --- access


@pytest.mark.parametrize("token", ["", "2|00000000|0000000000000000|1"])
def test_an_upload_without_the_token_of_its_session_is_refused(visitor, token):
    assert visitor.upload("chest.png", phantom_file(), token).status_code == 403


def test_an_upload_into_a_closed_session_is_refused(server, visitor):
    closed = Visitor(Access(server.url))
    with closed:
        pass
    assert visitor.upload("chest.png", phantom_file(), session=closed.session).status_code == 400


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "http://localhost.elsewhere.example", "null"])
def test_a_page_from_another_site_cannot_connect(server, origin):
    with pytest.raises(InvalidStatus, match="HTTP 403"), Visitor(Access(server.url), origin=origin).connect():
        pass


def test_another_site_may_not_read_responses(visitor):
    response = visitor.get("_stcore/health", {"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1", 101), ("localhost", 101), ("elsewhere.example", 403)])
def test_only_local_host_names_are_accepted(visitor, host, status):
    key = {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", **key}
    assert visitor.get("_stcore/stream", {"Host": host, "Origin": f"http://{host}", **upgrade}).status_code == status


def test_the_agent_interface_is_disabled(visitor):
    for path in ("interact", "mcp"):
        assert visitor.get(f"_stcore/agent/{path}").status_code in (403, 404, 405)
    assert visitor.post("_stcore/agent/interact").status_code in (403, 404)


def test_an_upload_above_the_limit_is_rejected(visitor):
    assert visitor.upload("chest.png", bytes(MAX_BYTES + 2**20)).status_code == 413


@pytest.mark.parametrize(
    ("path", "status", "cache"),
    [
        ("", 200, "no-cache"),
        ("About", 200, "no-cache"),
        ("_stcore/health", 200, "no-cache"),
        ("_stcore/metrics", 200, "no-store"),
        ("media/a.png", 404, "no-store"),
    ],
)
def test_every_response_has_the_security_headers(visitor, path, status, cache):
    response = visitor.get(path)
    assert (response.status_code, response.headers["Cache-Control"]) == (status, cache)
    assert {name: response.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_the_page_takes_no_instructions_from_a_page_around_it(visitor):
    assert visitor.get("_stcore/host-config").json()["allowedOrigins"] == []


def test_a_session_shows_only_its_own_files(server, visitor):
    with Visitor(Access(server.url)) as other:
        other.read("other.png", phantom_file(height=301))
        assert [row["path"] for row in visitor.read("own.png", phantom_file()).rows] == ["own.png"]
        assert "other.png" not in visitor.page.text
        assert [row["path"] for row in other.read("again.png", phantom_file()).rows] == ["again.png", "other.png"]


# --- memory


def test_the_data_of_a_closed_tab_is_removed_without_another_visit(tmp_path):
    with serve("serve.py", tmp_path / "log.txt", "--server.disconnectedSessionTTL", "2") as server:
        with Visitor(Access(server.url)) as visitor:
            visitor.read("chest.png", phantom_file())
            download = visitor.create_download(DOWNLOAD_HEAT_MAP)
            assert visitor.get(download).content.startswith(b"\x89PNG")
            assert "UploadedFileManager" in visitor.get("_stcore/metrics").text
            assert "st_session_state" in visitor.get("_stcore/metrics").text

        def is_empty() -> bool:
            metrics = requests.get(f"{server.url}/_stcore/metrics", timeout=30).text  # opens no session
            kept = ("UploadedFileManager", "st_session_state", "st_memory_media_file_storage")
            return not any(name in metrics for name in kept)

        wait_until(is_empty, "the data of the closed session is no longer in memory")
        assert requests.get(f"{server.url}/{download}", timeout=30).status_code == 404


_ALLOCATE_IN_THREADS = """
import ctypes, threading
from ui.server import harden_server
{first}
def allocate():
    images = [bytearray(50_000) for _ in range(100)]
    barrier.wait()
barrier = threading.Barrier(8)
threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.linux
@pytest.mark.parametrize(("first", "minimum", "maximum"), [("harden_server()", 1, 2), ("", 3, 99)])
def test_threads_share_one_memory_arena(first, minimum, maximum):
    """Count the arenas of glibc: one per thread, or a single one besides that of the main thread."""
    command = [sys.executable, "-c", _ALLOCATE_IN_THREADS.format(first=first)]
    statistics = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stderr
    assert minimum <= len(re.findall(r"^Arena \d+:", statistics, re.MULTILINE)) <= maximum


_ALLOCATE_AFTER_A_LARGE_BLOCK = """
import ctypes
from ui.server import harden_server
{first}
bytearray(2**24)  # freed at once
blocks = [bytearray(2**21) for _ in range(50)]
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.linux
@pytest.mark.parametrize(("first", "is_mapped"), [("harden_server()", True), ("", False)])
def test_large_blocks_are_mapped_after_a_larger_one_was_freed(first, is_mapped):
    """By default, glibc stops mapping blocks up to the size of the largest one that was freed."""
    command = [sys.executable, "-c", _ALLOCATE_AFTER_A_LARGE_BLOCK.format(first=first)]
    statistics = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stderr
    mapped_regions = int(re.search(r"^max mmap regions = +(\d+)", statistics, re.MULTILINE)[1])
    assert (mapped_regions >= 50) == is_mapped
