"""Split PNG and JPEG files into parts and join them, and the file formats of tests/support/fuzzing.py."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.fuzzing_dicom import (
    Part,
    dicom_names,
    dicom_seeds,
    join_dicom,
    split_dicom,
    split_dicom_and_frames,
)
from tests.support.image_files import PNG_SIGNATURE, jpeg_seeds, png_chunk, png_seeds

_ROWS = b"rows"  # name of the part with the uncompressed pixels of a PNG


@dataclass(frozen=True)
class Format:
    """How to split files of one format into parts, and how to join the parts.

    Attributes:
        seeds: Valid files.
        splits: Functions that split a file into parts.
        join: Inverse of every split function. It writes correct lengths and checksums.
        names: Names that a part can have.
    """

    seeds: tuple[bytes, ...]
    splits: tuple[Callable[[bytes], list[Part]], ...]
    join: Callable[[list[Part]], bytes]
    names: tuple[bytes, ...]


def _split_png(content: bytes) -> list[Part]:
    parts, position = [], len(PNG_SIGNATURE)
    while position < len(content):
        length, name = struct.unpack_from(">I4s", content, position)
        parts.append((name, content[position + 8 : position + 8 + length]))
        position += 12 + length
    return parts


def _split_png_and_inflate(content: bytes) -> list[Part]:
    """Split a PNG and decompress its pixels, to break scanlines and their filters."""
    parts = _split_png(content)
    rows = zlib.decompress(b"".join(data for name, data in parts if name == b"IDAT"))
    position = next(index for index, (name, _) in enumerate(parts) if name == b"IDAT")
    without_pixels = [part for part in parts if part[0] != b"IDAT"]
    return [*without_pixels[:position], (_ROWS, rows), *without_pixels[position:]]


def _join_png(parts: list[Part]) -> bytes:
    chunks = [
        png_chunk(b"IDAT", zlib.compress(data, 1)) if name == _ROWS else png_chunk(name, data) for name, data in parts
    ]
    return PNG_SIGNATURE + b"".join(chunks)


def _split_jpeg(content: bytes) -> list[Part]:
    """Split a JPEG into marker segments; the data of a scan is a part without a name."""
    parts, position = [], 2
    while content[position : position + 2] != b"\xff\xd9":
        (length,) = struct.unpack_from(">H", content, position + 2)
        end = position + 2 + length
        parts.append((content[position : position + 2], content[position + 4 : end]))
        if content[position + 1] == 0xDA:
            position = end
            while content[end] != 0xFF or content[end + 1] in (0, *range(0xD0, 0xD8)):
                end += 1
            parts.append((b"", content[position:end]))
        position = end
    return [*parts, (b"\xff\xd9", b"")]


def _join_jpeg(parts: list[Part]) -> bytes:
    without_length = (b"", b"\xff\xd8", b"\xff\xd9", *(bytes([0xFF, marker]) for marker in range(0xD0, 0xD8)))
    return b"\xff\xd8" + b"".join(
        name + data if name in without_length else name + struct.pack(">H", (len(data) + 2) & 0xFFFF) + data
        for name, data in parts
    )


_DICOM = tuple(dicom_seeds())
FORMATS = {
    "PNG": Format(
        tuple(png_seeds()),
        (_split_png, _split_png_and_inflate),
        _join_png,
        (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"sBIT", b"eXIf", b"acTL", b"fdAT", b"iCCP", b"zTXt", _ROWS),
    ),
    "JPEG": Format(
        tuple(jpeg_seeds()),
        (_split_jpeg,),
        _join_jpeg,
        tuple(bytes([0xFF, marker]) for marker in b"\xc0\xc1\xc2\xc3\xc4\xd0\xd8\xd9\xda\xdb\xdd\xe0\xe1\xe2\xee\xfe"),
    ),
    "DICOM": Format(_DICOM, (split_dicom, split_dicom_and_frames), join_dicom, dicom_names(_DICOM)),
}
