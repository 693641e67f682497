"""Range of the grey values of a radiograph."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model.imaging.grey_range import count_levels, estimate_range, image_uses_grey_range

VALUES = np.arange(256.0)
counts = arrays(np.int64, 256, elements=st.integers(0, 1000))


def film(lowest: int = 0, highest: int = 200) -> np.ndarray:
    """Return the number of pixels of each value of a radiograph that uses a range evenly."""
    return np.where((lowest <= VALUES) & (highest >= VALUES), 100, 0)


@given(counts)
def test_the_range_lies_within_that_of_the_pixels_and_contains_most_of_them(pixels):
    lowest, highest, is_estimate = estimate_range(VALUES, pixels)
    used = VALUES[pixels > 0] if pixels.any() else np.zeros(1)
    assert used.min() <= lowest <= highest <= used.max()
    assert is_estimate == (lowest > used.min() or highest < used.max())
    within = pixels[(lowest <= VALUES) & (highest >= VALUES)].sum()
    assert within >= 0.9 * pixels.sum() - 1


@given(counts, st.floats(0.01, 100), st.floats(-1e4, 1e4), st.booleans())
def test_the_range_follows_a_linear_change_of_the_values(pixels, scale, offset, is_reversed):
    scale = -scale if is_reversed else scale
    expected = estimate_range(VALUES * scale + offset, pixels)
    lowest, highest, _ = estimate_range(VALUES, pixels)
    ends = sorted([lowest * scale + offset, highest * scale + offset]) if pixels.any() else (0, 0)
    assert expected[:2] == pytest.approx(ends, abs=abs(scale) * 30)


@pytest.mark.parametrize("share", [0.0001, 0.005, 0.04])
def test_a_marker_beyond_a_gap_is_left_out(share):
    pixels = film(0, 100)
    pixels[250] = max(1, round(share * pixels.sum()))
    assert estimate_range(VALUES, pixels) == (0, 100, True)


def test_the_bright_end_of_a_film_is_kept():
    pixels = film(0, 100) + np.where(VALUES > 100, 1, 0)  # thin, but without a gap
    assert estimate_range(VALUES, pixels) == (0, 255, False)


@pytest.mark.parametrize(
    ("lowest", "highest", "is_used"), [(0, 255, True), (50, 220, True), (0, 128, False), (128, 255, False)]
)
def test_an_image_uses_the_grey_range_if_it_has_more_than_about_half_of_the_levels(lowest, highest, is_used):
    pixels = np.tile(np.linspace(lowest, highest, 400, dtype=np.float32), (300, 1))
    assert image_uses_grey_range(pixels) is is_used


@pytest.mark.parametrize(("white", "black", "is_used"), [(0.01, 0.3, True), (0.1, 0, False), (0, 0.6, False)])
def test_an_image_that_is_cut_off_does_not_use_the_grey_range(white, black, is_used):
    row = np.linspace(1, 250, 1000, dtype=np.float32)
    row[: round(1000 * black)] = 0
    row[1000 - round(1000 * white) :] = 255
    assert image_uses_grey_range(np.tile(row, (40, 1))) is is_used


def test_large_images_are_counted_in_part():
    levels = np.tile(np.arange(250, dtype=np.uint8), (4000, 16))
    counted = count_levels(levels, 256)
    assert counted.sum() < 400_000
    assert not counted[250:].any()
