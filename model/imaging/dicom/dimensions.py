"""Check that the pixel data of a DICOM file has the size that its tags declare. Runs in the worker process only.

Decoders do not check this: they shear or crop the image, or crash. Uncompressed pixel data reveals only the number of
pixels, RLE not even that; the RLE decoder detects missing pixels and drops surplus ones.
"""

import struct

from pydicom import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import RLELossless

from model.imaging.file_formats import JPEG_FRAMES

_JPEG2000_START = b"\xff\x4f\xff\x51"  # markers SOC and SIZ (ITU-T T.800, A.4.1, A.5.1)
_START_WITHIN = 200  # bytes; a JP2 file has boxes before the codestream


def check_dimensions(dataset: Dataset) -> None:
    """Compare the encoded size with Rows and Columns before a decoder starts.

    Raises:
        ValueError, struct.error: The sizes differ, or the pixel data is damaged.
    """
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    syntax = dataset.file_meta.TransferSyntaxUID
    if not syntax.is_encapsulated:
        bytes_per_row = columns * int(dataset.BitsAllocated) // 8
        matches = rows * bytes_per_row <= len(dataset.PixelData) < (rows + 1) * bytes_per_row
    elif syntax != RLELossless:
        frame = next(generate_frames(dataset.PixelData, number_of_frames=1))
        is_jpeg2000 = _JPEG2000_START in frame[:_START_WITHIN]
        matches = (_jpeg2000_dimensions(frame) if is_jpeg2000 else _jpeg_dimensions(frame)) == (rows, columns)
    else:
        matches = True
    if not matches:
        raise ValueError("pixel data does not match Rows and Columns")


def _jpeg2000_dimensions(frame: bytes) -> tuple[int, int]:
    """Return rows and columns of a JPEG 2000 codestream."""
    start = frame.index(_JPEG2000_START) + 8  # after the markers, the segment's length and its capabilities
    right, bottom, left, top = struct.unpack_from(">4I", frame, start)
    return bottom - top, right - left


def _jpeg_dimensions(frame: bytes) -> tuple[int, int]:
    """Return rows and columns of a JPEG or JPEG-LS codestream."""
    position = 2
    while True:
        prefix, marker, length = struct.unpack_from(">BBH", frame, position)
        if prefix != 0xFF:
            raise ValueError("no marker")
        if marker in JPEG_FRAMES:
            rows, columns = struct.unpack_from(">HH", frame, position + 5)
            return rows, columns
        position += 1 if marker == 0xFF else 2 + length
