"""Work around four behaviours of Streamlit 1.67 that have no configuration option.

1. Upload spool. Starlette's upload parser writes everything above 1 MB to a temporary file, so a patient's image would
   be stored on disk. Here it stays in memory; `server.maxUploadSize` limits its size.
2. External address. To decide whether a web page from another origin may connect, Streamlit asks a host on the internet
   for the external address of this computer. The app does not need that address, and a page in the browser must not be
   able to make the server contact other hosts.
3. Closed tabs. `server.disconnectedSessionTTL` sets when a session may be removed, but Streamlit checks only when
   another tab is closed, so the last images of a day would stay in memory. It removes downloads, which contain an
   image, only at the second check after the session has ended. Here a thread checks regularly.
4. Fragmented memory. Each run of a page is a thread, and glibc gives each thread its own arena, which returns freed
   memory only in part. With twelve concurrent users, the server used 600 MB at the end of the load and 281 to 339 MB
   after it. With a single arena, it uses 450 MB and 240 MB, and is just as fast. Within an arena, freed images leave
   holes. glibc maps large blocks one by one, so freeing them returns them, but it raises the threshold for this to the
   size of each such block that is freed, up to 32 MB. With a fixed threshold, the server uses 247 to 253 MB after 240
   readings instead of 259 to 333 MB.

serve.py hardens the server before it accepts a request. `streamlit run app.py` cannot: there, the first page does it.
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
from ui.errors import log_unexpected

# A session is removed within 1.2 times the configured time, its downloads within 1.4 times: 168 s, as configured.
CHECKS_PER_TTL = 5
_MMAP_THRESHOLD, _ARENA_MAX = -3, -8  # M_MMAP_THRESHOLD and M_ARENA_MAX in glibc's malloc.h
_MMAP_BYTES = 2**20  # blocks from this size on are mapped one by one: large images, but no small objects


def harden_server() -> None:
    """Keep uploads in memory and only as long as needed, and keep the server off the network.

    This function may be called repeatedly.
    """
    MultiPartParser.spool_max_size = MAX_BYTES + 2**20  # Streamlit aborts an upload one megabyte above the limit
    net_util.get_external_ip = lambda: None
    _call_glibc("mallopt", _ARENA_MAX, 1)
    _call_glibc("mallopt", _MMAP_THRESHOLD, _MMAP_BYTES)
    if runtime.exists() and hasattr(runtime.get_instance(), "_session_mgr"):  # a test without server has none
        _watch_closed_sessions()


@functools.cache  # once per server
def _watch_closed_sessions() -> None:
    interval_seconds = config.get_option("server.disconnectedSessionTTL") / CHECKS_PER_TTL
    threading.Thread(target=_remove_closed_sessions, args=(interval_seconds,), daemon=True).start()


def _remove_closed_sessions(interval_seconds: float) -> None:
    """Remove closed sessions at regular intervals for as long as the server runs."""
    session_ids: frozenset[str] = frozenset()
    while True:
        time.sleep(interval_seconds)
        try:
            session_ids = remove_closed_sessions(runtime.get_instance(), session_ids)
        except Exception as error:  # must not end the thread: the next check may succeed
            log_unexpected(error)


def remove_closed_sessions(server: Any, earlier_ids: frozenset[str]) -> frozenset[str]:
    """Remove the sessions whose time is over, with their uploads and downloads.

    A download that no session refers to is removed by the second call that finds it. Until then, the browser of an open
    tab may still fetch it.

    Args:
        server: Streamlit's runtime.
        earlier_ids: Sessions that the previous call returned.

    Returns:
        Identifiers of the remaining sessions.
    """
    sessions = server._session_mgr
    with sessions._storage_lock:
        expired = [info.session for _, info in sessions._session_storage._cache.expire()]
        remaining_ids = frozenset(info.session.id for info in sessions.list_sessions())
    while expired:  # holds no reference to a session afterwards
        expired.pop().shutdown()
    server.media_file_mgr.remove_orphaned_files()
    if earlier_ids - remaining_ids:  # also if Streamlit itself dropped a session; it ends when it is collected
        gc.collect()  # sessions hold reference cycles, and an idle server would never collect them
        _release_memory()
    return remaining_ids


def _release_memory() -> None:
    """Return freed memory to the system; glibc would keep it for the next images."""
    _call_glibc("malloc_trim", 0)


def _call_glibc(name: str, *arguments: int) -> None:
    """Call a function of glibc if this system has it."""
    if sys.platform == "linux" and (function := getattr(ctypes.CDLL(None), name, None)):
        function(*arguments)
