"""Work around four behaviours of Streamlit 1.67 that have no configuration option.

1. Upload spool. Starlette's upload parser writes everything above 1 MB to a temporary file, so a patient's image would
   be stored on disk. Here it stays in memory; `server.maxUploadSize` limits its size.
2. External address. To decide whether a web page of another origin may connect, Streamlit asks a host on the internet
   for the external address of this computer. The app does not need that address, and a page in the browser must not be
   able to make the server call out.
3. Closed tabs. `server.disconnectedSessionTTL` sets when a session may be removed, but Streamlit checks only when
   another tab is closed, so the last images of a day would stay in memory. Here a thread checks regularly.
4. Fragmented memory. Each run of a page is a thread, and glibc gives each thread its own arena, which returns freed
   memory only in part. With twelve concurrent users the server took 281 to 339 MB, and 600 MB at the end. With one
   arena it takes 240 MB, and 450 MB at the end, in the same time. Within the arena, freed images leave holes: glibc
   maps large blocks one by one, so that freeing returns them, but raises the threshold for this to the size of each
   block that was freed, up to 32 MB. With a fixed threshold, 240 readings take 247 to 253 MB instead of 259 to 333.
"""

import ctypes
import functools
import gc
import sys
import threading
import time
from typing import Any

from starlette.formparsers import MultiPartParser
from streamlit import config, net_util, runtime

from model.limits import MAX_BYTES

_MMAP_THRESHOLD, _ARENA_MAX = -3, -8  # M_MMAP_THRESHOLD and M_ARENA_MAX in glibc's malloc.h
_MMAP_BYTES = 2**20  # blocks of this size are mapped one by one; a radiograph has many, small objects do not reach it


def harden_server() -> None:
    """Keep uploads in memory, no longer than needed, and the server off the network; may be called on every run."""
    MultiPartParser.spool_max_size = MAX_BYTES + 2**20  # Streamlit aborts an upload one megabyte above the limit
    net_util.get_external_ip = lambda: None
    _call_glibc("mallopt", _ARENA_MAX, 1)
    _call_glibc("mallopt", _MMAP_THRESHOLD, _MMAP_BYTES)
    if runtime.exists() and hasattr(runtime.get_instance(), "_session_mgr"):  # a test without server has none
        _watch_closed_sessions()


@functools.cache  # once per server
def _watch_closed_sessions() -> None:
    interval_seconds = config.get_option("server.disconnectedSessionTTL") / 4
    threading.Thread(target=_shut_down_closed_sessions, args=(interval_seconds,), daemon=True).start()


def _shut_down_closed_sessions(interval_seconds: float) -> None:
    """Shut down expired sessions at an interval; runs as long as the server."""
    sessions: Any = runtime.get_instance()._session_mgr
    while True:
        time.sleep(interval_seconds)
        with sessions._storage_lock:
            expired = [info.session for _, info in sessions._session_storage._cache.expire()]
        if expired:
            for session in expired:
                session.shutdown()
            del expired, session
            gc.collect()  # sessions hold reference cycles, and an idle server would never collect them
            _release_memory()


def _release_memory() -> None:
    """Return freed memory to the system; glibc would keep it for the next images."""
    _call_glibc("malloc_trim", 0)


def _call_glibc(name: str, *arguments: int) -> None:
    """Call a function of glibc if this system has it."""
    if sys.platform == "linux" and (function := getattr(ctypes.CDLL(None), name, None)):
        function(*arguments)
