"""Reads a DICOM file in a child process, so that a file that breaks its decoder ends with a sentence.

DICOM is parsed by pydicom and its compressed pixels are decoded by gdcm, which is C++ and meets whatever a file holds.
So each file gets a process of its own (`model.imaging.dicom.worker`) that may use so much memory and time and write no file, and
ends with it. What comes back is taken for untrusted too: JSON and plain numbers, checked, never pickled objects.

A child takes a third of a second to import what it needs. So one is kept waiting for the next file from the first DICOM
file on, about 70 MB; it ends with this process. The same on Linux, macOS and Windows, but where the system cannot limit
memory and processor time (Windows; memory on macOS) only the clock limits.
"""

import atexit
import json
import os
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np

from model import errors
from model.errors import DecodingNotStarted, DecodingStopped, FileRefused
from model.imaging.radiograph import ClinicalFile, Radiograph
from model.limits import (
    DICOM_AT_ONCE,
    DICOM_CLOCK_SECONDS,
    DICOM_CPU_SECONDS,
    DICOM_MEMORY,
    MAX_PIXELS,
    MIN_SIDE,
)

_MOST_HEADER = 2**20  # bytes
_ROOT = Path(__file__).resolve().parents[3]
STOPPED = (
    "Decoding this DICOM file took more time or memory than a radiograph needs, or broke the decoder, so it was "
    "stopped. Sound DICOM, PNG and JPEG files are accepted. Please export or copy the radiograph again, or export it "
    "as a PNG or JPEG picture, and choose the new file."
)
NOT_STARTED = (
    "This computer could not start the process that reads DICOM files: too many programs run on it, or too little "
    "memory is free. Nothing is wrong with the file. Please close some programs, or wait a little, and choose the file "
    "again; PNG and JPEG pictures are read without such a process."
)
_NO_MORE = (OSError, MemoryError)  # of a system that starts no further process

_slots = threading.BoundedSemaphore(DICOM_AT_ONCE)
_lock = threading.Lock()
_waiting: list[subprocess.Popen] = []


def read_apart(content: bytes, window: int) -> Radiograph:
    """Read a DICOM file in a child process; waits where DICOM_AT_ONCE others are being read.

    Raises:
        FileRefused: the child refused it, broke or went beyond a limit (DecodingStopped), or could not be started
            (DecodingNotStarted).
        ValueError: it is damaged.
    """
    with _slots:
        request = struct.pack("<I", window) + content
        answer = _asked(_taken(), request)
    try:
        header, pixels = _taken_apart(answer)
        if "refused" not in header:
            return _received(header, pixels)
        refusal = getattr(errors, header["refused"], None)
    except (ValueError, LookupError, TypeError, AttributeError, struct.error) as error:  # no answer, or not the child's
        raise DecodingStopped(STOPPED) from error
    if isinstance(refusal, type) and issubclass(refusal, FileRefused):
        raise refusal(header["message"])
    raise ValueError("damaged")


def told(radiograph: Radiograph) -> bytes:
    """The child's answer where a file was read: a header in JSON, and the pixels."""
    sides = {"height": radiograph.height, "width": radiograph.width, "bits": radiograph.bits}
    return b"".join((_headed(sides | {"clinical": asdict(radiograph.clinical)}), radiograph.pixels))


def told_not(kind: str, message: str = "") -> bytes:
    """The child's answer where a file was not read: the name of a FileRefused and its message; any other: damaged."""
    return _headed({"refused": kind, "message": message})


def _headed(header: dict) -> bytes:
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)  # so that the pixels behind it lie where float32 must
    return struct.pack("<I", len(text)) + text


def _taken_apart(answer: bytes) -> tuple[dict, memoryview]:
    """Header and what follows it; the answer begins with the header's length in four bytes."""
    (length,) = struct.unpack_from("<I", answer)
    if length > _MOST_HEADER or length % 4:
        raise ValueError("header")
    return json.loads(answer[4 : 4 + length]), memoryview(answer)[4 + length :]


def _received(header: dict, values: memoryview) -> Radiograph:
    """The radiograph of an answer; `values`: float32 (height x width), 0-255."""
    height, width = int(header["height"]), int(header["width"])
    if min(height, width) < MIN_SIDE or height * width > MAX_PIXELS:
        raise ValueError("sides")
    pixels = np.frombuffer(values, np.float32).reshape(height, width)
    if not (pixels.min() >= 0 and pixels.max() <= 255):  # a NaN fails both
        raise ValueError("range")
    clinical = {name: tuple(value) if isinstance(value, list) else value for name, value in header["clinical"].items()}
    clinical["details"] = tuple((name, value) for name, value in clinical["details"])
    return Radiograph(pixels, "DICOM", int(header["bits"]), clinical=ClinicalFile(**clinical))


def _asked(child: subprocess.Popen, request: bytes) -> bytes:
    """Send a child its request and wait for its answer, which is cut short where the child ends early."""
    watchdog = threading.Timer(DICOM_CLOCK_SECONDS, child.kill)
    try:
        watchdog.start()
        with child.stdin:
            child.stdin.write(request)
        return child.stdout.read(4 + _MOST_HEADER + 4 * MAX_PIXELS)
    except (BrokenPipeError, ConnectionResetError, OSError):  # it ended while it was written to
        return b""
    except RuntimeError as error:  # no further thread is started
        raise DecodingNotStarted(NOT_STARTED) from error
    finally:
        watchdog.cancel()
        _end(child)


def _taken() -> subprocess.Popen:
    """The child that waits, or a new one; another is started to wait for the next file."""
    with _lock:
        child = _waiting.pop() if _waiting else None
        if child and child.poll() is not None:
            _end(child)
            child = None
        try:
            child = child or _started()
        except _NO_MORE as error:
            raise DecodingNotStarted(NOT_STARTED) from error
        with suppress(*_NO_MORE):  # then the next file starts its own
            _waiting.append(_started())
    return child


def _started() -> subprocess.Popen:
    # One thread: each of OpenBLAS's reserves memory of its own, and nothing here multiplies matrices.
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(  # noqa: S603 (our own program)
        [sys.executable, "-m", "model.imaging.dicom.worker", str(DICOM_MEMORY), str(DICOM_CPU_SECONDS)],
        cwd=_ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # decoders quote what they stumble over, names included
    )


def _end(child: subprocess.Popen) -> None:
    child.kill()
    child.stdin.close()
    child.stdout.close()
    child.wait()


@atexit.register
def _end_waiting() -> None:
    while _waiting:
        _end(_waiting.pop())
