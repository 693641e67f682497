"""Fuzzing: break valid files where it hurts, and check that each result is read or refused.

A file is split into parts (chunks, segments, elements). Parts are dropped, doubled, swapped, borrowed from other files,
renamed, stretched and overwritten, and the file is joined again with correct lengths and checksums, so that the damage
reaches the code behind those checks. Then bytes are flipped, cut and spliced as if by a bad disk. To fuzz another file
format, add a `Format` to FORMATS.
"""

import faulthandler
import resource
import struct
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st
from PIL import Image

from model.errors import FileRefused
from model.imaging.decode import decode
from tests.support.fuzzing_dicom import (
    Part,
    dicom_names,
    dicom_seeds,
    join_dicom,
    split_dicom,
    split_dicom_and_frames,
)
from tests.support.image_files import (
    CHANNELS,
    PNG_SIGNATURE,
    assert_valid,
    encode,
    exif_block,
    gradient,
    noise,
    png,
    png_chunk,
    with_exif,
)

MAX_CPU_SECONDS = 20  # for one input; 60 megapixels in 100 progressive scans, the slowest accepted, take 6
HANG_SECONDS = 120  # of wall-clock time, after which a decoder counts as hanging
MAX_MEMORY = 1500 * 2**20  # bytes for one input, on top of what is in use; 60 megapixels in 16-bit colour take 1.2 GB

_ROWS = b"rows"  # name for the uncompressed pixels of a PNG


@dataclass(frozen=True)
class Format:
    """How to split files of one format into parts and to join them.

    Attributes:
        seeds: valid files.
        splits: functions that split a file into parts.
        join: reverses each of them, with correct lengths and checksums.
        names: possible names of a part.
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
    """Split a PNG and uncompress its pixels, so that scanlines and their filters are broken."""
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


def _png_seeds() -> Iterator[bytes]:
    palette = png_chunk(b"PLTE", noise(256, 3).astype("u1").tobytes())
    for colour, depth in ((0, 1), (0, 8), (0, 16), (2, 8), (2, 16), (3, 4), (3, 8), (4, 16), (6, 8), (6, 16)):
        samples = noise(33, 34, CHANNELS[colour], below=2**depth)
        extra_chunks = [
            png_chunk(b"sBIT", bytes([min(depth, 12)])),
            png_chunk(b"eXIf", exif_block(6)),
            png_chunk(b"tRNS", bytes(6)),
        ]
        yield png(samples, depth, colour, *extra_chunks, *([palette] if colour == 3 else []), interlace=depth == 8)


def _jpeg_seeds() -> Iterator[bytes]:
    for mode in ("L", "RGB", "CMYK"):
        image = Image.fromarray(gradient()).convert(mode)
        yield encode(image)
        yield with_exif(encode(image, progressive=True), exif_block(6))
    yield encode(Image.fromarray(gradient()), restart_marker_rows=1)


_DICOM = tuple(dicom_seeds())
FORMATS = {
    "PNG": Format(
        tuple(_png_seeds()),
        (_split_png, _split_png_and_inflate),
        _join_png,
        (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"sBIT", b"eXIf", b"acTL", b"fdAT", b"iCCP", b"zTXt", _ROWS),
    ),
    "JPEG": Format(
        tuple(_jpeg_seeds()),
        (_split_jpeg,),
        _join_jpeg,
        tuple(bytes([0xFF, marker]) for marker in b"\xc0\xc1\xc2\xc3\xc4\xd0\xd8\xd9\xda\xdb\xdd\xe0\xe1\xe2\xee\xfe"),
    ),
    "DICOM": Format(_DICOM, (split_dicom, split_dicom_and_frames), join_dicom, dicom_names(_DICOM)),
}

# Values at which counters overflow, signs change and limits lie; as one, two and four bytes in both byte orders.
_VALUES = (0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 128, 255, 256, 1000, 7745, 32767, 32768, 60000, 65535)
_LARGE_VALUES = (2**24, 2**31 - 1, 2**31, 2**32 - 1)
NUMBERS = (
    *(bytes([value]) for value in _VALUES if value < 256),
    *(struct.pack(order + "H", value) for order in "<>" for value in _VALUES),
    *(struct.pack(order + "I", value) for order in "<>" for value in (*_VALUES, *_LARGE_VALUES)),
)
_position = st.floats(0, 1, exclude_max=True)  # relative to the length of a file, part or list


@st.composite
def broken_file(draw: st.DrawFn, file_format: Format) -> bytes:
    """Draw a file with up to four changes of its structure and up to two of its bytes."""
    content = draw(st.sampled_from(file_format.seeds))
    structural = draw(st.integers(0, 4))
    if structural:
        split = draw(st.sampled_from(file_format.splits))
        parts = split(content)
        for _ in range(structural):
            _break_structure(draw, file_format, split, parts)
        content = file_format.join(parts)
    for _ in range(draw(st.integers(0 if structural else 1, 2))):
        content = _break_bytes(draw, content)
    return content


def _break_structure(
    draw: st.DrawFn, file_format: Format, split: Callable[[bytes], list[Part]], parts: list[Part]
) -> None:
    """Change `parts` in place, in one of seven ways."""
    if not parts:
        return
    index, second_index = (int(draw(_position) * len(parts)) for _ in range(2))
    name, data = parts[index]
    ways = ("drop", "double", "swap", "borrow", "rename", "stretch", "number", "number", "number")
    way = draw(st.sampled_from(ways))
    if way == "drop":
        del parts[index]
    elif way == "double":
        parts.insert(second_index, parts[index])
    elif way == "swap":
        parts[index], parts[second_index] = parts[second_index], parts[index]
    elif way == "borrow":
        lender = split(draw(st.sampled_from(file_format.seeds)))
        parts.insert(index, lender[int(draw(_position) * len(lender))])
    elif way == "rename":
        parts[index] = (draw(st.sampled_from(file_format.names)), data)
    elif way == "stretch":
        parts[index] = (name, data[: int(draw(_position) * (len(data) + 1))] + draw(st.binary(max_size=20)))
    else:
        parts[index] = (name, _overwrite_number(draw, data))


def _overwrite_number(draw: st.DrawFn, data: bytes) -> bytes:
    """Replace one number in a part; usually near the start, where headers keep what matters."""
    reach = draw(st.sampled_from((16, 16, len(data))))
    start, number = int(draw(_position) * min(reach, len(data))), draw(st.sampled_from(NUMBERS))
    return data[:start] + number + data[start + len(number) :]


def _break_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    start, end = sorted(int(draw(_position) * (len(content) + 1)) for _ in range(2))
    way = draw(st.sampled_from(("cut", "flip", "remove", "insert", "splice", "repeat")))
    if way == "cut":
        return content[:end]
    if way == "flip":
        flipped = bytes(byte ^ draw(st.integers(1, 255)) for byte in content[start : start + 1])
        return content[:start] + flipped + content[start + 1 :]
    if way == "remove":
        return content[:start] + content[end:]
    if way == "insert":
        return content[:start] + draw(st.binary(max_size=40)) + content[start:]
    if way == "repeat":
        return content[:end] + content[start:]
    donor = draw(st.sampled_from([seed for file_format in FORMATS.values() for seed in file_format.seeds]))
    return content[:start] + donor[int(draw(_position) * len(donor)) :]


def assert_survives(content: bytes, tally: Counter) -> None:
    """Fail unless a file is read or refused with a message, within time and memory; count the result in `tally`."""
    # No exception interrupts a decoder that hangs: this ends the whole run and prints where it was.
    faulthandler.dump_traceback_later(HANG_SECONDS, exit=True, file=sys.__stderr__)
    start = time.process_time()  # not wall-clock time: the machine may be busy
    try:
        assert_valid(decode(content))
        tally["read"] += 1
    except FileRefused as refusal:
        assert len(str(refusal).split(". ")) >= 3  # noqa: PT017 - what happened, what is accepted, what to do
        assert "Error" not in str(refusal)  # noqa: PT017
        assert "too little free memory" not in str(refusal)  # noqa: PT017 - MEMORY was not enough
        tally[refusal.code] += 1
    finally:
        faulthandler.cancel_dump_traceback_later()
    assert time.process_time() - start < MAX_CPU_SECONDS


@contextmanager
def limited_memory() -> Iterator[None]:
    """Limit this process to MAX_MEMORY more than it uses now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MAX_MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
