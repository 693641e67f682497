"""Child process of `model.imaging.dicom.sandbox`: reads one DICOM file from standard input, answers and exits.

`python -m model.imaging.dicom.worker MEMORY_BYTES CPU_SECONDS`
"""

import sys
import warnings
from typing import BinaryIO

from model.child_process import open_answer_pipe
from model.errors import DecodingAborted, FileRefused
from model.imaging.dicom.confinement import confine
from model.imaging.dicom.protocol import encode_damaged, encode_refusal, encode_result, split_request
from model.imaging.dicom.read import read_dicom
from model.messages import MessageCode


def handle(request: bytes) -> bytes:
    """Return the answer to a request."""
    content, window = split_request(request)
    try:
        return encode_result(read_dicom(content, window))
    except FileRefused as refusal:
        return encode_refusal(refusal)
    except MemoryError:
        return encode_refusal(DecodingAborted(MessageCode.DECODING_ABORTED))
    except Exception:  # pydicom raises many types of exceptions for damaged files
        return encode_damaged()


def prepare() -> BinaryIO:
    """Confine this process, with the limits given on the command line, and return the pipe for answers."""
    memory, cpu_seconds = map(int, sys.argv[1:])
    warnings.simplefilter("ignore")
    answers = open_answer_pipe()  # because decoders print to standard output
    confine(memory, cpu_seconds)
    return answers


def main() -> None:
    """Answer one request."""
    answers = prepare()
    request = sys.stdin.buffer.read()
    if len(request) > 4:  # otherwise the parent has ended without sending a file
        with answers:
            answers.write(handle(request))


if __name__ == "__main__":
    main()
