"""JPEG files of every kind, compared with the original pixels and with Pillow."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from model.errors import FormatUnsupported
from model.imaging.decode import decode
from model.messages import MessageCode
from tests.support.image_files import LUMA, assert_pixels, assert_valid, encode, gradient, noise
from tests.support.messages import raises_message


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg_is_close_to_the_original(mode, options):
    if mode == "CMYK":
        grey = gradient()
        image = Image.merge("CMYK", [Image.fromarray(band) for band in (255 - grey, 255 - grey, 255 - grey, grey // 4)])
        expected = grey * (255.0 - grey // 4) / 255
    else:
        image, expected = Image.fromarray(gradient()).convert(mode), gradient()
    radiograph = decode(encode(image, quality=95, **options))
    assert_valid(radiograph)
    np.testing.assert_allclose(radiograph.pixels, expected, atol=4 if mode == "CMYK" else 2)
    assert radiograph.source_format == "JPEG"
    assert radiograph.bits == 8


def test_jpeg_has_the_values_that_pillow_decodes():
    content = encode(Image.fromarray(noise(40, 48, 3).astype(np.uint8)))
    expected = np.asarray(Image.open(io.BytesIO(content))) @ LUMA
    np.testing.assert_allclose(decode(content).pixels, expected, rtol=3e-7)


def test_ycck_jpeg_is_read():
    stored = Image.merge("CMYK", [Image.new("L", (32, 32), 255 - value) for value in (180, 90, 150, 230)])
    content = encode(stored, quality=100, subsampling=0)
    adobe = content.index(b"Adobe")
    content = content[: adobe + 11] + b"\2" + content[adobe + 12 :]  # transform: samples are Y, Cb, Cr and K
    light = 180 + np.array([1.402 * 22, -0.344136 * -38 - 0.714136 * 22, 1.772 * -38])  # inverted: ink
    expected = (255 - light) @ LUMA * 230 / 255
    np.testing.assert_allclose(decode(content).pixels, expected, atol=2)


def test_the_first_of_several_images_in_a_jpeg_is_read():
    first, second = Image.fromarray(gradient()), Image.fromarray(255 - gradient())
    content = encode(first, "MPO", save_all=True, append_images=[second], quality=95)
    radiograph = decode(content)
    assert radiograph.source_format == "JPEG"
    np.testing.assert_allclose(radiograph.pixels, gradient(), atol=2)
    assert_pixels(decode(content + b"\xff\xda video of a moving photograph"), radiograph.pixels)


@pytest.mark.parametrize(
    ("marker", "precision", "components"), [(0xC3, 8, 1), (0xC1, 12, 1), (0xC9, 8, 1), (0xF7, 8, 1), (0xC0, 8, 2)]
)
def test_unsupported_kinds_of_jpeg_are_refused(marker, precision, components):
    frame = struct.pack(">BBHBHHB", 0xFF, marker, 8 + 3 * components, precision, 64, 64, components)
    with raises_message(FormatUnsupported, MessageCode.RARE_JPEG):
        decode(b"\xff\xd8" + frame + b"\1\x11\0" * components)


@pytest.mark.parametrize("before", [b"\0", b"\r\n", b"Content-Type: image/jpeg\r\n\r\n", bytes(4000), b"\xff\xd8\0"])
def test_bytes_before_a_jpeg_are_skipped(before):
    jpeg = encode(Image.fromarray(gradient()))
    assert_pixels(decode(before + jpeg), decode(jpeg).pixels)


@pytest.mark.parametrize("before", [b"%PDF-1.7\n", b"<html>", bytes(5000)])
def test_a_jpeg_within_another_file_is_not_read(before):
    with pytest.raises(FormatUnsupported):
        decode(before + encode(Image.fromarray(gradient())))


@pytest.mark.parametrize("is_ink", [True, False], ids=["ink", "inverted ink"])
@pytest.mark.parametrize("black_only", [True, False])
def test_cmyk_without_the_mark_of_adobe_is_read_in_both_polarities(is_ink, black_only):
    grey = gradient()
    inks = [grey * 0] * 3 + [255 - grey] if black_only else [255 - grey] * 3 + [grey * 0]
    stored = Image.merge("CMYK", [Image.fromarray(255 - ink if is_ink else ink) for ink in inks])  # Pillow inverts it
    content = encode(stored, quality=98)
    start = content.index(b"\xff\xee")
    without_mark = content[:start] + content[start + 16 :]
    np.testing.assert_allclose(decode(without_mark).pixels, grey, atol=5)
