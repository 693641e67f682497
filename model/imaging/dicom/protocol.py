"""Messages between the parent process (`sandbox`) and its child (`worker`).

Request: the index of the window in four bytes, then the DICOM file. Answer: the length of a header in four bytes, the
header as JSON, then the pixels as float32. Integers are little-endian.

The answer comes from a process that has decoded an untrusted file, so it is not trusted either. It consists of JSON and
plain numbers, never of pickled objects, and every value is checked.
"""

import json
import struct
from dataclasses import asdict
from typing import Any

import numpy as np

from model import errors
from model.codes import Caution
from model.errors import DecodingAborted, FileRefused, NotAdmitted
from model.imaging.dicom.refusal_terms import NON_FRONTAL_VIEW, OTHER_BODY_PART, OTHER_MODALITY, TRANSFER_SYNTAX
from model.imaging.radiograph import DicomMetadata, Radiograph
from model.limits import MAX_PIXELS, MIN_DECODABLE_SIDE
from model.messages import MessageCode
from model.sentences import render

_LENGTH_BYTES = 4
_MAX_HEADER_BYTES = 2**20
MAX_ANSWER_BYTES = _LENGTH_BYTES + _MAX_HEADER_BYTES + 4 * MAX_PIXELS
_DAMAGED = "damaged"  # in place of the class of a refusal; `model.imaging.decode` raises the error for it
# Parameters of messages that a child may send: counts and terms, but no free text, which may contain a patient's name.
_COUNTS = ("width", "height", "frames", "bits", "components")
_TERMS = {
    "modality": OTHER_MODALITY,
    "view": NON_FRONTAL_VIEW,
    "body_part": OTHER_BODY_PART,
    "transfer_syntax": TRANSFER_SYNTAX,
}


def encode_request(content: bytes, window: int) -> bytes:
    """Encode a DICOM file and the index of the window to apply."""
    return struct.pack("<I", window) + content


def split_request(request: bytes) -> tuple[bytes, int]:
    """Return the file and the index of the window."""
    (window,) = struct.unpack_from("<I", request)
    return request[_LENGTH_BYTES:], window


def encode_result(radiograph: Radiograph) -> bytes:
    """Encode the radiograph of a DICOM file."""
    if radiograph.metadata is None:
        raise ValueError("not from a DICOM file")
    header = {
        "height": radiograph.height,
        "width": radiograph.width,
        "bits": radiograph.bits,
        "cautions": radiograph.cautions,
    }
    return b"".join((_encode_header(header | {"metadata": asdict(radiograph.metadata)}), radiograph.pixels.data))


def encode_refusal(refusal: FileRefused) -> bytes:
    """Encode a refusal by the name of its class, and the code and parameters of its message."""
    (message,) = refusal.messages
    return _encode_header({"refused": type(refusal).__name__, "code": message.code, "params": dict(message.params)})


def encode_damaged() -> bytes:
    """Encode the answer that the file is damaged."""
    return _encode_header({"refused": _DAMAGED})


def parse_answer(answer: bytes | bytearray) -> Radiograph:
    """Return the radiograph of an answer.

    Raises:
        FileRefused: The refusal that the child sent, or DecodingAborted if the answer is invalid.
        ValueError: The child found the file damaged.
    """
    try:
        header, pixels = split_answer(answer)
        if "refused" not in header:
            return _parse_radiograph(header, pixels)
        refusal = _parse_refusal(header)
    except (ValueError, LookupError, TypeError, AttributeError, struct.error) as error:
        raise DecodingAborted(MessageCode.DECODING_ABORTED) from error
    raise refusal or ValueError("damaged")


def _parse_refusal(header: dict[str, Any]) -> FileRefused | None:
    """Return the refusal that a header names; None if the child found the file damaged."""
    if header["refused"] == _DAMAGED:
        return None
    refusal_class = getattr(errors, header["refused"])
    if not (issubclass(refusal_class, FileRefused) and refusal_class is not NotAdmitted):  # not for the child to decide
        raise ValueError("class")
    params = header["params"]
    if not all(_is_valid(name, value) for name, value in params.items()):
        raise ValueError("parameter")
    refusal: FileRefused = refusal_class(MessageCode(header["code"]), **params)
    render(refusal.messages)  # KeyError if a parameter is missing
    return refusal


def _is_valid(name: str, value: Any) -> bool:
    return isinstance(value, int) if name in _COUNTS else bool(_TERMS[name].fullmatch(value))


def split_answer(answer: bytes | bytearray) -> tuple[dict[str, Any], memoryview]:
    """Return the header of an answer and the bytes after it."""
    (length,) = struct.unpack_from("<I", answer)
    if length > _MAX_HEADER_BYTES or length % 4:
        raise ValueError("header")
    end = _LENGTH_BYTES + length
    return json.loads(answer[_LENGTH_BYTES:end]), memoryview(answer)[end:]


def _encode_header(header: dict[str, Any]) -> bytes:
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)  # aligns the float32 pixels that follow
    return struct.pack("<I", len(text)) + text


def _parse_radiograph(header: dict[str, Any], values: memoryview) -> Radiograph:
    """Check the header and the pixels, float32 (height x width), 0-255, and build the radiograph."""
    height, width = int(header["height"]), int(header["width"])
    if min(height, width) < MIN_DECODABLE_SIDE or height * width > MAX_PIXELS:
        raise ValueError("sides")
    pixels = np.frombuffer(values, np.float32).reshape(height, width)
    if not (pixels.min() >= 0 and pixels.max() <= 255):  # NaN fails both comparisons
        raise ValueError("range")
    cautions = tuple(map(Caution, header["cautions"]))
    metadata = _parse_metadata(header["metadata"])
    return Radiograph(pixels, "DICOM", int(header["bits"]), metadata=metadata, cautions=cautions)


def _parse_metadata(fields: dict[str, Any]) -> DicomMetadata:
    """Build the metadata from JSON, which has lists instead of tuples."""
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    fields["details"] = tuple((name, value) for name, value in fields["details"])
    return DicomMetadata(**fields)
