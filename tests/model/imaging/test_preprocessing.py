"""Resizing, and the working image."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from model.imaging.geometry import RelativeBox, resize
from model.imaging.preprocessing import WORKING_SIDE, working_image
from model.imaging.radiograph import Radiograph

sides = st.integers(1, 80)
images = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=60), elements=st.floats(0, 255, width=32))


@pytest.mark.slow
@given(pixels=images, height=sides, width=sides)
def test_size_type_and_range_are_as_documented(pixels, height, width):
    resized = resize(pixels, height, width)

    assert resized.shape == (height, width)
    assert resized.dtype == np.float32
    assert resized.min() >= pixels.min() - 1e-4
    assert resized.max() <= pixels.max() + 1e-4
    assert resized.min() >= 0
    assert resized.max() <= 255


@pytest.mark.slow
@given(pixels=images)
def test_an_image_of_the_right_size_is_not_changed(pixels):
    np.testing.assert_array_equal(resize(pixels, *pixels.shape), pixels)


@given(value=st.floats(0, 255, width=32), shape=st.tuples(sides, sides), height=sides, width=sides)
def test_a_constant_image_stays_constant(value, shape, height, width):
    resized = resize(np.full(shape, value, np.float32), height, width)
    np.testing.assert_allclose(resized, value, rtol=1e-6, atol=1e-30)


@pytest.mark.slow
@given(pixels=images, height=sides, width=sides)
def test_the_sides_are_resized_independently(pixels, height, width):
    both = resize(pixels, height, width)
    sequential = resize(resize(pixels, height, pixels.shape[1]), height, width)
    np.testing.assert_allclose(sequential, both, atol=1e-3)


def test_the_aspect_ratio_is_not_preserved():
    """A stretched image gives the same network input, because framing must not change the finding."""
    pixels = np.random.default_rng(0).uniform(0, 255, (40, 60)).astype(np.float32)
    stretched = pixels.repeat(3, axis=1)
    np.testing.assert_allclose(resize(stretched, 20, 20), resize(pixels, 20, 20), atol=6)


def test_fine_stripes_are_averaged_instead_of_aliased():
    stripes = np.zeros((400, 400), np.float32)
    stripes[:, ::2] = 200
    assert np.abs(resize(stripes, 50, 50)[:, 1:-1] - 100).max() < 1


def test_up_stays_up_and_left_stays_left():
    pixels = np.zeros((90, 90), np.float32)
    pixels[:30, 60:] = 255  # top right
    resized = resize(pixels, 9, 9)
    assert resized[1, 7] == 255
    assert resized[1, 1] == resized[7, 7] == resized[7, 1] == 0


# --- a region


@pytest.mark.slow
@given(pixels=images, height=sides, width=sides)
def test_size_type_and_range_of_a_region_are_as_documented(pixels, height, width):
    region = resize(pixels, height, width, RelativeBox(0.2, 0.4, 0.7, 0.6))

    assert region.shape == (height, width)
    assert region.dtype == np.float32
    assert region.min() >= pixels.min() - 1e-4
    assert region.max() <= pixels.max() + 1e-4


def test_a_region_is_cropped_at_relative_edges():
    pixels = np.zeros((100, 200), np.float32)
    pixels[40:60, 20:100] = 200
    inside = resize(pixels, 10, 20, RelativeBox(left=0.15, top=0.45, right=0.45, bottom=0.55))
    np.testing.assert_array_equal(inside, 200)
    assert not resize(pixels, 10, 20, RelativeBox(left=0.6, top=0, right=1, bottom=1)).any()
    assert not resize(pixels, 10, 20, RelativeBox(left=0, top=0.7, right=1, bottom=1)).any()


def test_a_region_is_cropped_even_if_the_image_has_the_right_size():
    pixels = np.zeros((50, 50), np.float32)
    pixels[:, 25:] = 255
    assert resize(pixels, 50, 50, RelativeBox(0.6, 0, 1, 1)).min() == 255


def test_up_stays_up_and_left_stays_left_in_a_region():
    pixels = np.zeros((90, 90), np.float32)
    pixels[:30, 60:] = 255  # top right
    region = resize(pixels, 9, 9, RelativeBox(left=0.5, top=0.2, right=0.9, bottom=0.6))
    assert region[1, 7] == 255
    assert region[1, 1] == region[7, 7] == region[7, 1] == 0


# --- the working image


@pytest.mark.parametrize("shape", [(300, 400), (96, 96), (WORKING_SIDE, WORKING_SIDE), (33, 1000)])
def test_the_working_image_is_the_whole_radiograph_at_one_size(shape):
    pixels = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    working = working_image(Radiograph(pixels, "PNG", 8))

    assert working.shape == (WORKING_SIDE, WORKING_SIDE)
    assert working.dtype == np.float32
    np.testing.assert_array_equal(working, resize(pixels, WORKING_SIDE, WORKING_SIDE))
