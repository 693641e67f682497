"""The child process of model.imaging.dicom.sandbox: reads one DICOM file from standard input, answers on standard output, ends.

`python -m model.imaging.dicom.worker MEMORY_BYTES CPU_SECONDS`
"""

import os
import sys
import warnings
from typing import BinaryIO

from model.errors import DecodingStopped, FileRefused
from model.imaging.dicom.read import read_dicom
from model.imaging.dicom.sandbox import STOPPED, told, told_not


def limit(memory: int, cpu_seconds: int) -> None:
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


def answer(window: int, content: bytes) -> bytes:
    """What the parent gets."""
    try:
        return told(read_dicom(content, window))
    except FileRefused as refused:
        return told_not(type(refused).__name__, str(refused))
    except MemoryError:
        return told_not(DecodingStopped.__name__, STOPPED)
    except Exception:  # pydicom raises of every kind on a damaged file
        return told_not("damaged")


def prepared() -> BinaryIO:
    """Limit this process as the command line says; what takes the answer, which is standard output no longer."""
    memory, cpu_seconds = map(int, sys.argv[1:])
    warnings.simplefilter("ignore")
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # decoders print, and their words are no part of the answer
    limit(memory, cpu_seconds)
    return out


def main() -> None:
    """Read, answer, end."""
    out = prepared()
    request = sys.stdin.buffer.read()
    if len(request) > 4:  # else the parent has ended without a file for this process
        with out:
            out.write(answer(int.from_bytes(request[:4], "little"), request[4:]))


if __name__ == "__main__":
    main()
