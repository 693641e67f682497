"""Colourfulness, which distinguishes colour photographs from radiographs."""

import io
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from model.imaging.decode import decode
from model.imaging.samples import colourfulness
from tests.support.image_files import noise, png, png_chunk


def jpeg(samples: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(samples).save(file, "JPEG", quality=95, subsampling=0)
    return file.getvalue()


def test_grey_is_not_colourful_in_any_encoding():
    grey = noise(60, 70).astype(np.uint8)
    rgb = np.repeat(grey[..., np.newaxis], 3, axis=2)
    palette = png_chunk(b"PLTE", np.repeat(np.arange(256, dtype=np.uint8), 3).tobytes())
    files = (
        png(grey),
        png(rgb, 8, 2),
        png(np.insert(rgb, 3, 90, axis=2), 8, 6),
        png(grey, 8, 3, palette),
        jpeg(rgb),
    )
    for content in files:
        assert decode(content).colourfulness < 0.5


def test_colourfulness_agrees_with_the_paper():
    """One half is red, the other green: red - green is 200 or -200, (red + green) / 2 - blue is 100 everywhere."""
    samples = np.zeros((40, 50, 3), np.uint8)
    samples[:, :25, 0] = samples[:, 25:, 1] = 200
    assert decode(png(samples, 8, 2)).colourfulness == pytest.approx(200 + 0.3 * 100)
    assert decode(png(samples.astype(np.uint16) * 257, 16, 2)).colourfulness == pytest.approx(230, rel=0.01)


def test_a_palette_is_as_colourful_as_its_colours():
    colours = np.array([[200, 0, 0], [0, 200, 0]], np.uint8)
    indices = np.arange(200, dtype=np.uint8).reshape(10, 20) % 2
    indices = np.repeat(np.repeat(indices, 4, axis=0), 4, axis=1)
    assert decode(png(indices, 8, 3, png_chunk(b"PLTE", colours.tobytes()))).colourfulness == pytest.approx(230)


@pytest.mark.slow
@given(st.integers(1, 20), st.integers(32, 300), st.integers(32, 300))
def test_colourfulness_of_noise_hardly_depends_on_the_size(seed, height, width):
    samples = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    measured = colourfulness(samples, 255)
    assert 100 < measured < 200
    assert colourfulness(samples[..., :1], 255) == colourfulness(samples[..., :2], 255) == 0


@pytest.mark.parametrize("shape", [(33, 1_000_000, 3), (1_000_000, 33, 4)])
def test_colourfulness_of_a_narrow_image_takes_little_memory(shape):
    samples = np.zeros(shape, np.uint8)
    samples[..., 0] = 255
    tracemalloc.start()
    try:
        assert colourfulness(samples, 255) == pytest.approx(colourfulness(samples[:200, :200], 255))
        assert tracemalloc.get_traced_memory()[1] < 10 * 2**20
    finally:
        tracemalloc.stop()
