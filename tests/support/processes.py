"""What processes the kernel knows of, and what memory they have, from /proc (Linux)."""

import re
from contextlib import suppress
from pathlib import Path


def started_by(process: int) -> list[int]:
    """Processes that a process has started and that are there still.

    By what each says of its parent: /proc's lists of children, one for each thread, miss a process that changes hands
    because the thread that started it ends.
    """
    everyone = [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]
    return [one for one in everyone if _said(one, r"PPid:\s+(\d+)") == process]


def resident(process: int) -> float:
    """Megabytes of memory that a process and those that it has started have now; of one that has ended, 0."""
    return sum(_said(one, r"VmRSS:\s+(\d+) kB") for one in (process, *started_by(process))) / 1024


def most_resident(process: int) -> int:
    """Bytes that a process has had at most, since this was last asked."""
    most = _said(process, r"VmHWM:\s+(\d+) kB") * 1024
    Path(f"/proc/{process}/clear_refs").write_text("5")
    return most


def _said(process: int, pattern: str) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):  # it may end meanwhile
        if found := re.search(pattern, Path(f"/proc/{process}/status").read_text()):  # one that ends has no memory
            return int(found[1])
    return 0
