"""The server as it is delivered: whom it lets in, how many it reads for at once, and what it lets go."""

import re
import socket
import subprocess
import sys
import threading
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from websockets.exceptions import InvalidStatus

import ui.session
from model.limits import MAX_BYTES, READINGS_AT_ONCE
from tests.support.browser import ROOT, served
from tests.support.pages import no_cache_of_another_test  # noqa: F401 (a fixture)
from tests.support.protocol import Access, Visitor
from tests.support.synthetic import phantom_file
from ui.session import UploadResult

SETTINGS = {
    "server.address": "127.0.0.1",
    "server.allowedHosts": ["127.0.0.1", "localhost"],
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.xsrfCookieSameSite": "strict",
    "server.maxUploadSize": MAX_BYTES // 2**20,
    "server.enableAgentApi": False,
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
}


@pytest.fixture
def visitor(server):
    with Visitor(Access(server.url)) as visitor:
        yield visitor


# --- settings


@pytest.mark.parametrize("name", SETTINGS)
def test_what_protects_is_set_and_not_left_to_defaults(name):
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    section, option = name.split(".")
    assert settings[section][option] == SETTINGS[name]


def test_every_option_of_the_server_has_its_reason_above_it():
    for block in (ROOT / ".streamlit" / "config.toml").read_text().split("\n["):
        lines = [line for line in block.splitlines()[1:] if line]
        assert lines[0].startswith("# "), lines[0]


def test_the_server_listens_on_one_address_alone(server):
    port = int(server.url.rsplit(":")[-1])
    socket.create_connection(("127.0.0.1", port)).close()
    for other in ("127.0.0.2", "::1"):  # a server for the network would answer on these, too
        with pytest.raises(OSError, match="refused|assign|unreachable"):  # noqa: RUF043 (any of the three)
            socket.create_connection((other, port), timeout=5)


# --- who comes in


@pytest.mark.parametrize("token", ["", "2|00000000|0000000000000000|1"])
def test_an_upload_without_the_token_of_its_session_is_refused(visitor, token):
    assert visitor.upload("film.png", phantom_file(), token).status_code == 403


def test_an_upload_into_a_session_that_is_not_there_is_refused(server, visitor):
    elsewhere = Visitor(Access(server.url))
    with elsewhere:
        pass
    assert visitor.upload("film.png", phantom_file(), session=elsewhere.session).status_code == 400


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "http://localhost.elsewhere.example", "null"])
def test_a_page_of_another_site_cannot_connect(server, origin):
    with pytest.raises(InvalidStatus, match="HTTP 403"), Visitor(Access(server.url), origin=origin).connect():
        pass


def test_another_site_may_not_read_what_the_server_answers(visitor):
    answer = visitor.get("_stcore/health", {"Origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(("name", "status"), [("127.0.0.1", 101), ("localhost", 101), ("elsewhere.example", 403)])
def test_by_a_name_of_another_site_that_leads_here_nothing_opens(visitor, name, status):
    key = {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    knock = {"Connection": "Upgrade", "Upgrade": "websocket", **key}
    assert visitor.get("_stcore/stream", {"Host": name, "Origin": f"http://{name}", **knock}).status_code == status


def test_the_interface_for_programs_is_shut(visitor):
    for path in ("interact", "mcp"):
        assert visitor.get(f"_stcore/agent/{path}").status_code in (403, 404, 405)
    assert visitor.post("_stcore/agent/interact").status_code in (403, 404)


def test_more_than_the_limit_is_turned_away_before_it_is_taken_in(visitor):
    assert visitor.upload("film.png", bytes(MAX_BYTES + 2**20)).status_code == 413


# --- how many at once


def test_no_more_are_read_at_once_than_memory_is_reckoned_for(monkeypatch):
    now, most, lock = [0], [0], threading.Lock()

    def slow(_reader: object, upload: str, name: str, *_: object) -> UploadResult:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.05)
        with lock:
            now[0] -= 1
        return UploadResult(upload, name)

    monkeypatch.setattr(ui.session, "_read", slow)
    monkeypatch.setattr(ui.session.st, "session_state", {})
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: ui.session.read_upload(None, str(number), "film.png", b""), range(12)))
    assert most == [READINGS_AT_ONCE]


# --- closed tabs


def test_the_films_of_the_last_tab_are_gone_soon_after_it_is_closed_though_nobody_comes(tmp_path):
    with served("app.py", tmp_path / "log.txt", "--server.disconnectedSessionTTL", "2") as server:
        with Visitor(Access(server.url)) as visitor:
            visitor.read("film.png", phantom_file())
            assert "UploadedFileManager" in visitor.get("_stcore/metrics").text
            assert "st_session_state" in visitor.get("_stcore/metrics").text
        for _ in range(100):
            kept = requests.get(f"{server.url}/_stcore/metrics", timeout=30).text  # opens no session
            if "UploadedFileManager" not in kept and "st_session_state" not in kept:
                break
            time.sleep(0.2)
        else:
            pytest.fail("what a session held is still there 20 s after it was closed")


_STORES = """
import ctypes, threading
from ui.server import keep_to_itself
{first}
def films():
    kept = [bytearray(50_000) for _ in range(100)]
    together.wait()
together = threading.Barrier(8)
threads = [threading.Thread(target=films) for _ in range(8)]
for one in threads: one.start()
for one in threads: one.join()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.linux
@pytest.mark.parametrize(("first", "most", "least"), [("keep_to_itself()", 2, 1), ("", 99, 3)])
def test_runs_of_the_page_share_what_memory_has_been_freed(first, most, least):
    """Where glibc keeps what threads have freed: in a store for each, or in one beside that of the main thread."""
    command = [sys.executable, "-c", _STORES.format(first=first)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stderr
    assert least <= len(re.findall(r"^Arena \d+:", said, re.MULTILINE)) <= most
