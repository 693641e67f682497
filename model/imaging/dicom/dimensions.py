"""Do the pixels of a DICOM file fill the sides that its tags tell? Runs in the child process of model.imaging.dicom.sandbox alone.

Decoders do not ask: they shear or crop the picture, or break. Uncompressed pixels tell their number alone, and RLE not
even that: too little of it is found by its decoder, too much is cropped.
"""

import struct

from pydicom import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import RLELossless

_J2K_START = b"\xff\x4f\xff\x51"  # start of codestream, then its size (ITU-T T.800, A.4.1, A.5.1)
_JPEG_FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15, and that of JPEG-LS (T.81 B.2.2, T.87)


def check_dimensions(dataset: Dataset) -> None:
    """Compare the sides, before a decoder starts.

    Raises:
        ValueError, struct.error: the pixels have other sides than the tags tell.
    """
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    if not dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        line = columns * int(dataset.BitsAllocated) // 8
        if not rows * line <= len(dataset.PixelData) < (rows + 1) * line:
            raise ValueError("other sides than told")
    elif dataset.file_meta.TransferSyntaxUID != RLELossless:
        frame = next(generate_frames(dataset.PixelData, number_of_frames=1))
        sides = _jpeg2000_dimensions(frame) if _J2K_START in frame[:200] else _jpeg_dimensions(frame)
        if sides != (rows, columns):
            raise ValueError("other sides than told")


def _jpeg2000_dimensions(frame: bytes) -> tuple[int, int]:
    start = frame.index(_J2K_START) + 8  # past the markers, the segment's length and its capabilities
    right, bottom, left, top = struct.unpack_from(">4I", frame, start)
    return bottom - top, right - left


def _jpeg_dimensions(frame: bytes) -> tuple[int, int]:
    position = 2
    while True:
        fill, marker, length = struct.unpack_from(">BBH", frame, position)
        if fill != 0xFF:
            raise ValueError("no marker")
        if marker in _JPEG_FRAMES:
            return struct.unpack_from(">HH", frame, position + 5)
        position += 1 if marker == 0xFF else 2 + length
