"""JPEG of every kind, against what was saved and what Pillow decodes."""

import io
import re
import struct

import numpy as np
import pytest
from PIL import Image

from model.errors import FormatUnsupported
from model.imaging.decode import decode
from tests.support.image_files import EXPORT, LUMA, check, noise, same, saved, smooth


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg_is_near_what_was_saved(mode, options):
    if mode == "CMYK":
        grey = smooth()
        image = Image.merge("CMYK", [Image.fromarray(band) for band in (255 - grey, 255 - grey, 255 - grey, grey // 4)])
        expected = grey * (255.0 - grey // 4) / 255
    else:
        image, expected = Image.fromarray(smooth()).convert(mode), smooth()
    picture = decode(saved(image, quality=95, **options))
    check(picture)
    np.testing.assert_allclose(picture.pixels, expected, atol=4 if mode == "CMYK" else 2)
    assert picture.source_format == "JPEG"
    assert picture.bits == 8


def test_jpeg_has_the_values_that_pillow_decodes():
    content = saved(Image.fromarray(noise(40, 48, 3).astype(np.uint8)))
    expected = np.asarray(Image.open(io.BytesIO(content))) @ LUMA
    np.testing.assert_allclose(decode(content).pixels, expected, rtol=3e-7)


def test_ycck_jpeg():
    stored = Image.merge("CMYK", [Image.new("L", (32, 32), 255 - value) for value in (180, 90, 150, 230)])
    content = saved(stored, quality=100, subsampling=0)
    adobe = content.index(b"Adobe")
    content = content[: adobe + 11] + b"\2" + content[adobe + 12 :]  # transform: the samples are Y, Cb, Cr and K
    light = 180 + np.array([1.402 * 22, -0.344136 * -38 - 0.714136 * 22, 1.772 * -38])  # and those inverted are ink
    expected = (255 - light) @ LUMA * 230 / 255
    np.testing.assert_allclose(decode(content).pixels, expected, atol=2)


def test_first_picture_of_several_in_a_jpeg():
    first, second = Image.fromarray(smooth()), Image.fromarray(255 - smooth())
    content = saved(first, "MPO", save_all=True, append_images=[second], quality=95)
    picture = decode(content)
    assert picture.source_format == "JPEG"
    np.testing.assert_allclose(picture.pixels, smooth(), atol=2)
    same(decode(content + b"\xff\xda video of a moving photograph"), picture.pixels)


@pytest.mark.parametrize(
    ("marker", "precision", "components"), [(0xC3, 8, 1), (0xC1, 12, 1), (0xC9, 8, 1), (0xF7, 8, 1), (0xC0, 8, 2)]
)
def test_rare_jpeg_is_refused_by_name(marker, precision, components):
    frame = struct.pack(">BBHBHHB", 0xFF, marker, 8 + 3 * components, precision, 64, 64, components)
    message = f"This is a rare kind of JPEG, which is not read. Ordinary {EXPORT}"
    with pytest.raises(FormatUnsupported, match=re.escape(message)):
        decode(b"\xff\xd8" + frame + b"\1\x11\0" * components)
