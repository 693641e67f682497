"""PNG of every kind, and the range of 16-bit samples."""

import struct

import numpy as np
import pytest
from PIL import Image

from model.imaging.decode import decode
from tests.support.image_files import CHANNELS, LUMA, check, chunk, noise, png, same, saved, smooth

# --- every kind of PNG


@pytest.mark.parametrize("interlace", [False, True], ids=["plain", "adam7"])
@pytest.mark.parametrize(
    ("colour", "depth"),
    [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (4, 8), (4, 16), (6, 8), (6, 16)],
)
def test_png_of_every_kind_is_read_in_full(colour, depth, interlace):
    white = 2**depth - 1
    samples = noise(37, 43, CHANNELS[colour], below=white + 1)
    samples[0, 0] = white
    light = samples[..., :3] @ LUMA if colour in (2, 6) else samples[..., 0]
    opacity = samples[..., -1] / white if colour in (4, 6) else 1
    picture = decode(png(samples, depth, colour, interlace=interlace))
    check(picture)
    np.testing.assert_allclose(picture.pixels, light * opacity * 255 / white, rtol=3e-7, atol=1e-5)
    assert picture.pixels[0, 0] == 255
    assert picture.source_format == "PNG"
    assert picture.bits == (depth if colour == 0 or depth == 16 else 8)


@pytest.mark.parametrize("interlace", [False, True], ids=["plain", "adam7"])
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_png_palette_with_and_without_transparency(depth, interlace):
    samples, colours = noise(37, 43, below=2**depth), noise(2**depth, 3, seed=1)
    alpha = noise(2**depth - 1, seed=2)  # fewer than colours: the rest is opaque
    palette = chunk(b"PLTE", colours.astype(np.uint8).tobytes())
    opaque = decode(png(samples, depth, 3, palette, interlace=interlace))
    np.testing.assert_allclose(opaque.pixels, (colours @ LUMA)[samples], rtol=3e-7, atol=1e-5)
    assert opaque.bits == 8
    see_through = png(samples, depth, 3, palette, chunk(b"tRNS", alpha.astype(np.uint8).tobytes()), interlace=interlace)
    expected = (colours @ LUMA * np.append(alpha, 255) / 255)[samples]
    np.testing.assert_allclose(decode(see_through).pixels, expected, rtol=3e-7, atol=1e-5)


def test_palette_index_without_a_colour_is_black():
    palette = chunk(b"PLTE", b"\xff\xff\xff")
    same(decode(png(np.eye(32, dtype=int), 8, 3, palette)), 255 * (1 - np.eye(32)))


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_the_one_clear_grey_is_black(depth):
    samples = noise(32, 32, below=2**depth)
    samples[0, :2] = 2**depth - 1, 2**depth - 2
    clear = 2**depth - 1
    expected = np.where(samples == clear, 0, samples * 255 / (2**depth - 1))
    same(decode(png(samples, depth, 0, chunk(b"tRNS", struct.pack(">H", clear)))), expected)


@pytest.mark.parametrize("depth", [8, 16])
def test_the_one_clear_colour_is_black(depth):
    white = 2**depth - 1
    samples = np.full((32, 32, 3), white)
    samples[3, 4] = white, 200, 7
    samples[5, 6] = white, 200, 8  # as good as the clear colour, yet opaque
    pixels = decode(png(samples, depth, 2, chunk(b"tRNS", struct.pack(">HHH", white, 200, 7)))).pixels
    assert pixels[3, 4] == 0
    assert pixels[5, 6] == pytest.approx(samples[5, 6] @ LUMA * 255 / white)


def test_grey_stored_as_colour_is_the_same_grey():
    grey = np.arange(256).repeat(8).reshape(32, 64)
    for colour, samples in ((2, np.stack([grey] * 3, -1)), (6, np.stack([grey] * 3 + [grey * 0 + 255], -1))):
        same(decode(png(samples, 8, colour)), grey)


def test_luma_is_pillows_before_rounding():
    image = Image.fromarray(noise(64, 64, 3).astype(np.uint8))
    np.testing.assert_allclose(decode(saved(image, "PNG")).pixels, np.asarray(image.convert("L")), atol=0.51)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16", "P", "RGB", "RGBA"])
def test_png_as_pillow_writes_it(mode):
    grey = Image.fromarray(smooth())
    image = Image.fromarray(smooth().astype(np.uint16) * 257) if mode == "I;16" else grey.convert(mode)
    expected = np.asarray(grey.convert(mode).convert("L") if mode in ("1", "P") else grey)
    np.testing.assert_allclose(decode(saved(image, "PNG")).pixels, expected, atol=1e-4)


# --- 16-bit samples


@pytest.mark.parametrize("bits", range(8, 17))
@pytest.mark.parametrize("colour", [0, 2, 4, 6])
def test_range_is_the_smallest_depth_that_holds_the_largest_sample(bits, colour):
    grey = noise(32, 32, below=2**bits)
    grey[0, 0] = 2**bits - 1
    opaque = np.full_like(grey, 65535)
    channels = {0: [grey], 2: [grey] * 3, 4: [grey, opaque], 6: [grey] * 3 + [opaque]}[colour]
    picture = decode(png(np.stack(channels, -1), 16, colour))
    assert picture.bits == bits
    np.testing.assert_allclose(picture.pixels, grey * 255 / (2**bits - 1), rtol=3e-7)


@pytest.mark.parametrize(
    ("declared", "largest", "white", "bits"),
    [
        (12, 900, 4095, 12),  # fits: the range is the declared one, not the 10 bits in use
        (12, 4095, 4095, 12),
        (16, 900, 65535, 16),
        (12, 65520, 65535, 12),  # scaled up by the encoder, as the standard asks: 16 bits, 12 of them significant
        (10, 4000, 4095, 10),  # cannot be: the samples decide
        (0, 4000, 4095, 12),
        (17, 4000, 4095, 12),
    ],
)
def test_declared_significant_bits(declared, largest, white, bits):
    samples = noise(32, 32, below=largest + 1)
    samples[0, 0] = largest
    picture = decode(png(samples, 16, 0, chunk(b"sBIT", bytes([declared]))))
    same(picture, samples * 255 / white)
    assert picture.bits == bits


def test_black_16_bit_picture():
    picture = decode(png(np.zeros((32, 32), int), 16))
    same(picture, np.zeros((32, 32)))
    assert picture.bits == 8


def test_8_bit_pictures_are_not_stretched():
    same(decode(png(noise(32, 32, below=9), 8, 0, chunk(b"sBIT", b"\4"))), noise(32, 32, below=9))
