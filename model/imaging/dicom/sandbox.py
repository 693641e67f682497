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
from model.errors import DecoderUnavailable, DecodingAborted, FileRefused
from model.imaging.radiograph import DicomMetadata, Radiograph
from model.limits import (
    DICOM_AT_ONCE,
    DICOM_CLOCK_SECONDS,
    DICOM_CPU_SECONDS,
    DICOM_MEMORY,
    MAX_PIXELS,
    MIN_DECODABLE_SIDE,
)

_MAX_HEADER_BYTES = 2**20  # bytes
_ROOT = Path(__file__).resolve().parents[3]
DECODING_ABORTED_TEXT = (
    "Decoding this DICOM file took more time or memory than a radiograph needs, or broke the decoder, so it was "
    "stopped. Sound DICOM, PNG and JPEG files are accepted. Please export or copy the radiograph again, or export it "
    "as a PNG or JPEG picture, and choose the new file."
)
DECODER_UNAVAILABLE_TEXT = (
    "This computer could not start the process that reads DICOM files: too many programs run on it, or too little "
    "memory is free. Nothing is wrong with the file. Please close some programs, or wait a little, and choose the file "
    "again; PNG and JPEG pictures are read without such a process."
)
_CANNOT_START = (OSError, MemoryError)  # of a system that starts no further process

_slots = threading.BoundedSemaphore(DICOM_AT_ONCE)
_lock = threading.Lock()
_waiting: list[subprocess.Popen] = []


def read_in_child(content: bytes, window: int) -> Radiograph:
    """Read a DICOM file in a child process; waits where DICOM_AT_ONCE others are being read.

    Raises:
        FileRefused: the child refused it, broke or went beyond a limit (DecodingStopped), or could not be started
            (DecodingNotStarted).
        ValueError: it is damaged.
    """
    with _slots:
        request = struct.pack("<I", window) + content
        answer = _ask(_take_child(), request)
    try:
        header, pixels = _split_answer(answer)
        if "refused" not in header:
            return _parse_radiograph(header, pixels)
        refusal = getattr(errors, header["refused"], None)
    except (ValueError, LookupError, TypeError, AttributeError, struct.error) as error:  # no answer, or not the child's
        raise DecodingAborted(DECODING_ABORTED_TEXT) from error
    if isinstance(refusal, type) and issubclass(refusal, FileRefused):
        raise refusal(header["message"])
    raise ValueError("damaged")


def encode_result(radiograph: Radiograph) -> bytes:
    """The child's answer where a file was read: a header in JSON, and the pixels."""
    sides = {"height": radiograph.height, "width": radiograph.width, "bits": radiograph.bits}
    return b"".join((_with_header(sides | {"metadata": asdict(radiograph.metadata)}), radiograph.pixels))


def encode_refusal(kind: str, message: str = "") -> bytes:
    """The child's answer where a file was not read: the name of a FileRefused and its message; any other: damaged."""
    return _with_header({"refused": kind, "message": message})


def _with_header(header: dict) -> bytes:
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)  # so that the pixels behind it lie where float32 must
    return struct.pack("<I", len(text)) + text


def _split_answer(answer: bytes) -> tuple[dict, memoryview]:
    """Header and what follows it; the answer begins with the header's length in four bytes."""
    (length,) = struct.unpack_from("<I", answer)
    if length > _MAX_HEADER_BYTES or length % 4:
        raise ValueError("header")
    return json.loads(answer[4 : 4 + length]), memoryview(answer)[4 + length :]


def _parse_radiograph(header: dict, values: memoryview) -> Radiograph:
    """The radiograph of an answer; `values`: float32 (height x width), 0-255."""
    height, width = int(header["height"]), int(header["width"])
    if min(height, width) < MIN_DECODABLE_SIDE or height * width > MAX_PIXELS:
        raise ValueError("sides")
    pixels = np.frombuffer(values, np.float32).reshape(height, width)
    if not (pixels.min() >= 0 and pixels.max() <= 255):  # a NaN fails both
        raise ValueError("range")
    metadata = {name: tuple(value) if isinstance(value, list) else value for name, value in header["metadata"].items()}
    metadata["details"] = tuple((name, value) for name, value in metadata["details"])
    return Radiograph(pixels, "DICOM", int(header["bits"]), metadata=DicomMetadata(**metadata))


def _ask(child: subprocess.Popen, request: bytes) -> bytes:
    """Send a child its request and wait for its answer, which is cut short where the child ends early."""
    watchdog = threading.Timer(DICOM_CLOCK_SECONDS, child.kill)
    try:
        watchdog.start()
        with child.stdin:
            child.stdin.write(request)
        return child.stdout.read(4 + _MAX_HEADER_BYTES + 4 * MAX_PIXELS)
    except (BrokenPipeError, ConnectionResetError, OSError):  # it ended while it was written to
        return b""
    except RuntimeError as error:  # no further thread is started
        raise DecoderUnavailable(DECODER_UNAVAILABLE_TEXT) from error
    finally:
        watchdog.cancel()
        _end_child(child)


def _take_child() -> subprocess.Popen:
    """The child that waits, or a new one; another is started to wait for the next file."""
    with _lock:
        child = _waiting.pop() if _waiting else None
        if child and child.poll() is not None:
            _end_child(child)
            child = None
        try:
            child = child or _start_child()
        except _CANNOT_START as error:
            raise DecoderUnavailable(DECODER_UNAVAILABLE_TEXT) from error
        with suppress(*_CANNOT_START):  # then the next file starts its own
            _waiting.append(_start_child())
    return child


def _start_child() -> subprocess.Popen:
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


def _end_child(child: subprocess.Popen) -> None:
    child.kill()
    child.stdin.close()
    child.stdout.close()
    child.wait()


@atexit.register
def _end_waiting_children() -> None:
    while _waiting:
        _end_child(_waiting.pop())
