"""What model.imaging.dicom.worker does for one file, done for one file after another: to start takes longer than to read one.

`python -m tests.support.dicom_worker MEMORY_BYTES CPU_SECONDS`; each request and each answer comes behind its length.
"""

import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from model.imaging.dicom import sandbox
from model.imaging.dicom.worker import handle, open_answer_pipe
from model.limits import DICOM_CPU_SECONDS, DICOM_MEMORY
from tests.support.browser import ROOT

FILES = 200  # of one process: what a decoder leaks of each stays far below the limit of memory


class Reader:
    """A process that reads FILES files, or fewer where one breaks it or takes too long; then another."""

    def __init__(self) -> None:
        self.process: subprocess.Popen | None = None
        self.left = 0

    def asked(self, _: object, request: bytes) -> bytes:
        """In place of `model.imaging.dicom.sandbox._ask`."""
        if not self.left:
            self.ended()
            command = [
                sys.executable,
                "-m",
                "tests.support.dicom_worker",
                str(DICOM_MEMORY),
                str(FILES * DICOM_CPU_SECONDS),
            ]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
            self.process, self.left = subprocess.Popen(command, cwd=ROOT, **pipes), FILES
        self.left -= 1
        watchdog = threading.Timer(DICOM_CPU_SECONDS, self.process.kill)
        watchdog.start()
        try:
            self.process.stdin.write(struct.pack("<I", len(request)) + request)
            self.process.stdin.flush()
            (length,) = struct.unpack("<I", self.process.stdout.read(4))
            return self.process.stdout.read(length)
        except (OSError, struct.error):  # it has ended
            self.left = 0
            return b""
        finally:
            watchdog.cancel()

    def ended(self) -> None:
        """The process that reads is gone."""
        if self.process:
            with self.process.stdout:
                self.process.kill()
                self.process.communicate()
        self.process, self.left = None, 0


@contextmanager
def many_files_in_one_process() -> Iterator[None]:
    """Let the sandbox ask one process for file after file; all else of it is as it is."""
    reader = Reader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox, "_take_child", lambda: None)
        patch.setattr(sandbox, "_ask", reader.asked)
        try:
            yield
        finally:
            reader.ended()


def main() -> None:
    """Read and answer until there is nothing more to read."""
    out = open_answer_pipe()
    while length := sys.stdin.buffer.read(4):
        request = sys.stdin.buffer.read(*struct.unpack("<I", length))
        told = handle(int.from_bytes(request[:4], "little"), request[4:])
        out.write(struct.pack("<I", len(told)) + told)
        out.flush()


if __name__ == "__main__":
    main()
