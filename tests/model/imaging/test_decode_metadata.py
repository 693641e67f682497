"""Metadata of PNG and JPEG files: the orientation is applied, everything else is ignored."""

import io
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from model.errors import FileUnreadable
from model.imaging.decode import decode
from model.messages import MessageCode
from tests.support.image_files import assert_pixels, encode, exif_block, gradient, noise, png, png_chunk, with_exif
from tests.support.messages import raises_message


@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize("value_type", [3, 4])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_is_applied(orientation, value_type, byte_order):
    data = exif_block(orientation, byte_order, value_type)
    stored = noise(33, 47)
    png_file = png(stored, 8, 0, png_chunk(b"eXIf", data))
    jpeg_file = with_exif(encode(Image.fromarray(stored.astype(np.uint8))), data)
    for file in (png_file, jpeg_file):
        upright = ImageOps.exif_transpose(Image.open(io.BytesIO(file)))
        assert_pixels(decode(file), np.asarray(upright))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"II",
        b"MM\0*\0\0\0\x08",
        b"II*\0\xff\xff\xff\xff",
        exif_block(0),
        exif_block(9),
        exif_block(6)[:-9],
        b"\xff" * 99,
    ],
)
def test_an_unreadable_orientation_counts_as_upright(data):
    assert_pixels(decode(png(noise(33, 47), 8, 0, png_chunk(b"eXIf", data))), noise(33, 47))
    assert decode(with_exif(encode(Image.fromarray(gradient())), data)).pixels.shape == gradient().shape


@pytest.mark.parametrize("name", [b"tEXt", b"zTXt", b"iTXt", b"tIME", b"pHYs"])
def test_damaged_text_in_a_png_is_ignored(name):
    damaged = png_chunk(name, b"Comment\0taken in room 5")[:-1] + b"?"
    assert_pixels(decode(png(noise(32, 32), 8, 0, damaged)), noise(32, 32))


@pytest.mark.parametrize("name", [b"tRNS", b"sBIT", b"eXIf", b"PLTE"])
def test_damage_in_a_chunk_that_changes_the_image_is_refused(name):
    damaged = png_chunk(name, b"\0\4")[:-1] + b"?"
    with raises_message(FileUnreadable, MessageCode.FILE_DAMAGED):
        decode(png(noise(32, 32), 8, 0, damaged))


def test_other_metadata_is_not_parsed_and_causes_no_warning():
    content = encode(Image.fromarray(gradient()))
    malformed = [
        b"\xff\xe2\0\x0aMPF\0\xff\xff\xff\xff",
        b"\xff\xe1\0\x0cExif\0\0\xff\xff\xff\xff",
        b"\xff\xfe\0\4\xff\xff",
    ]
    bomb = png_chunk(b"zTXt", b"Note\0\0" + zlib.compress(bytes(5_000_000))) + png_chunk(b"iCCP", b"\xff")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_pixels(decode(content[:2] + b"".join(malformed) + content[2:]), decode(content).pixels)
        assert_pixels(decode(png(noise(32, 32), 8, 0, bomb)), noise(32, 32))
