"""Valid and malicious DICOM files for the child process that reads DICOM."""

import struct
import zlib

import numpy as np
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from tests.support.dicom_files import dicom_file
from tests.support.synthetic import synthetic_radiograph

TWELVE_BIT_PIXELS = (synthetic_radiograph(64, 80) * 16).astype(np.uint16)


def small_dicom_file(syntax: str = ExplicitVRLittleEndian, **tags: object) -> bytes:
    """Build a DICOM file of 80 x 64 pixels with 12 bits each (see `dicom_file`)."""
    return dicom_file(TWELVE_BIT_PIXELS, syntax, BitsStored=12, PatientAge="003Y", **tags)


def deflate_bomb(gigabytes: int) -> bytes:
    """Build a DICOM file of a few megabytes that inflates to a given number of gigabytes."""
    file = small_dicom_file(DeflatedExplicitVRLittleEndian)
    meta_start = file.index(b"DICM") + 4
    meta_end = meta_start + 12 + int.from_bytes(file[meta_start + 8 : meta_start + 12], "little")
    inflated = zlib.decompress(file[meta_end:], -zlib.MAX_WBITS)
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    head = packer.compress(inflated[: inflated.index(b"\xe0\x7f\x10\0")]) + packer.flush(zlib.Z_FULL_FLUSH)
    length = struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, min(gigabytes * 2**30, 2**32 - 2))
    head += packer.compress(length) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(2**24)) + packer.flush(zlib.Z_FULL_FLUSH)
    return file[:meta_end] + head + block * (64 * gigabytes) + packer.flush(zlib.Z_FINISH)
