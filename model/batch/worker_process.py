"""One worker process of `python -m model read`, as seen from its parent. See `model.batch.worker` for the child.

A worker loads the release itself, receives paths, and answers with rows as JSON. It leaves some files to the parent:
DICOM files, because one run of the command may decode only DICOM_AT_ONCE of them at once, and batches that raise an
error, because errors are reported in one place.

If the parent ends, the worker ends no later than after its current batch, because its standard input is closed.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from model.batch.file_reader import ReadOptions
from model.child_process import end_child, start_child
from model.errors import WorkerLost
from model.inference.finding_rows import Row
from model.messages import MessageCode


class WorkerProcess:
    """A worker process. Use it from one thread at a time."""

    def __init__(self, options: ReadOptions) -> None:
        """Start the process, which loads the release while the caller continues.

        Raises:
            OSError: The system cannot start another process.
            WorkerLost: The process has already ended.
        """
        self._child = start_child("model.batch.worker")
        self._send({"folder": os.getcwd(), "options": asdict(options) | {"release": str(options.release)}})

    def read(self, paths: Sequence[Path]) -> Iterator[Row | None]:
        """Read a batch of files.

        Yields:
            The row of each file, in order; None for a file that the parent should read itself.

        Raises:
            WorkerLost: The process has ended.
        """
        self._send([str(path) for path in paths])
        for _ in paths:
            line = self._child.stdout.readline()
            if not line.endswith(b"\n"):
                raise WorkerLost(MessageCode.WORKER_LOST)
            yield json.loads(line)

    def kill(self) -> None:
        """End the process, even in the middle of a batch."""
        end_child(self._child)

    def _send(self, message: object) -> None:
        try:
            self._child.stdin.write(json.dumps(message).encode() + b"\n")
            self._child.stdin.flush()
        except OSError as error:  # the process has ended
            raise WorkerLost(MessageCode.WORKER_LOST) from error
