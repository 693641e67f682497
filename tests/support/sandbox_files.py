"""Films for the child process that reads DICOM, sound and harmful, and what is said where it was stopped."""

import struct
import zlib

import numpy as np
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
)

from tests.support.dicom_files import radiograph
from tests.support.synthetic import synthetic_radiograph

DEEP = (synthetic_radiograph(64, 80) * 16).astype(np.uint16)
STOPPED = "Decoding this DICOM file took more time or memory than a radiograph needs, or broke the decoder, so it was "


def film(syntax: str = ExplicitVRLittleEndian, **tags: object) -> bytes:
    return radiograph(DEEP, syntax, BitsStored=12, PatientAge="003Y", **tags)


def deflate_bomb(gigabytes: int) -> bytes:
    """A DICOM file of a few megabytes that inflates to so many gigabytes."""
    whole = film(DeflatedExplicitVRLittleEndian)
    start = whole.index(b"DICM") + 4
    meta = start + 12 + int.from_bytes(whole[start + 8 : start + 12], "little")
    inflated = zlib.decompress(whole[meta:], -zlib.MAX_WBITS)
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    head = packer.compress(inflated[: inflated.index(b"\xe0\x7f\x10\0")]) + packer.flush(zlib.Z_FULL_FLUSH)
    length = struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, min(gigabytes * 2**30, 2**32 - 2))
    head += packer.compress(length) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(2**24)) + packer.flush(zlib.Z_FULL_FLUSH)
    return whole[:meta] + head + block * (64 * gigabytes) + packer.flush(zlib.Z_FINISH)
