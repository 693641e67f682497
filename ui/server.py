"""What Streamlit's server does unasked, with no option against it; `ui.frame` puts it right.

Upload spool: the parser of uploads (Starlette's) puts whatever is larger than 1 MB into a temporary file, so a
patient's picture would lie on the disk. Here it stays in memory; `server.maxUploadSize` says how much that can be.

Own address: to tell whether a web page of another origin may connect, Streamlit asks a host on the internet what this
computer's address is. Nobody reaches this server by that address, and a page that is open somewhere in the browser
must not be able to make it call out.

Closed tabs: `server.disconnectedSessionTTL` tells when a session may go, but Streamlit looks only when the next tab is
closed. The last films of a day would stay in memory until somebody comes. Here somebody looks.

Scattered memory: each run of a page is a thread, and glibc gives threads stores of their own, from which freed films
come back in part alone. Twelve users at once left between 281 and 339 MB, and 600 at the end of it, where one store
leaves 240, and 450 at the end, in the same time.
"""

import ctypes
import functools
import gc
import sys
import threading
import time

from starlette.formparsers import MultiPartParser
from streamlit import config, net_util, runtime

from model.limits import MAX_BYTES

_ARENA_MAX = -8  # M_ARENA_MAX of glibc's malloc.h


def harden_server() -> None:
    """Keep uploads in memory and no longer than need be, and the server off the network; may be called at every run."""
    MultiPartParser.spool_max_size = MAX_BYTES + 2**20  # Streamlit ends an upload a megabyte above the limit
    net_util.get_external_ip = lambda: None
    _glibc("mallopt", _ARENA_MAX, 1)
    if runtime.exists() and hasattr(runtime.get_instance(), "_session_mgr"):  # not where a test runs a page alone
        _watch_closed_sessions()


@functools.cache  # once for the whole server
def _watch_closed_sessions() -> None:
    pause = config.get_option("server.disconnectedSessionTTL") / 4
    threading.Thread(target=_forget_closed_sessions, args=(pause,), daemon=True).start()


def _forget_closed_sessions(pause: float) -> None:
    """Every `pause` seconds, shut down the sessions whose time is over; ends with the server."""
    sessions = runtime.get_instance()._session_mgr
    while True:
        time.sleep(pause)
        with sessions._storage_lock:
            closed = [info.session for _, info in sessions._session_storage._cache.expire()]
        if closed:
            for session in closed:
                session.shutdown()
            del closed, session
            gc.collect()  # a session holds on to itself, and an idle server would never collect it
            _release_memory()


def _release_memory() -> None:
    """Give freed memory back to the system, which glibc else keeps for the next films."""
    _glibc("malloc_trim", 0)


def _glibc(function: str, *arguments: int) -> None:
    """Call one of glibc's own functions, where this system has it."""
    if sys.platform == "linux" and (found := getattr(ctypes.CDLL(None), function, None)):
        found(*arguments)
