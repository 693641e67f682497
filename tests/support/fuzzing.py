"""Hostile files, made by breaking sound ones where it hurts, and what must hold for each.

A format is taken apart into parts (chunks, segments, elements), which are dropped, doubled, swapped, borrowed, renamed,
stretched and overwritten, and put together again with lengths and checksums mended, so that the damage reaches the code
behind them. Then bytes are flipped, cut and spliced as if by a bad disk. Another format is one more `Format` in
FORMATS.
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
from tests.support.fuzzing_dicom import dicom_joined, dicom_names, dicom_parts, dicom_parts_with_frames, dicom_seeds
from tests.support.image_files import CHANNELS, SIGNATURE, check, chunk, exif, noise, png, saved, smooth, with_exif

SECONDS = 20  # of processor time for one input; 60 megapixels in 100 progressive scans, the slowest let in, take 6
HANG = 120  # seconds of the clock after which a decoder is taken not to come back
MEMORY = 1500 * 2**20  # bytes for one input, over what the process has: 60 megapixels in 16-bit colour take 1.2 GB

Part = tuple[bytes, bytes]  # what it is called, and what it holds
_ROWS = b"rows"  # of a PNG, before they are compressed


@dataclass(frozen=True)
class Format:
    """How to take a kind of file apart and put it together.

    seeds: sound files. splits: ways to take one apart; join: the reverse of all, with lengths and checksums mended.
    names: what a part may be called.
    """

    seeds: tuple[bytes, ...]
    splits: tuple[Callable[[bytes], list[Part]], ...]
    join: Callable[[list[Part]], bytes]
    names: tuple[bytes, ...]


def _png_parts(content: bytes) -> list[Part]:
    parts, position = [], len(SIGNATURE)
    while position < len(content):
        length, name = struct.unpack_from(">I4s", content, position)
        parts.append((name, content[position + 8 : position + 8 + length]))
        position += 12 + length
    return parts


def _png_parts_inflated(content: bytes) -> list[Part]:
    """With the pixels uncompressed, so that scanlines and their filters are what is broken."""
    parts = _png_parts(content)
    rows = zlib.decompress(b"".join(data for name, data in parts if name == b"IDAT"))
    first = next(number for number, (name, _) in enumerate(parts) if name == b"IDAT")
    others = [part for part in parts if part[0] != b"IDAT"]
    return [*others[:first], (_ROWS, rows), *others[first:]]


def _png_joined(parts: list[Part]) -> bytes:
    chunks = [chunk(b"IDAT", zlib.compress(data, 1)) if name == _ROWS else chunk(name, data) for name, data in parts]
    return SIGNATURE + b"".join(chunks)


def _jpeg_parts(content: bytes) -> list[Part]:
    """Marker segments; the data of a scan is a part without a name."""
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


def _jpeg_joined(parts: list[Part]) -> bytes:
    bare = (b"", b"\xff\xd8", b"\xff\xd9", *(bytes([0xFF, marker]) for marker in range(0xD0, 0xD8)))
    return b"\xff\xd8" + b"".join(
        name + data if name in bare else name + struct.pack(">H", (len(data) + 2) & 0xFFFF) + data
        for name, data in parts
    )


def _png_seeds() -> Iterator[bytes]:
    palette = chunk(b"PLTE", noise(256, 3).astype("u1").tobytes())
    for colour, depth in ((0, 1), (0, 8), (0, 16), (2, 8), (2, 16), (3, 4), (3, 8), (4, 16), (6, 8), (6, 16)):
        samples = noise(33, 34, CHANNELS[colour], below=2**depth)
        notes = [chunk(b"sBIT", bytes([min(depth, 12)])), chunk(b"eXIf", exif(6)), chunk(b"tRNS", bytes(6))]
        yield png(samples, depth, colour, *notes, *([palette] if colour == 3 else []), interlace=depth == 8)


def _jpeg_seeds() -> Iterator[bytes]:
    for mode in ("L", "RGB", "CMYK"):
        image = Image.fromarray(smooth()).convert(mode)
        yield saved(image)
        yield with_exif(saved(image, progressive=True), exif(6))
    yield saved(Image.fromarray(smooth()), restart_marker_rows=1)


_DICOM = tuple(dicom_seeds())
FORMATS = {
    "PNG": Format(
        tuple(_png_seeds()),
        (_png_parts, _png_parts_inflated),
        _png_joined,
        (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"sBIT", b"eXIf", b"acTL", b"fdAT", b"iCCP", b"zTXt", _ROWS),
    ),
    "JPEG": Format(
        tuple(_jpeg_seeds()),
        (_jpeg_parts,),
        _jpeg_joined,
        tuple(bytes([0xFF, marker]) for marker in b"\xc0\xc1\xc2\xc3\xc4\xd0\xd8\xd9\xda\xdb\xdd\xe0\xe1\xe2\xee\xfe"),
    ),
    "DICOM": Format(_DICOM, (dicom_parts, dicom_parts_with_frames), dicom_joined, dicom_names(_DICOM)),
}

# Where counters overflow, signs turn, and limits lie; as one, two and four bytes in either order.
_VALUES = (0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 128, 255, 256, 1000, 7745, 32767, 32768, 60000, 65535)
_WIDE = (2**24, 2**31 - 1, 2**31, 2**32 - 1)
NUMBERS = (
    *(bytes([value]) for value in _VALUES if value < 256),
    *(struct.pack(order + "H", value) for order in "<>" for value in _VALUES),
    *(struct.pack(order + "I", value) for order in "<>" for value in (*_VALUES, *_WIDE)),
)
_place = st.floats(0, 1, exclude_max=True)  # within whatever is there


@st.composite
def hostile(draw: st.DrawFn, form: Format) -> bytes:
    """A file of a format, broken in up to four places of its structure and up to two of its bytes."""
    content = draw(st.sampled_from(form.seeds))
    structural = draw(st.integers(0, 4))
    if structural:
        split = draw(st.sampled_from(form.splits))
        parts = split(content)
        for _ in range(structural):
            _break_structure(draw, form, split, parts)
        content = form.join(parts)
    for _ in range(draw(st.integers(0 if structural else 1, 2))):
        content = _break_bytes(draw, content)
    return content


def _break_structure(draw: st.DrawFn, form: Format, split: Callable[[bytes], list[Part]], parts: list[Part]) -> None:
    """Change `parts` in place, in one of seven ways."""
    if not parts:
        return
    here, there = (int(draw(_place) * len(parts)) for _ in range(2))
    name, data = parts[here]
    way = draw(st.sampled_from(("drop", "double", "swap", "borrow", "rename", "stretch", "number", "number", "number")))
    if way == "drop":
        del parts[here]
    elif way == "double":
        parts.insert(there, parts[here])
    elif way == "swap":
        parts[here], parts[there] = parts[there], parts[here]
    elif way == "borrow":
        other = split(draw(st.sampled_from(form.seeds)))
        parts.insert(here, other[int(draw(_place) * len(other))])
    elif way == "rename":
        parts[here] = (draw(st.sampled_from(form.names)), data)
    elif way == "stretch":
        parts[here] = (name, data[: int(draw(_place) * (len(data) + 1))] + draw(st.binary(max_size=20)))
    else:
        parts[here] = (name, _overwritten(draw, data))


def _overwritten(draw: st.DrawFn, data: bytes) -> bytes:
    """One number in a part replaced; near its beginning as a rule, where headers keep what counts."""
    reach = draw(st.sampled_from((16, 16, len(data))))
    start, number = int(draw(_place) * min(reach, len(data))), draw(st.sampled_from(NUMBERS))
    return data[:start] + number + data[start + len(number) :]


def _break_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    start, end = sorted(int(draw(_place) * (len(content) + 1)) for _ in range(2))
    way = draw(st.sampled_from(("cut", "flip", "remove", "insert", "splice", "repeat")))
    if way == "cut":
        return content[:end]
    if way == "flip":
        return (
            content[:start]
            + bytes(byte ^ draw(st.integers(1, 255)) for byte in content[start : start + 1])
            + (content[start + 1 :])
        )
    if way == "remove":
        return content[:start] + content[end:]
    if way == "insert":
        return content[:start] + draw(st.binary(max_size=40)) + content[start:]
    if way == "repeat":
        return content[:end] + content[start:]
    other = draw(st.sampled_from([seed for form in FORMATS.values() for seed in form.seeds]))
    return content[:start] + other[int(draw(_place) * len(other)) :]


def survived(content: bytes, tally: Counter) -> None:
    """Fail unless the file is read as a radiograph or refused in a sentence, within time and memory; count which."""
    # A hang inside a decoder answers to no exception: this ends the whole run, and says where it was.
    faulthandler.dump_traceback_later(HANG, exit=True, file=sys.__stderr__)
    start = time.process_time()  # a busy machine is no failure
    try:
        check(decode(content))
        tally["read"] += 1
    except FileRefused as refusal:
        assert len(str(refusal).split(". ")) >= 3  # noqa: PT017 - what happened, what is accepted, what to do
        assert "Error" not in str(refusal)  # noqa: PT017
        assert "too little free memory" not in str(refusal)  # noqa: PT017 - MEMORY was not enough
        tally[refusal.code] += 1
    finally:
        faulthandler.cancel_dump_traceback_later()
    assert time.process_time() - start < SECONDS


@contextmanager
def limited_memory() -> Iterator[None]:
    """Let this process have MEMORY more than it has, so that whatever wants more fails."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
