"""Whatever comes is read or refused in a sentence; sound files come back as they were."""

import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from model.errors import FileRefused
from model.imaging.decode import decode
from tests.support.image_files import SIGNATURE, check, chunk, exif, header, noise, png, same, saved, smooth, with_exif

steady = settings(derandomize=True, deadline=None, database=None)


def originals() -> list[bytes]:
    orientation, palette = chunk(b"eXIf", exif(6)), chunk(b"PLTE", noise(256, 3).astype(np.uint8).tobytes())
    image = Image.fromarray(smooth())
    return [
        png(noise(32, 33), 8, 0, orientation),
        png(noise(33, 32, below=4096), 16, 0, chunk(b"sBIT", b"\x0c"), interlace=True),
        png(noise(32, 32), 8, 3, palette, chunk(b"tRNS", bytes(9))),
        png(noise(32, 32, 4, below=65536), 16, 6),
        png(noise(32, 32, 2, below=65536), 16, 4),
        with_exif(saved(image), exif(6)),
        saved(image.convert("RGB"), progressive=True),
        saved(image.convert("CMYK")),
    ]


ORIGINALS = originals()


def read_or_refused(content: bytes) -> None:
    try:
        check(decode(content))
    except FileRefused as refusal:
        assert len(str(refusal).split(". ")) >= 3  # noqa: PT017 - what happened, what is accepted, what to do
        assert "Error" not in str(refusal)  # noqa: PT017


@settings(steady, max_examples=300)
@given(start=st.sampled_from([b"", SIGNATURE, header(40, 40), b"\xff\xd8\xff", b"\xff\xd8\xff\xe1"]), rest=st.binary())
def test_any_bytes_are_read_or_refused(start, rest):
    read_or_refused(start + rest)


@settings(steady, max_examples=300)
@given(original=st.sampled_from(ORIGINALS), share=st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_refused(original, share):
    with pytest.raises(FileRefused):
        decode(original[: int(share * len(original))])


@settings(steady, max_examples=600)
@given(original=st.sampled_from(ORIGINALS), share=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_a_file_with_one_byte_changed(original, share, change):
    content = bytearray(original)
    content[int(share * len(content))] ^= change
    if original.startswith(SIGNATURE):  # checksums find each single one
        with pytest.raises(FileRefused):
            decode(bytes(content))
    else:
        read_or_refused(bytes(content))


@settings(steady, max_examples=300)
@given(
    original=st.sampled_from([content for content in ORIGINALS if content.startswith(SIGNATURE)]),
    part=st.integers(0, 5),
    share=st.floats(0, 1, exclude_max=True),
    change=st.integers(1, 255),
)
def test_a_png_with_one_byte_changed_and_its_checksum_mended(original, part, share, change):
    chunks, position = [], len(SIGNATURE)
    while position < len(original):
        length, name = struct.unpack_from(">I4s", original, position)
        chunks.append((name, bytearray(original[position + 8 : position + 8 + length])))
        position += length + 12
    name, data = chunks[part % (len(chunks) - 1)]
    data[int(share * len(data))] ^= change
    read_or_refused(SIGNATURE + b"".join(chunk(name, bytes(data)) for name, data in chunks))


sides = array_shapes(min_dims=2, max_dims=2, min_side=32, max_side=40)


@settings(steady, max_examples=60)
@given(arrays(np.uint8, sides))
def test_8_bit_values_come_back_as_they_were(samples):
    for content in (png(samples), saved(Image.fromarray(samples), "PNG")):
        same(decode(content), samples)


@settings(steady, max_examples=60)
@given(arrays(np.uint16, sides))
def test_16_bit_values_come_back_in_proportion(samples):
    picture = decode(saved(Image.fromarray(samples), "PNG"))
    check(picture)
    np.testing.assert_array_equal(np.rint(picture.pixels * ((2**picture.bits - 1) / 255.0)), samples)


def test_threads_get_their_own_pictures():
    pictures = [noise(200 + seed, 300, below=2**16, seed=seed) for seed in range(8)]
    files = [png(picture, 16, 0, interlace=bool(index % 2)) for index, picture in enumerate(pictures)]
    with ThreadPoolExecutor(8) as pool:
        for index, picture in enumerate(pool.map(decode, files * 5)):
            np.testing.assert_allclose(picture.pixels, pictures[index % 8] * 255 / 65535, rtol=3e-7)
