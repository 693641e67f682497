"""Child processes for tests, and information about processes from /proc (Linux)."""

import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from model.child_process import ChildProcess

HANG = "import threading; threading.Event().wait(600)"  # code of a child that does nothing until it is killed


def python_child(code: str) -> ChildProcess:
    """Start a child process that runs Python code instead of a module of the project."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    return ChildProcess([sys.executable, "-c", code], process_group=None if sys.platform == "win32" else 0, **pipes)


def is_running(pid: int) -> bool:
    """Return whether a process exists and has not ended."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # not on Linux
        return True
    return state != "Z"  # a zombie has ended, but its parent has not asked for its exit status


def child_pids(pid: int) -> list[int]:
    """Return the ids of the running processes that a process has started.

    The children are found by their parent ids, because /proc lists children by thread and omits those that were started
    by a thread that has ended.
    """
    running = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    return [candidate for candidate in running if _read_status(candidate, r"PPid:\s+(\d+)") == pid]


def resident_megabytes(pid: int) -> float:
    """Return the current memory of a process and its children, in megabytes; 0 if the process has ended."""
    return sum(_read_status(each, r"VmRSS:\s+(\d+) kB") for each in (pid, *child_pids(pid))) / 1024


def peak_resident_bytes(pid: int) -> int:
    """Return the peak memory of a process since the last call, in bytes."""
    peak = _read_status(pid, r"VmHWM:\s+(\d+) kB") * 1024
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return peak


def _read_status(pid: int, pattern: str) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):  # the process may end meanwhile
        if match := re.search(pattern, Path(f"/proc/{pid}/status").read_text()):  # an ending process has no memory
            return int(match[1])
    return 0
