"""Measures of working images and lung fields."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from model.admission.features import image_measures
from model.imaging.preprocessing import WORKING_SIDE
from tests.support.inferences import make_inference, noise, two_fields

# --- measures of the lung fields


def test_the_two_largest_lung_fields_are_measured():
    measures = image_measures(make_inference())
    assert (measures.largest_lung_area, measures.second_lung_area) == pytest.approx((160 / 1600, 80 / 1600))
    assert (measures.horizontal_distance, measures.vertical_offset) == pytest.approx((18 / 40, 10 / 40))
    assert measures.segmentation_uncertainty == 0


def lung_geometry(probability: np.ndarray) -> tuple[float, float, float, float]:
    measures = image_measures(make_inference(probability=probability))
    areas = measures.largest_lung_area, measures.second_lung_area
    return *areas, measures.horizontal_distance, measures.vertical_offset


def test_missing_lung_fields_have_measures_of_zero():
    left_field = two_fields()
    left_field[:, 20:] = 0
    assert lung_geometry(left_field) == pytest.approx((0.1, 0, 0, 0))
    assert lung_geometry(np.zeros((40, 40), np.float32)) == (0, 0, 0, 0)


def test_only_the_two_largest_lung_fields_are_measured_even_if_a_third_is_higher():
    fields = np.zeros((40, 40), np.float32)
    fields[0:4, 0:8] = 1
    fields[8:16, 20:30] = 1
    fields[12:28, 4:14] = 1
    assert lung_geometry(fields) == pytest.approx((160 / 1600, 80 / 1600, 16 / 40, 8 / 40))


positions = st.tuples(st.integers(0, 4), st.integers(0, 24))


@pytest.mark.slow
@given(sizes=st.tuples(st.integers(8, 16), st.integers(8, 16)), upper=positions, lower=positions)
def test_the_distances_of_lung_fields_are_those_of_their_centres_of_mass(sizes, upper, lower):
    fields = np.zeros((2, 44, 40), bool)
    for field, size, (row, column) in zip(fields, sizes, (upper, np.add(lower, (22, 0))), strict=True):
        field[row : row + size, column : column + size] = np.tri(size)
    down, across = np.abs(np.subtract(*map(ndimage.center_of_mass, fields)))
    assert lung_geometry(fields.any(axis=0).astype(np.float32))[2:] == pytest.approx((across / 40, down / 44))


def test_a_lung_probability_of_one_half_is_the_highest_uncertainty():
    measures = image_measures(make_inference(probability=np.full((40, 40), 0.5, np.float32)))
    assert measures.segmentation_uncertainty == pytest.approx(1)


@given(st.integers(0, 99))
def test_the_uncertainty_falls_with_the_square_of_the_distance_from_one_half(seed):
    probability = np.random.default_rng(seed).random((40, 40), np.float32)
    uncertainty = image_measures(make_inference(probability=probability)).segmentation_uncertainty
    assert uncertainty == pytest.approx(1 - np.mean((2 * probability - 1) ** 2), rel=1e-5)


# --- measures of the image


def test_levels_and_clipped_shares_of_an_image_of_known_greys():
    working = np.full((WORKING_SIDE, WORKING_SIDE), 51, np.float32)
    working[: WORKING_SIDE // 4] = 0
    working[-WORKING_SIDE // 8 :] = 255
    measures = image_measures(make_inference(working))
    assert measures.levels == pytest.approx((0, 0, 0, 0.2, 0.2, 1, 1))
    assert (measures.clipped_dark, measures.clipped_bright) == pytest.approx((1 / 4, 1 / 8))


@pytest.mark.slow
@given(seed=st.integers(0, 99), exponent=st.floats(0.2, 5))
def test_levels_are_the_grey_values_at_seven_percentiles(seed, exponent):
    working = np.floor(255 * (noise(seed) / 255) ** exponent)
    percentiles = np.percentile(working, [1, 5, 25, 50, 75, 95, 99], method="inverted_cdf")
    assert image_measures(make_inference(working)).levels == pytest.approx(percentiles / 255)


def test_the_median_is_bright_if_slightly_more_than_half_of_the_image_is():
    working = np.full(WORKING_SIDE * WORKING_SIDE, 255, np.float32)
    working[: int(0.497 * working.size)] = 0
    assert image_measures(make_inference(working.reshape(WORKING_SIDE, WORKING_SIDE))).levels[3] == 1


@given(st.integers(0, 99))
def test_grey_values_up_to_2_and_from_253_count_as_clipped(seed):
    working = np.floor(noise(seed, 0, 256))
    measures = image_measures(make_inference(working))
    assert measures.clipped_dark == pytest.approx((working <= 2).mean())
    assert measures.clipped_bright == pytest.approx((working >= 253).mean())


@pytest.mark.parametrize(("grey", "level"), [(-3, 0), (0, 0), (255, 1), (256, 1), (300, 1)])
def test_grey_values_outside_0_to_255_are_clipped(grey, level):
    working = np.full((WORKING_SIDE, WORKING_SIDE), grey, np.float32)
    assert image_measures(make_inference(working)).levels == (level,) * 7


@pytest.mark.slow
@given(st.integers(0, 99))
def test_detail_is_the_mean_absolute_laplacian_inside_the_border(seed):
    laplacian = ndimage.laplace(noise(seed).astype(float))[1:-1, 1:-1]
    assert image_measures(make_inference(noise(seed))).detail == pytest.approx(np.abs(laplacian).mean(), rel=1e-5)


def test_noise_has_more_detail_than_its_blurred_copy():
    sharp = noise(0)
    blurred = (sharp + np.roll(sharp, 1, 0) + np.roll(sharp, 1, 1)) / 3
    assert image_measures(make_inference(sharp)).detail > 1.5 * image_measures(make_inference(blurred)).detail > 0
