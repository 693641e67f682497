"""The child process of model.imaging.dicom.sandbox: reads one DICOM file from standard input, answers on standard output, ends.

`python -m model.imaging.dicom.worker MEMORY_BYTES CPU_SECONDS`
"""

import os
import sys
import warnings
from typing import BinaryIO

from model.errors import DecodingAborted, FileRefused
from model.imaging.dicom.read import read_dicom
from model.imaging.dicom.sandbox import DECODING_ABORTED_TEXT, encode_refusal, encode_result


def set_resource_limits(memory: int, cpu_seconds: int) -> None:
    """Limit this process, where the system can: memory, processor time, no file written and no core dumped."""
    try:
        import resource  # not on Windows
    except ImportError:
        return
    limits = {"RLIMIT_AS": memory, "RLIMIT_CPU": cpu_seconds, "RLIMIT_FSIZE": 0, "RLIMIT_CORE": 0}
    for name, most in limits.items():
        hardest = resource.getrlimit(getattr(resource, name))[1]
        try:
            resource.setrlimit(getattr(resource, name), (most, hardest if name == "RLIMIT_AS" else most))
        except (ValueError, OSError):  # macOS refuses some
            continue


def handle(window: int, content: bytes) -> bytes:
    """What the parent gets."""
    try:
        return encode_result(read_dicom(content, window))
    except FileRefused as refused:
        return encode_refusal(type(refused).__name__, str(refused))
    except MemoryError:
        return encode_refusal(DecodingAborted.__name__, DECODING_ABORTED_TEXT)
    except Exception:  # pydicom raises of every kind on a damaged file
        return encode_refusal("damaged")


def open_answer_pipe() -> BinaryIO:
    """Limit this process as the command line says; what takes the answer, which is standard output no longer."""
    memory, cpu_seconds = map(int, sys.argv[1:])
    warnings.simplefilter("ignore")
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # decoders print, and their words are no part of the answer
    set_resource_limits(memory, cpu_seconds)
    return out


def main() -> None:
    """Read, answer, end."""
    out = open_answer_pipe()
    request = sys.stdin.buffer.read()
    if len(request) > 4:  # else the parent has ended without a file for this process
        with out:
            out.write(handle(int.from_bytes(request[:4], "little"), request[4:]))


if __name__ == "__main__":
    main()
