import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from model.preprocess import preprocess, resize
from model.radiograph import Radiograph

sides = st.integers(1, 80)
pictures = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=60), elements=st.floats(0, 255, width=32))


@given(pixels=pictures, height=sides, width=sides)
def test_size_type_and_range(pixels, height, width):
    resized = resize(pixels, height, width)

    assert resized.shape == (height, width)
    assert resized.dtype == np.float32
    assert resized.min() >= pixels.min() - 1e-4
    assert resized.max() <= pixels.max() + 1e-4
    assert resized.min() >= 0
    assert resized.max() <= 255


@given(pixels=pictures)
def test_a_picture_of_the_networks_size_is_left_as_it_is(pixels):
    np.testing.assert_array_equal(resize(pixels, *pixels.shape), pixels)


@given(value=st.floats(0, 255, width=32), shape=st.tuples(sides, sides), height=sides, width=sides)
def test_a_constant_picture_stays_constant(value, shape, height, width):
    resized = resize(np.full(shape, value, np.float32), height, width)
    np.testing.assert_allclose(resized, value, rtol=1e-6, atol=1e-30)


@given(pixels=pictures, height=sides, width=sides)
def test_the_sides_are_resized_independently(pixels, height, width):
    both = resize(pixels, height, width)
    one_by_one = resize(resize(pixels, height, pixels.shape[1]), height, width)
    np.testing.assert_allclose(one_by_one, both, atol=1e-3)


def test_proportions_are_not_kept():
    """A stretched picture gives the network what the picture gives it: framing must not change the reading."""
    pixels = np.random.default_rng(0).uniform(0, 255, (40, 60)).astype(np.float32)
    stretched = pixels.repeat(3, axis=1)
    np.testing.assert_allclose(resize(stretched, 20, 20), resize(pixels, 20, 20), atol=6)


def test_fine_stripes_are_averaged_and_not_aliased():
    stripes = np.zeros((400, 400), np.float32)
    stripes[:, ::2] = 200
    assert np.abs(resize(stripes, 50, 50)[:, 1:-1] - 100).max() < 1


def test_up_stays_up_and_left_stays_left():
    pixels = np.zeros((90, 90), np.float32)
    pixels[:30, 60:] = 255  # top right
    resized = resize(pixels, 9, 9)
    assert resized[1, 7] == 255
    assert resized[1, 1] == resized[7, 7] == resized[7, 1] == 0


@pytest.mark.parametrize("shape", [(300, 400), (96, 96), (224, 224), (33, 1000)])
def test_the_network_gets_a_batch_of_one_grey_picture(shape):
    pixels = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    given_to_network = preprocess(Radiograph(pixels, "PNG", 8), 96, 128)

    assert given_to_network.shape == (1, 96, 128, 1)
    assert given_to_network.dtype == np.float32
    np.testing.assert_array_equal(given_to_network[0, :, :, 0], resize(pixels, 96, 128))
