"""Read DICOM files in child processes, so that a file that breaks its decoder is refused with a message.

pydicom parses DICOM, and gdcm, written in C++, decodes compressed pixels; both face untrusted input. So each file is
read by a process of its own (`model.imaging.dicom.worker`), which has limited memory and time and cannot write files.
Its answer is not trusted either (`model.imaging.dicom.protocol`).

A child takes a third of a second to import what it needs. So after the first DICOM file, one idle child (about 70 MB)
always waits for the next file; it ends with this process. All this is the same on Linux, macOS and Windows, except that
only the clock limits a child if the system cannot limit memory and processor time (Windows; memory on macOS).
"""

import atexit
import threading
from contextlib import suppress

from model.child_process import ChildProcess, end_child, start_child
from model.errors import DecoderUnavailable
from model.imaging.dicom.protocol import MAX_ANSWER_BYTES, encode_request, parse_answer
from model.imaging.radiograph import Radiograph
from model.limits import DICOM_AT_ONCE, DICOM_CLOCK_SECONDS, DICOM_CPU_SECONDS, DICOM_MEMORY

DECODER_UNAVAILABLE_TEXT = (
    "This computer could not start the process that reads DICOM files: too many programs run on it, or too little "
    "memory is free. Nothing is wrong with the file. Please close some programs, or wait a little, and choose the file "
    "again; PNG and JPEG pictures are read without such a process."
)
_CANNOT_START = (OSError, MemoryError)  # raised if the system can start no other process

_slots = threading.BoundedSemaphore(DICOM_AT_ONCE)
_lock = threading.Lock()
_idle_children: list[ChildProcess] = []  # at most one


def read_in_child(content: bytes, window: int) -> Radiograph:
    """Read a DICOM file in a child process; wait while DICOM_AT_ONCE other files are being read.

    Args:
        content: the whole file.
        window: index in `DicomMetadata.windows` of the one to apply.

    Raises:
        FileRefused: the child refused the file, crashed or exceeded a limit (DecodingAborted), or could not be started
            (DecoderUnavailable).
        ValueError: the file is damaged.
    """
    with _slots:
        answer = _ask(_take_child(), encode_request(content, window))
    return parse_answer(answer)


def _ask(child: ChildProcess, request: bytes) -> bytes:
    """Send a request to a child, return its answer and end it; the answer is incomplete if the child ended early."""
    watchdog = threading.Timer(DICOM_CLOCK_SECONDS, child.kill)
    try:
        watchdog.start()
        with child.stdin:
            child.stdin.write(request)
        return child.stdout.read(MAX_ANSWER_BYTES)
    except OSError:  # the child ended before it had read the request
        return b""
    except RuntimeError as error:  # the system can start no other thread
        raise DecoderUnavailable(DECODER_UNAVAILABLE_TEXT) from error
    finally:
        watchdog.cancel()
        end_child(child)


def _take_child() -> ChildProcess:
    """Return the idle child, or a new one, and start another that waits for the next file."""
    with _lock:
        child = _idle_children.pop() if _idle_children else None
        if child and child.poll() is not None:
            end_child(child)
            child = None
        try:
            child = child or _start_worker()
        except _CANNOT_START as error:
            raise DecoderUnavailable(DECODER_UNAVAILABLE_TEXT) from error
        with suppress(*_CANNOT_START):  # the next file will start its own
            _idle_children.append(_start_worker())
    return child


def _start_worker() -> ChildProcess:
    # One thread: each thread of OpenBLAS reserves memory, and the worker multiplies no matrices.
    environment = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    limits = (str(DICOM_MEMORY), str(DICOM_CPU_SECONDS))
    return start_child("model.imaging.dicom.worker", *limits, environment=environment)


@atexit.register
def _end_idle_children() -> None:
    while _idle_children:
        end_child(_idle_children.pop())
