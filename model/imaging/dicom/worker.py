"""Child process of `model.imaging.dicom.sandbox`: reads one DICOM file from standard input, answers and ends.

`python -m model.imaging.dicom.worker MEMORY_BYTES CPU_SECONDS`
"""

import sys
import warnings
from typing import BinaryIO

from model.child_process import open_answer_pipe
from model.errors import DecodingAborted, FileRefused
from model.imaging.dicom.protocol import (
    DECODING_ABORTED_TEXT,
    encode_damaged,
    encode_refusal,
    encode_result,
    split_request,
)
from model.imaging.dicom.read import read_dicom


def set_resource_limits(memory: int, cpu_seconds: int) -> None:
    """Limit this process where the system can: memory (bytes), processor time, no file written, no core dump."""
    try:
        import resource  # not on Windows
    except ImportError:
        return
    limits = {"RLIMIT_AS": memory, "RLIMIT_CPU": cpu_seconds, "RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0}
    for name, limit in limits.items():
        hard_limit = resource.getrlimit(getattr(resource, name))[1]
        try:
            resource.setrlimit(getattr(resource, name), (limit, hard_limit if name == "RLIMIT_AS" else limit))
        except (ValueError, OSError):  # macOS refuses some
            continue


def handle(request: bytes) -> bytes:
    """Return the answer to a request."""
    content, window = split_request(request)
    try:
        return encode_result(read_dicom(content, window))
    except FileRefused as refusal:
        return encode_refusal(refusal)
    except MemoryError:
        return encode_refusal(DecodingAborted(DECODING_ABORTED_TEXT))
    except Exception:  # pydicom raises exceptions of many types on a damaged file
        return encode_damaged()


def prepare() -> BinaryIO:
    """Limit this process as its command line says; return the pipe for answers."""
    memory, cpu_seconds = map(int, sys.argv[1:])
    warnings.simplefilter("ignore")
    answers = open_answer_pipe()  # decoders print to standard output
    set_resource_limits(memory, cpu_seconds)
    return answers


def main() -> None:
    """Answer one request."""
    answers = prepare()
    request = sys.stdin.buffer.read()
    if len(request) > 4:  # else the parent has ended without sending a file
        with answers:
            answers.write(handle(request))


if __name__ == "__main__":
    main()
