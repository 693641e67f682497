"""A further process that reads files for this one.

Threads keep all processors busy only while networks and decoders are at work. A quarter of the work on a small picture
is Python, which runs in one thread of a process at a time; so a long list of files is read by a process per processor.

A helper (`model.batch.worker`) opens the release itself, gets paths, and answers each with its row, as JSON. What it
does not read, it leaves to this process: DICOM, of which no more than DICOM_AT_ONCE are read at once by one command,
and every file with which something goes wrong, so that errors are raised here and nowhere else.

It ends with this process, whatever ends that: its standard input is then at its end.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from model.batch.file_reader import ReadOptions
from model.errors import WorkerLost
from model.inference.finding_rows import Row
from model.inference.parallel import usable_cpus

MIN_FILES_PER_WORKER = 128  # for each process: for fewer, its start takes longer than it saves
_ROOT = Path(__file__).resolve().parents[2]
_WORKER_LOST_TEXT = (
    "One of the processes that read the files was ended from outside, most likely because memory ran out. The rows so "
    "far are complete. Close other programs, or name fewer files at a time, and start the same command again."
)


class WorkerProcess:
    """One process; for one thread at a time."""

    def __init__(self, asked: ReadOptions):
        """Start it; it opens the release by itself while this process goes on."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "model.batch.worker"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            process_group=0,  # so that Ctrl-C reaches this process alone, which ends the others
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # the same on Windows
        )
        self._send({"folder": os.getcwd(), "asked": asdict(asked) | {"release": str(asked.release)}})

    def read(self, paths: Sequence[Path]) -> Iterator[Row | None]:
        """The row of each file; None for one that it leaves to this process.

        Raises:
            HelperLost: the process has ended.
        """
        self._send([str(path) for path in paths])
        for _ in paths:
            line = self._process.stdout.readline()
            if not line.endswith(b"\n"):
                raise WorkerLost(_WORKER_LOST_TEXT)
            yield json.loads(line)

    def kill(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        with suppress(OSError):  # of what it has not taken
            self._process.stdin.close()

    def _send(self, message: object) -> None:
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:  # nobody is there to read it
            raise WorkerLost(_WORKER_LOST_TEXT) from error


@contextmanager
def worker_pool(asked: ReadOptions, files: int) -> Iterator[list[WorkerProcess]]:
    """As many helpers as are worth starting for a number of files, for a block; none where one process does as well.

    Heat maps are checked, which is hundreds of runs of the network and little Python: threads do as well.
    """
    wanted = 0 if asked.heatmaps else min(usable_cpus(), files // MIN_FILES_PER_WORKER) - 1
    started: list[WorkerProcess] = []
    try:
        with suppress(OSError):  # no room for more: threads of this process do in place of those that are missing
            started.extend(WorkerProcess(asked) for _ in range(wanted))  # which keeps those before one that fails
        yield started
    finally:
        for helper in started:
            helper.kill()
