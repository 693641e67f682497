"""Intensity normalisation removes exposure, window and gamma."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from model.imaging.intensity import MEDIAN, MIN_SPAN, Intensity, normalise_intensity

NORMALISING = [Intensity.RANGE, Intensity.RANGE_AND_MEDIAN]
any_image = arrays(np.float32, (16, 24), elements=st.floats(0, 255, width=32))


def radiograph_like(seed: int) -> np.ndarray:
    """Return smooth random grey levels within 40-220: float32 (32, 32)."""
    coarse = np.random.default_rng(seed).uniform(40, 220, (8, 8))
    return np.kron(coarse, np.ones((4, 4))).astype(np.float32)


@given(any_image, st.sampled_from(NORMALISING))
def test_the_result_has_the_shape_type_and_range_of_a_network_input(image, method):
    normalised = normalise_intensity(image, method)
    assert normalised.shape == image.shape
    assert normalised.dtype == np.float32
    assert np.isfinite(normalised).all()
    assert normalised.min() >= 0
    assert normalised.max() <= 255


@given(any_image)
def test_unchanged_images_keep_their_grey_levels(image):
    assert np.array_equal(normalise_intensity(image, Intensity.UNCHANGED), image)


@given(any_image, st.sampled_from(NORMALISING))
def test_the_order_of_grey_levels_is_kept(image, method):
    order = np.argsort(image, axis=None, kind="stable")
    assert (np.diff(normalise_intensity(image, method).ravel()[order]) >= 0).all()


@given(st.integers(0, 1000), st.floats(0.3, 2.0), st.floats(-100, 100), st.sampled_from(NORMALISING))
def test_gain_and_offset_make_no_difference(seed, gain, offset, method):
    image = radiograph_like(seed)
    changed = (image * np.float32(gain) + np.float32(offset)).astype(np.float32)
    assert np.allclose(normalise_intensity(changed, method), normalise_intensity(image, method), atol=0.05)


@given(st.integers(0, 1000), st.floats(0.6, 1.6))
def test_gamma_leaves_the_median_where_it_was(seed, gamma):
    image = 255 * (radiograph_like(seed) / 255) ** np.float32(gamma)
    assert np.median(normalise_intensity(image, Intensity.RANGE_AND_MEDIAN)) == pytest.approx(255 * MEDIAN, abs=4)


def test_the_noise_of_a_uniform_image_is_hardly_amplified():
    noise = np.random.default_rng(0).uniform(100, 100 + MIN_SPAN / 8, (32, 32)).astype(np.float32)
    assert normalise_intensity(noise, Intensity.RANGE).max() <= 255 / 8


@pytest.mark.parametrize("method", NORMALISING)
def test_the_image_itself_is_not_changed(method):
    image = radiograph_like(0)
    before = image.copy()
    normalise_intensity(image, method)
    assert np.array_equal(image, before)
