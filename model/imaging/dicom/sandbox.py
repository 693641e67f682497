"""Read DICOM files in child processes, so that a file that breaks its decoder is refused with a message.

pydicom parses DICOM and gdcm, written in C++, decodes compressed pixels. Both receive untrusted input, so each file is
read in its own process (`model.imaging.dicom.worker`) with limited memory and time. It can neither change files, nor
use the network, nor start processes. Its answer is not trusted either (`model.imaging.dicom.protocol`).

A child takes a third of a second to import its modules. So after the first DICOM file, one idle child (about 70 MB)
waits for the next file; it ends with this process. SECURITY.md lists which limit applies to which system.
"""

import atexit
import threading
from contextlib import suppress

from model.child_process import ChildProcess, end_child, exchange, start_child
from model.errors import DecoderUnavailable
from model.imaging.dicom.protocol import MAX_ANSWER_BYTES, encode_request, parse_answer
from model.imaging.radiograph import Radiograph
from model.limits import DICOM_AT_ONCE, DICOM_CLOCK_SECONDS, DICOM_CPU_SECONDS, DICOM_MEMORY
from model.messages import MessageCode

_CANNOT_START = (OSError, MemoryError)  # raised if the system cannot start another process

_slots = threading.BoundedSemaphore(DICOM_AT_ONCE)
_lock = threading.Lock()
_idle_children: list[ChildProcess] = []  # at most one


def read_in_child(content: bytes, window: int) -> Radiograph:
    """Read a DICOM file in a child process; wait while DICOM_AT_ONCE other files are being read.

    Args:
        content: The whole file.
        window: Index in `DicomMetadata.windows` of the window to apply.

    Raises:
        DecodingAborted: The child crashed or exceeded a limit.
        DecoderUnavailable: The child could not be started.
        FileRefused: The child refused the file.
        ValueError: The file is damaged.
    """
    with _slots:
        answer = _ask(_take_child(), encode_request(content, window))
    return parse_answer(answer)


def _ask(child: ChildProcess, request: bytes) -> bytearray:
    """Send a request to a child, end the child and return its answer, which is incomplete if the child ended early."""
    try:
        return exchange(child, request, DICOM_CLOCK_SECONDS, MAX_ANSWER_BYTES)
    except (OSError, RuntimeError) as error:  # the system cannot watch the child
        raise DecoderUnavailable(MessageCode.DECODER_UNAVAILABLE) from error
    finally:
        end_child(child)


def _take_child() -> ChildProcess:
    """Return the idle child or a new one, and start another child that waits for the next file."""
    with _lock:
        child = _idle_children.pop() if _idle_children else None
        if child and child.poll() is not None:
            end_child(child)
            child = None
        try:
            child = child or _start_worker()
        except _CANNOT_START as error:
            raise DecoderUnavailable(MessageCode.DECODER_UNAVAILABLE) from error
        with suppress(*_CANNOT_START):  # then the next file starts its own
            _idle_children.append(_start_worker())
    return child


def _start_worker() -> ChildProcess:
    # One thread, because each OpenBLAS thread reserves memory and the worker does not multiply matrices.
    environment = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    limits = (str(DICOM_MEMORY), str(DICOM_CPU_SECONDS))
    return start_child("model.imaging.dicom.worker", *limits, environment=environment)


@atexit.register
def _end_idle_children() -> None:
    while _idle_children:
        end_child(_idle_children.pop())
