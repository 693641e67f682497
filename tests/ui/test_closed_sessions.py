"""Removing the sessions of closed tabs."""

import gc
import threading
import tomllib
import weakref
from types import SimpleNamespace

import pytest
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.session_manager import SessionInfo

from tests.support.browser import ROOT
from ui.server import CHECKS_PER_TTL, remove_closed_sessions


class Session:
    """Session with a reference cycle, as Streamlit's have."""

    def __init__(self, identifier: str) -> None:
        self.id, self.is_shut_down, self.itself = identifier, False, self

    def shutdown(self) -> None:
        self.is_shut_down = True


class Server:
    """Server with sessions, all of which are closed."""

    def __init__(self, ttl_seconds: float, most_sessions: int = 9) -> None:
        self.storage = MemorySessionStorage(most_sessions, ttl_seconds)
        self._session_mgr = SimpleNamespace(
            _storage_lock=threading.Lock(), _session_storage=self.storage, list_sessions=self.storage.list
        )
        self.checks_for_downloads = 0
        self.media_file_mgr = SimpleNamespace(remove_orphaned_files=self._check_downloads)

    def close(self, identifier: str) -> Session:
        session = Session(identifier)
        self.storage.save(SessionInfo(client=None, session=session, script_run_count=1))
        return session

    def _check_downloads(self) -> None:
        self.checks_for_downloads += 1


@pytest.fixture(autouse=True)
def only_explicit_garbage_collection():
    gc.disable()
    yield
    gc.enable()


def test_an_expired_session_is_shut_down_and_leaves_the_memory():
    server = Server(ttl_seconds=0)
    earlier_ids = frozenset({"a"})
    session = server.close("a")
    removed = weakref.ref(session)
    assert remove_closed_sessions(server, earlier_ids) == frozenset()
    assert session.is_shut_down
    del session
    server.close("b")
    remove_closed_sessions(server, frozenset({"b"}))
    assert removed() is None


def test_a_session_that_may_return_is_kept():
    server = Server(ttl_seconds=99)
    session = server.close("a")
    assert remove_closed_sessions(server, frozenset()) == {"a"}
    assert not session.is_shut_down


def test_a_session_that_streamlit_drops_to_make_room_leaves_the_memory():
    server = Server(ttl_seconds=99, most_sessions=1)
    dropped = weakref.ref(server.close("a"))
    earlier_ids = remove_closed_sessions(server, frozenset())
    server.close("b")
    assert dropped() is not None
    assert remove_closed_sessions(server, earlier_ids) == {"b"}
    assert dropped() is None


def test_downloads_are_checked_even_if_no_session_has_expired():
    server = Server(ttl_seconds=99)
    remove_closed_sessions(server, frozenset())
    assert server.checks_for_downloads == 1


def test_a_download_is_removed_within_the_stated_three_minutes():
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    seconds = settings["server"]["disconnectedSessionTTL"]
    # At worst, the session expires right after a check. The next check ends it and marks its downloads, and the one
    # after that removes them.
    assert seconds + 2 * seconds / CHECKS_PER_TTL < 180
