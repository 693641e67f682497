"""Any bytes are read or refused with a message, and the pixels of valid files are preserved."""

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
from tests.support.image_files import (
    PNG_SIGNATURE,
    assert_pixels,
    assert_valid,
    encode,
    jpeg_seeds,
    noise,
    png,
    png_chunk,
    png_header,
    png_seeds,
)

pytestmark = pytest.mark.slow

PNG_FILES, JPEG_FILES = tuple(png_seeds()), tuple(jpeg_seeds())


def assert_read_or_refused(content: bytes) -> None:
    try:
        assert_valid(decode(content))
    except FileRefused as refusal:
        assert str(refusal)  # noqa: PT017 - the message can be rendered


@settings(max_examples=3 * settings.default.max_examples)
@given(
    start=st.sampled_from([b"", PNG_SIGNATURE, png_header(40, 40), b"\xff\xd8\xff", b"\xff\xd8\xff\xe1"]),
    rest=st.binary(),
)
def test_any_bytes_are_read_or_refused(start, rest):
    assert_read_or_refused(start + rest)


@settings(max_examples=3 * settings.default.max_examples)
@given(original=st.sampled_from(PNG_FILES + JPEG_FILES), share=st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_refused(original, share):
    with pytest.raises(FileRefused):
        decode(original[: int(share * len(original))])


@settings(max_examples=6 * settings.default.max_examples)
@given(
    original=st.sampled_from(PNG_FILES + JPEG_FILES),
    share=st.floats(0, 1, exclude_max=True),
    change=st.integers(1, 255),
)
def test_a_file_with_one_changed_byte_is_read_or_refused(original, share, change):
    content = bytearray(original)
    content[int(share * len(content))] ^= change
    if original.startswith(PNG_SIGNATURE):  # the checksums detect it
        with pytest.raises(FileRefused):
            decode(bytes(content))
    else:
        assert_read_or_refused(bytes(content))


@settings(max_examples=3 * settings.default.max_examples)
@given(
    original=st.sampled_from(PNG_FILES),
    chunk_number=st.integers(0, 5),
    share=st.floats(0, 1, exclude_max=True),
    change=st.integers(1, 255),
)
def test_a_png_with_one_changed_byte_and_a_valid_checksum_is_read_or_refused(original, chunk_number, share, change):
    chunks, position = [], len(PNG_SIGNATURE)
    while position < len(original):
        length, name = struct.unpack_from(">I4s", original, position)
        chunks.append((name, bytearray(original[position + 8 : position + 8 + length])))
        position += length + 12
    name, data = chunks[chunk_number % (len(chunks) - 1)]
    data[int(share * len(data))] ^= change
    assert_read_or_refused(PNG_SIGNATURE + b"".join(png_chunk(name, bytes(data)) for name, data in chunks))


sides = array_shapes(min_dims=2, max_dims=2, min_side=32, max_side=40)


@settings(max_examples=60)
@given(arrays(np.uint8, sides))
def test_8_bit_values_are_preserved(samples):
    for content in (png(samples), encode(Image.fromarray(samples), "PNG")):
        assert_pixels(decode(content), samples)


@settings(max_examples=60)
@given(arrays(np.uint16, sides))
def test_16_bit_values_are_scaled_linearly(samples):
    radiograph = decode(png(samples, 16, 0, png_chunk(b"sBIT", b"\x10")))  # else the range would be a guess
    assert_valid(radiograph)
    np.testing.assert_array_equal(np.rint(radiograph.pixels * (65535 / 255.0)), samples)


def test_threads_may_decode_at_once():
    images = [noise(200 + seed, 300, below=2**16, seed=seed) for seed in range(8)]
    files = [png(image, 16, 0, interlace=bool(index % 2)) for index, image in enumerate(images)]
    with ThreadPoolExecutor(8) as pool:
        for index, radiograph in enumerate(pool.map(decode, files * 5)):
            np.testing.assert_allclose(radiograph.pixels, images[index % 8] * 255 / 65535, rtol=3e-7)
