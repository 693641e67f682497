"""PNG of every kind, and the range of 16-bit samples."""

import struct

import numpy as np
import pytest
from PIL import Image

from model.codes import Caution
from model.imaging.decode import decode
from tests.support.image_files import (
    CHANNELS,
    LUMA,
    assert_pixels,
    assert_valid,
    encode,
    gradient,
    noise,
    png,
    png_chunk,
)

# --- every kind of PNG


@pytest.mark.parametrize("interlace", [False, True], ids=["plain", "adam7"])
@pytest.mark.parametrize(
    ("colour_type", "depth"),
    [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (4, 8), (4, 16), (6, 8), (6, 16)],
)
def test_png_of_every_kind_is_read_in_full(colour_type, depth, interlace):
    white = 2**depth - 1
    samples = noise(37, 43, CHANNELS[colour_type], below=white + 1)
    samples[0, 0] = white
    luma = samples[..., :3] @ LUMA if colour_type in (2, 6) else samples[..., 0]
    opacity = samples[..., -1] / white if colour_type in (4, 6) else 1
    radiograph = decode(png(samples, depth, colour_type, interlace=interlace))
    assert_valid(radiograph)
    np.testing.assert_allclose(radiograph.pixels, luma * opacity * 255 / white, rtol=3e-7, atol=1e-5)
    assert radiograph.pixels[0, 0] == 255
    assert radiograph.source_format == "PNG"
    assert radiograph.bits == (depth if colour_type == 0 or depth == 16 else 8)


@pytest.mark.parametrize("interlace", [False, True], ids=["plain", "adam7"])
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_palettes_are_read_with_and_without_transparency(depth, interlace):
    samples, colours = noise(37, 43, below=2**depth), noise(2**depth, 3, seed=1)
    alpha = noise(2**depth - 1, seed=2)  # one fewer than the colours: the last one is opaque
    palette = png_chunk(b"PLTE", colours.astype(np.uint8).tobytes())
    opaque = decode(png(samples, depth, 3, palette, interlace=interlace))
    np.testing.assert_allclose(opaque.pixels, (colours @ LUMA)[samples], rtol=3e-7, atol=1e-5)
    assert opaque.bits == 8
    transparent = png(
        samples, depth, 3, palette, png_chunk(b"tRNS", alpha.astype(np.uint8).tobytes()), interlace=interlace
    )
    expected = (colours @ LUMA * np.append(alpha, 255) / 255)[samples]
    np.testing.assert_allclose(decode(transparent).pixels, expected, rtol=3e-7, atol=1e-5)


def test_a_palette_index_without_a_colour_is_black():
    palette = png_chunk(b"PLTE", b"\xff\xff\xff")
    assert_pixels(decode(png(np.eye(32, dtype=int), 8, 3, palette)), 255 * (1 - np.eye(32)))


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_the_one_transparent_grey_is_black(depth):
    samples = noise(32, 32, below=2**depth)
    samples[0, :2] = 2**depth - 1, 2**depth - 2
    transparent_grey = 2**depth - 1
    expected = np.where(samples == transparent_grey, 0, samples * 255 / (2**depth - 1))
    assert_pixels(decode(png(samples, depth, 0, png_chunk(b"tRNS", struct.pack(">H", transparent_grey)))), expected)


@pytest.mark.parametrize("depth", [8, 16])
def test_the_one_transparent_colour_is_black(depth):
    white = 2**depth - 1
    samples = np.full((32, 32, 3), white)
    samples[3, 4] = white, 200, 7
    samples[5, 6] = white, 200, 8  # nearly the transparent colour, but opaque
    pixels = decode(png(samples, depth, 2, png_chunk(b"tRNS", struct.pack(">HHH", white, 200, 7)))).pixels
    assert pixels[3, 4] == 0
    assert pixels[5, 6] == pytest.approx(samples[5, 6] @ LUMA * 255 / white)


def test_grey_stored_as_colour_stays_the_same():
    grey = np.arange(256).repeat(8).reshape(32, 64)
    for colour_type, samples in ((2, np.stack([grey] * 3, -1)), (6, np.stack([grey] * 3 + [grey * 0 + 255], -1))):
        assert_pixels(decode(png(samples, 8, colour_type)), grey)


def test_luma_agrees_with_pillow_up_to_rounding():
    image = Image.fromarray(noise(64, 64, 3).astype(np.uint8))
    np.testing.assert_allclose(decode(encode(image, "PNG")).pixels, np.asarray(image.convert("L")), atol=0.51)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16", "P", "RGB", "RGBA"])
def test_png_files_written_by_pillow_are_read(mode):
    grey = Image.fromarray(gradient())
    image = Image.fromarray(gradient().astype(np.uint16) * 257) if mode == "I;16" else grey.convert(mode)
    expected = np.asarray(grey.convert(mode).convert("L") if mode in ("1", "P") else grey)
    np.testing.assert_allclose(decode(encode(image, "PNG")).pixels, expected, atol=1e-4)


# --- 16-bit samples


@pytest.mark.parametrize("bits", range(8, 17))
@pytest.mark.parametrize("colour_type", [0, 2, 4, 6])
def test_the_largest_sample_is_white(bits, colour_type):
    grey = noise(32, 32, below=2**bits)
    grey[0, 0] = 2**bits - 1
    opaque = np.full_like(grey, 65535)
    channels = {0: [grey], 2: [grey] * 3, 4: [grey, opaque], 6: [grey] * 3 + [opaque]}[colour_type]
    radiograph = decode(png(np.stack(channels, -1), 16, colour_type))
    assert radiograph.bits == bits
    np.testing.assert_allclose(radiograph.pixels, grey * 255 / (2**bits - 1), rtol=3e-7)


@pytest.mark.parametrize(
    ("declared", "largest", "white", "bits"),
    [
        (12, 900, 4095, 12),  # all samples fit, so the declared range is used instead of the 10 bits in use
        (12, 4095, 4095, 12),
        (16, 900, 65535, 16),
        (12, 65520, 65535, 12),  # scaled up by the encoder, as the standard requires
        (10, 4000, 4000, 10),  # contradictory, so the samples decide
        (0, 4000, 4000, 12),
        (17, 4000, 4000, 12),
    ],
)
def test_declared_significant_bits_set_the_range(declared, largest, white, bits):
    samples = noise(32, 32, below=largest + 1)
    samples[0, 0] = largest
    radiograph = decode(png(samples, 16, 0, png_chunk(b"sBIT", bytes([declared]))))
    assert_pixels(radiograph, samples * 255 / white)
    assert radiograph.bits == bits


@pytest.mark.parametrize("largest", [260, 600, 1030, 2100, 4200, 9000, 18_000, 33_000])
@pytest.mark.parametrize("colour_type", [0, 2])
def test_a_film_that_fills_no_number_of_bits_is_stretched_with_a_caution(largest, colour_type):
    samples = noise(64, 64, below=largest + 1)
    samples[0, 0] = largest
    radiograph = decode(png(np.stack([samples] * CHANNELS[colour_type], -1), 16, colour_type))
    np.testing.assert_allclose(radiograph.pixels, samples * 255 / largest, rtol=3e-7)
    assert radiograph.cautions == (Caution.WINDOW_GUESSED,)


@pytest.mark.parametrize("mark", [65535, 9000])
def test_a_mark_above_a_16_bit_film_does_not_change_its_range(mark):
    samples = noise(64, 64, below=4096)
    samples[0, :2] = 4095, mark
    radiograph = decode(png(samples, 16))
    np.testing.assert_allclose(radiograph.pixels, np.minimum(samples * 255 / 4095, 255), rtol=3e-7)
    assert radiograph.cautions == (Caution.WINDOW_GUESSED,)


def test_a_dark_8_bit_image_is_kept_with_a_caution():
    samples = noise(64, 64, below=129)
    radiograph = decode(png(samples))
    assert_pixels(radiograph, samples)
    assert radiograph.cautions == (Caution.WINDOW_IMPLAUSIBLE,)


def test_a_black_16_bit_image_is_read():
    radiograph = decode(png(np.zeros((32, 32), int), 16))
    assert_pixels(radiograph, np.zeros((32, 32)))
    assert radiograph.bits == 8


def test_8_bit_images_are_not_stretched():
    assert_pixels(decode(png(noise(32, 32, below=9), 8, 0, png_chunk(b"sBIT", b"\4"))), noise(32, 32, below=9))
