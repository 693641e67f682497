"""Headers of compressed pixel data: the syntax, size and precision that a codestream really has."""

import struct
from typing import NamedTuple

from pydicom.uid import (
    JPEG2000,
    UID,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
)

from model.imaging.file_formats import JPEG_FRAMES

JPEG_START = b"\xff\xd8\xff"
JPEG2000_START = b"\xff\x4f\xff\x51"  # markers SOC and SIZ (ITU-T T.800, A.4.1, A.5.1)
_JPEG2000_COMMENT, _JPEG2000_END = b"\xff\x64", b"\xff\xd9"  # COM (A.9.2) and EOC (A.4.4)
_START_WITHIN = 200  # bytes; a JP2 file has boxes before the codestream
_MAX_COMMENT = 2**16 + 1  # bytes of a COM segment with its marker
_JPEG_SYNTAXES = {  # by the marker of the frame; the first one is that of a file which declares none of them
    0xC0: (JPEGBaseline8Bit, JPEGExtended12Bit),
    0xC1: (JPEGExtended12Bit, JPEGBaseline8Bit),
    0xC3: (JPEGLossless, JPEGLosslessSV1),
    0xF7: (JPEGLSLossless, JPEGLSNearLossless),
}


class Codestream(NamedTuple):
    """Header of a codestream.

    Attributes:
        rows: Number of rows.
        columns: Number of columns.
        components: Number of samples per pixel.
        syntaxes: Transfer syntaxes that it may have; empty if there is none for it, as for progressive JPEG.
    """

    rows: int
    columns: int
    components: int
    syntaxes: tuple[UID, ...]


def has_codestream(frame: bytes) -> bool:
    """Return whether a frame is JPEG, JPEG-LS or JPEG 2000; RLE has no signature."""
    return frame.startswith(JPEG_START) or JPEG2000_START in frame[:_START_WITHIN]


def read_codestream(frame: bytes) -> Codestream:
    """Read the header of a JPEG, JPEG-LS or JPEG 2000 codestream.

    Raises:
        ValueError, struct.error: The header is damaged.
    """
    return _read_jpeg2000(frame) if JPEG2000_START in frame[:_START_WITHIN] else _read_jpeg(frame)


def without_last_comment(frame: bytes) -> bytes:
    """Remove comments between the last tile-part and the end of a JPEG 2000 codestream, which the decoder rejects.

    Comments belong into headers (ITU-T T.800, A.9.2), but one modality writes one here.
    """
    end = frame.rfind(_JPEG2000_END)
    start = frame.rfind(_JPEG2000_COMMENT, max(0, end - _MAX_COMMENT), end)
    while start >= 0 and start + 4 <= end:
        (length,) = struct.unpack_from(">H", frame, start + 2)
        if start + 2 + length == end:
            return without_last_comment(frame[:start] + frame[end:])
        start = frame.rfind(_JPEG2000_COMMENT, max(0, end - _MAX_COMMENT), start + 1)
    return frame


def _read_jpeg2000(frame: bytes) -> Codestream:
    start = frame.index(JPEG2000_START) + 8  # after the markers, the segment's length and its capabilities
    right, bottom, left, top = struct.unpack_from(">4I", frame, start)
    (components,) = struct.unpack_from(">H", frame, start + 32)
    return Codestream(bottom - top, right - left, components, (JPEG2000, JPEG2000Lossless))


def _read_jpeg(frame: bytes) -> Codestream:
    position = 2
    while True:
        prefix, marker, length = struct.unpack_from(">BBH", frame, position)
        if prefix != 0xFF:
            raise ValueError("no marker")
        if marker in JPEG_FRAMES:
            rows, columns, components = struct.unpack_from(">HHB", frame, position + 5)
            return Codestream(rows, columns, components, _JPEG_SYNTAXES.get(marker, ()))
        position += 1 if marker == 0xFF else 2 + length
