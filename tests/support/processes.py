"""Child processes for tests, and information on processes from /proc (Linux)."""

import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from model.child_process import ChildProcess


def python_child(code: str) -> ChildProcess:
    """Start a child process that runs Python code instead of a module of the project."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    return ChildProcess([sys.executable, "-c", code], process_group=None if sys.platform == "win32" else 0, **pipes)


def is_running(pid: int) -> bool:
    """Return whether a process exists that has not ended."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # not on Linux
        return True
    return state != "Z"  # ended, but its parent has not asked for its exit status


def child_pids(pid: int) -> list[int]:
    """Return the ids of the running processes that a process has started.

    They are found by the parent id of each process. The lists of children in /proc are per thread and miss a process if
    the thread that started it has ended.
    """
    running = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    return [candidate for candidate in running if _read_status(candidate, r"PPid:\s+(\d+)") == pid]


def resident_megabytes(pid: int) -> float:
    """Return the current memory of a process and its children; 0 if it has ended."""
    return sum(_read_status(each, r"VmRSS:\s+(\d+) kB") for each in (pid, *child_pids(pid))) / 1024


def peak_resident_bytes(pid: int) -> int:
    """Return the peak memory of a process since the last call."""
    peak = _read_status(pid, r"VmHWM:\s+(\d+) kB") * 1024
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return peak


def _read_status(pid: int, pattern: str) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):  # the process may end meanwhile
        if match := re.search(pattern, Path(f"/proc/{pid}/status").read_text()):  # an ending process has no memory
            return int(match[1])
    return 0
