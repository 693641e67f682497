"""Files with very many small parts, or many passes over many pixels, are refused before they cost time or memory."""

import io
import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from model.errors import FileUnreadable
from model.imaging.decode import decode
from model.imaging.file_formats import strip_jpeg, strip_png
from model.limits import MAX_BYTES, MAX_PIXELS, MAX_SCANS, MAX_SEGMENTS
from model.messages import MessageCode
from tests.support.image_files import noise, png, png_chunk, png_header, scanlines
from tests.support.messages import raises_message

SECONDS = 2.0  # of this thread's processor time; each attack took 10 to 20


def progressive_jpeg() -> bytes:
    Image.fromarray(noise(64, 64).astype(np.uint8)).save(file := io.BytesIO(), "JPEG", progressive=True)
    return file.getvalue()


JPEG, PNG = progressive_jpeg(), png(noise(40, 40))
N_SCANS = JPEG.count(b"\xff\xda")


def filled(start: bytes, part: bytes, end: bytes) -> bytes:
    """Repeat a part until the file almost reaches the size limit."""
    return start + part * ((MAX_BYTES - len(start) - len(end)) // len(part)) + end


@pytest.mark.parametrize(
    ("start", "part", "end"),
    [
        (JPEG[:2], b"\xff\xfe\0\2", JPEG[2:]),
        (JPEG[:2], b"\xff\xe5\0\2", JPEG[2:]),
        (JPEG[:-2], b"\xff\xfe\0\2", JPEG[-2:]),
        (PNG[:33], png_chunk(b"teXt", b""), PNG[33:]),
        (PNG[:33], png_chunk(b"IDAT", b""), PNG[33:]),
    ],
    ids=["JPEG comments", "JPEG application segments", "JPEG comments at the end", "PNG text", "PNG pixels"],
)
def test_millions_of_empty_parts_are_refused_at_once(start, part, end):
    content = filled(start, part, end)
    before = time.thread_time()
    with raises_message(FileUnreadable, MessageCode.FILE_DAMAGED):
        decode(content)
    assert time.thread_time() - before < SECONDS


@pytest.mark.parametrize("n_notes", [1, 3000])
def test_many_notes_are_accepted(n_notes):
    decode(JPEG[:2] + b"\xff\xfe\0\5one" * n_notes + JPEG[2:])
    decode(PNG[:33] + png_chunk(b"teXt", b"one\0two") * n_notes + PNG[33:])


def test_the_largest_file_may_consist_of_chunks_of_two_kilobytes():
    assert MAX_BYTES / 2048 < MAX_SEGMENTS
    stream = zlib.compress(scanlines(noise(1000, 2000), 8))
    chunks = b"".join(png_chunk(b"IDAT", stream[start : start + 256]) for start in range(0, len(stream), 256))
    content = png_header(2000, 1000) + chunks + png_chunk(b"IEND", b"")
    assert strip_png(content)[1].count(b"IDAT") > 5000


def declared(megapixels: int, scans: int) -> bytes:
    """Build a progressive JPEG that declares a size and repeats its last scan until it has a number of scans."""
    content = bytearray(JPEG)
    frame = content.index(b"\xff\xc2")
    content[frame + 5 : frame + 9] = struct.pack(">HH", megapixels * 100, 10_000)
    last = content.rindex(b"\xff\xda")
    return bytes(content[:-2]) + bytes(content[last:-2]) * (scans - N_SCANS) + JPEG[-2:]


@pytest.mark.parametrize(("megapixels", "scans"), [(60, 21), (20, 61), (12, MAX_SCANS + 1)])
def test_passes_over_too_many_pixels_are_refused(megapixels, scans):
    with pytest.raises(ValueError, match=r"work|order"):
        strip_jpeg(declared(megapixels, scans))


@pytest.mark.parametrize(("megapixels", "scans"), [(60, 20), (20, 60), (12, MAX_SCANS)])
def test_as_many_passes_as_any_radiograph_needs_are_accepted(megapixels, scans):
    assert megapixels * 10**6 <= MAX_PIXELS
    assert strip_jpeg(declared(megapixels, scans))[0].count(b"\xff\xda") == scans
