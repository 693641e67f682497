"""Worker process that reads many DICOM files.

`model.imaging.dicom.worker` reads a single file and takes longer to start than to read it. The worker is started with
`python -m tests.support.dicom_worker MEMORY_BYTES CPU_SECONDS`. Each request and each answer is preceded by its length.
"""

import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from model.child_process import ChildProcess, end_child, start_child
from model.imaging.dicom import sandbox
from model.imaging.dicom.worker import handle, prepare
from model.limits import DICOM_CPU_SECONDS, DICOM_MEMORY

FILES_PER_PROCESS = 200  # so that memory leaked by a decoder stays far below the limit


class ReusedWorker:
    """Process that is replaced after FILES_PER_PROCESS files, or earlier if a file breaks it or takes too long."""

    def __init__(self) -> None:
        self.process: ChildProcess | None = None
        self.files_left = 0

    def ask(self, _: object, request: bytes) -> bytes:
        """Replace `model.imaging.dicom.sandbox._ask`."""
        if self.process is None or not self.files_left:
            self.end()
            limits = (str(DICOM_MEMORY), str(FILES_PER_PROCESS * DICOM_CPU_SECONDS))
            self.process, self.files_left = start_child("tests.support.dicom_worker", *limits), FILES_PER_PROCESS
        self.files_left -= 1
        watchdog = threading.Timer(DICOM_CPU_SECONDS, self.process.kill)
        watchdog.start()
        try:
            self.process.stdin.write(struct.pack("<I", len(request)) + request)
            self.process.stdin.flush()
            (length,) = struct.unpack("<I", self.process.stdout.read(4))
            return self.process.stdout.read(length)
        except (OSError, struct.error):  # the process has ended
            self.files_left = 0
            return b""
        finally:
            watchdog.cancel()

    def end(self) -> None:
        """End the process, if there is one."""
        if self.process:
            end_child(self.process)
        self.process, self.files_left = None, 0


@contextmanager
def many_files_in_one_process() -> Iterator[None]:
    """Make the sandbox send all files to one process."""
    worker = ReusedWorker()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox, "_take_child", lambda: None)
        patch.setattr(sandbox, "_ask", worker.ask)
        try:
            yield
        finally:
            worker.end()


def main() -> None:
    """Answer requests until standard input ends."""
    answers = prepare()
    while length := sys.stdin.buffer.read(4):
        answer = handle(sys.stdin.buffer.read(*struct.unpack("<I", length)))
        answers.write(struct.pack("<I", len(answer)) + answer)
        answers.flush()


if __name__ == "__main__":
    main()
