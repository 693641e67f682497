"""Messages between the parent process (`sandbox`) and its child (`worker`).

Request: the index of the window in four bytes, then the DICOM file. Answer: the length of a header in four bytes, the
header as JSON, then the pixels as float32. Integers are little-endian.

The answer comes from a process that has decoded an untrusted file, so it is not trusted either: JSON and plain numbers,
which are checked, and never pickled objects.
"""

import json
import struct
from dataclasses import asdict
from typing import Any

import numpy as np

from model import errors
from model.codes import Caution
from model.errors import DecodingAborted, FileRefused
from model.imaging.radiograph import DicomMetadata, Radiograph
from model.limits import MAX_PIXELS, MIN_DECODABLE_SIDE

DECODING_ABORTED_TEXT = (
    "Decoding this DICOM file took more time or memory than a radiograph needs, or broke the decoder, so it was "
    "stopped. Sound DICOM, PNG and JPEG files are accepted. Please export or copy the radiograph again, or export it "
    "as a PNG or JPEG picture, and choose the new file."
)
_LENGTH_BYTES = 4
_MAX_HEADER_BYTES = 2**20
MAX_ANSWER_BYTES = _LENGTH_BYTES + _MAX_HEADER_BYTES + 4 * MAX_PIXELS
_DAMAGED = "damaged"  # in place of a refusal: the parent has the message for that


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
    header = {"height": radiograph.height, "width": radiograph.width, "bits": radiograph.bits}
    return b"".join((_encode_header(header | {"metadata": asdict(radiograph.metadata)}), radiograph.pixels.data))


def encode_refusal(refusal: FileRefused) -> bytes:
    """Encode a refusal by the name of its class and its message."""
    return _encode_header({"refused": type(refusal).__name__, "message": str(refusal)})


def encode_damaged() -> bytes:
    """Encode that the file is damaged."""
    return _encode_header({"refused": _DAMAGED, "message": ""})


def parse_answer(answer: bytes) -> Radiograph:
    """Return the radiograph of an answer.

    Raises:
        FileRefused: the refusal that the child has sent, or DecodingAborted if this is no valid answer.
        ValueError: the child found the file damaged.
    """
    try:
        header, pixels = split_answer(answer)
        if "refused" not in header:
            return _parse_radiograph(header, pixels)
        refusal = _parse_refusal(header)
    except (ValueError, LookupError, TypeError, AttributeError, struct.error) as error:
        raise DecodingAborted(DECODING_ABORTED_TEXT) from error
    raise refusal or ValueError("damaged")


def _parse_refusal(header: dict[str, Any]) -> FileRefused | None:
    """Return the refusal that a header names; None if the child found the file damaged."""
    refusal = getattr(errors, header["refused"], None)
    if not (isinstance(refusal, type) and issubclass(refusal, FileRefused)):
        return None
    return refusal(str(header["message"]))  # TypeError for NotAdmitted, which is not for the child to decide


def split_answer(answer: bytes) -> tuple[dict[str, Any], memoryview]:
    """Return the header of an answer and the bytes after it."""
    (length,) = struct.unpack_from("<I", answer)
    if length > _MAX_HEADER_BYTES or length % 4:
        raise ValueError("header")
    end = _LENGTH_BYTES + length
    return json.loads(answer[_LENGTH_BYTES:end]), memoryview(answer)[end:]


def _encode_header(header: dict[str, Any]) -> bytes:
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)  # float32 pixels follow, and must be aligned
    return struct.pack("<I", len(text)) + text


def _parse_radiograph(header: dict[str, Any], values: memoryview) -> Radiograph:
    """Check and build the radiograph; `values` are float32 (height x width), 0-255."""
    height, width = int(header["height"]), int(header["width"])
    if min(height, width) < MIN_DECODABLE_SIDE or height * width > MAX_PIXELS:
        raise ValueError("sides")
    pixels = np.frombuffer(values, np.float32).reshape(height, width)
    if not (pixels.min() >= 0 and pixels.max() <= 255):  # a NaN fails both
        raise ValueError("range")
    return Radiograph(pixels, "DICOM", int(header["bits"]), metadata=_parse_metadata(header["metadata"]))


def _parse_metadata(fields: dict[str, Any]) -> DicomMetadata:
    """Build the metadata from JSON, which has lists for tuples."""
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    fields["cautions"] = tuple(map(Caution, fields["cautions"]))
    fields["details"] = tuple((name, value) for name, value in fields["details"])
    return DicomMetadata(**fields)
