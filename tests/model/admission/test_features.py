"""Measures and features of synthetic images and lung maps."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from model.admission.features import (
    ASYMMETRY_SIDE,
    ImageMeasures,
    asymmetry,
    extract_features,
    feature_count,
    image_measures,
)
from model.imaging.geometry import resize
from model.imaging.preprocessing import WORKING_SIDE
from model.inference.classifier import ClassifierOutput, Inference
from model.inference.lung_segmentation import lungs_from_probability


def infer(
    working: np.ndarray | None = None, probability: np.ndarray | None = None, embedding: np.ndarray | None = None
) -> Inference:
    """An inference on a grey image with two lung fields, unless given otherwise."""
    working = np.full((WORKING_SIDE, WORKING_SIDE), 100, np.float32) if working is None else working
    probability = two_fields() if probability is None else probability
    embedding = np.arange(10, dtype=np.float32) if embedding is None else embedding
    output = ClassifierOutput(0.0, np.zeros((2, 2), np.float32), embedding)
    return Inference(working, probability, lungs_from_probability(probability), output)


def two_fields(side: int = 40) -> np.ndarray:
    """A lung field of 10% of the image on the left and one of 5% on the right, a quarter of the height lower."""
    fields = np.zeros((side, side), np.float32)
    fields[4:20, 6:16] = 1
    fields[18:26, 24:34] = 1
    return fields


def halves(left: float, right: float) -> np.ndarray:
    """A working image with one grey value on the left and another on the right."""
    working = np.full((WORKING_SIDE, WORKING_SIDE), left, np.float32)
    working[:, WORKING_SIDE // 2 :] = right
    return working


def noise(seed: int, low: float = 0, high: float = 255) -> np.ndarray:
    """A working image of uniform noise."""
    return np.random.default_rng(seed).uniform(low, high, (WORKING_SIDE, WORKING_SIDE)).astype(np.float32)


# --- measures of the lung fields


def test_the_two_largest_lung_fields_are_measured():
    measures = image_measures(infer())
    assert (measures.largest_lung_area, measures.second_lung_area) == pytest.approx((160 / 1600, 80 / 1600))
    assert (measures.horizontal_distance, measures.vertical_offset) == pytest.approx((18 / 40, 10 / 40))
    assert measures.segmentation_uncertainty == 0


def lung_geometry(probability: np.ndarray) -> tuple[float, float, float, float]:
    measures = image_measures(infer(probability=probability))
    areas = measures.largest_lung_area, measures.second_lung_area
    return *areas, measures.horizontal_distance, measures.vertical_offset


def test_missing_lung_fields_have_measures_of_zero():
    left_field = two_fields()
    left_field[:, 20:] = 0
    assert lung_geometry(left_field) == pytest.approx((0.1, 0, 0, 0))
    assert lung_geometry(np.zeros((40, 40), np.float32)) == (0, 0, 0, 0)


def test_the_smallest_of_three_lung_fields_is_not_measured_even_if_it_is_the_highest():
    fields = np.zeros((40, 40), np.float32)
    fields[0:4, 0:8] = 1
    fields[8:16, 20:30] = 1
    fields[12:28, 4:14] = 1
    assert lung_geometry(fields) == pytest.approx((160 / 1600, 80 / 1600, 16 / 40, 8 / 40))


positions = st.tuples(st.integers(0, 4), st.integers(0, 24))


@given(sizes=st.tuples(st.integers(8, 16), st.integers(8, 16)), upper=positions, lower=positions)
def test_the_distances_of_lung_fields_are_those_of_their_centres_of_mass(sizes, upper, lower):
    fields = np.zeros((2, 44, 40), bool)
    for field, size, (row, column) in zip(fields, sizes, (upper, np.add(lower, (22, 0))), strict=True):
        field[row : row + size, column : column + size] = np.tri(size)
    down, across = np.abs(np.subtract(*map(ndimage.center_of_mass, fields)))
    assert lung_geometry(fields.any(axis=0).astype(np.float32))[2:] == pytest.approx((across / 40, down / 44))


def test_a_lung_probability_of_one_half_is_the_highest_uncertainty():
    measures = image_measures(infer(probability=np.full((40, 40), 0.5, np.float32)))
    assert measures.segmentation_uncertainty == pytest.approx(1)


@given(st.integers(0, 99))
def test_the_uncertainty_falls_with_the_square_of_the_distance_from_one_half(seed):
    probability = np.random.default_rng(seed).random((40, 40), np.float32)
    uncertainty = image_measures(infer(probability=probability)).segmentation_uncertainty
    assert uncertainty == pytest.approx(1 - np.mean((2 * probability - 1) ** 2), rel=1e-5)


# --- measures of the image


def test_levels_and_clipped_shares_of_an_image_of_known_greys():
    working = np.full((WORKING_SIDE, WORKING_SIDE), 51, np.float32)
    working[: WORKING_SIDE // 4] = 0
    working[-WORKING_SIDE // 8 :] = 255
    measures = image_measures(infer(working))
    assert measures.levels == pytest.approx((0, 0, 0, 0.2, 0.2, 1, 1))
    assert (measures.clipped_dark, measures.clipped_bright) == pytest.approx((1 / 4, 1 / 8))


@given(seed=st.integers(0, 99), exponent=st.floats(0.2, 5))
def test_levels_are_the_grey_values_at_seven_percentiles(seed, exponent):
    working = np.floor(255 * (noise(seed) / 255) ** exponent)
    percentiles = np.percentile(working, [1, 5, 25, 50, 75, 95, 99], method="inverted_cdf")
    assert image_measures(infer(working)).levels == pytest.approx(percentiles / 255)


def test_the_median_is_bright_if_slightly_more_than_half_of_the_image_is():
    working = np.full(WORKING_SIDE * WORKING_SIDE, 255, np.float32)
    working[: int(0.497 * working.size)] = 0
    assert image_measures(infer(working.reshape(WORKING_SIDE, WORKING_SIDE))).levels[3] == 1


@given(st.integers(0, 99))
def test_grey_values_up_to_2_and_from_253_count_as_clipped(seed):
    working = np.floor(noise(seed, 0, 256))
    measures = image_measures(infer(working))
    assert measures.clipped_dark == pytest.approx((working <= 2).mean())
    assert measures.clipped_bright == pytest.approx((working >= 253).mean())


@pytest.mark.parametrize(("grey", "level"), [(-3, 0), (0, 0), (255, 1), (256, 1), (300, 1)])
def test_grey_values_outside_0_to_255_have_the_level_of_the_nearest(grey, level):
    working = np.full((WORKING_SIDE, WORKING_SIDE), grey, np.float32)
    assert image_measures(infer(working)).levels == (level,) * 7


@given(st.integers(0, 99))
def test_detail_is_the_mean_absolute_laplacian_inside_the_border(seed):
    laplacian = ndimage.laplace(noise(seed).astype(float))[1:-1, 1:-1]
    assert image_measures(infer(noise(seed))).detail == pytest.approx(np.abs(laplacian).mean(), rel=1e-5)


def test_noise_has_more_detail_than_its_blurred_copy():
    sharp = noise(0)
    blurred = (sharp + np.roll(sharp, 1, 0) + np.roll(sharp, 1, 1)) / 3
    assert image_measures(infer(sharp)).detail > 1.5 * image_measures(infer(blurred)).detail > 0


# --- features


def features_of(inference: Inference) -> np.ndarray:
    """The features of an inference with its own measures."""
    return extract_features(inference, image_measures(inference))


def test_features_are_float32():
    assert features_of(infer()).dtype == np.float32


def test_the_thumbnail_is_standardised():
    small = resize(noise(3), 28, 28)
    np.testing.assert_allclose(
        features_of(infer(noise(3)))[:784], ((small - small.mean()) / small.std()).ravel(), rtol=1e-4, atol=1e-5
    )


def test_the_thumbnail_of_an_image_without_contrast_is_not_amplified():
    thumbnail = features_of(infer(halves(100, 101)))[:784].reshape(28, 28)
    np.testing.assert_allclose(thumbnail[:, :13], -0.5, atol=0.01)
    np.testing.assert_allclose(thumbnail[:, 15:], 0.5, atol=0.01)


def test_the_lung_map_follows_the_thumbnail():
    probability = np.random.default_rng(4).random((40, 40), np.float32)
    lung_map = features_of(infer(probability=probability))[784:1040]
    np.testing.assert_array_equal(lung_map, resize(probability, 16, 16).ravel())


@pytest.mark.parametrize(("length", "scaled_length"), [(0.01, 16), (1, 16), (50, 16), (0, 0), (1e-7, 1.6)])
def test_the_embedding_is_scaled_to_a_fixed_length_unless_it_is_almost_zero(length, scaled_length):
    direction = np.array([2, -1, 2], np.float32) / 3
    embedding = features_of(infer(embedding=np.float32(length) * direction))[1040:1043]
    np.testing.assert_allclose(embedding, scaled_length * direction, rtol=1e-4)


def test_the_measures_are_the_last_features_and_detail_is_divided_by_10():
    levels, others = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7), (0.01, 0.02, 30.0, 0.04, 0.05, 0.06, 0.07, 0.08)
    features = extract_features(infer(), ImageMeasures(levels, *others))
    assert features[-15:] == pytest.approx([*levels, 0.01, 0.02, 3.0, 0.04, 0.05, 0.06, 0.07, 0.08])


def test_the_number_of_features_is_known_from_the_length_of_the_embedding():
    release = SimpleNamespace(outputs={"embedding": (1, 10)})
    assert feature_count(release) == len(features_of(infer())) == 28 * 28 + 16 * 16 + 10 + 7 + 8


@given(st.integers(0, 99), st.sampled_from([0.0, 1.0, 1000.0]))
def test_features_are_finite_for_any_image(seed, length):
    rng = np.random.default_rng(seed)
    working = rng.choice([0, 255], (WORKING_SIDE, WORKING_SIDE), p=[share := rng.random(), 1 - share])
    inference = infer(working.astype(np.float32), rng.random((40, 40), np.float32))
    inference.output.embedding[:] *= length
    features = extract_features(inference, image_measures(inference))
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    assert np.abs(features).max() < 100


def test_the_thumbnail_does_not_depend_on_exposure():
    working = noise(1, 20, 120)
    inferences = [infer(image.astype(np.float32)) for image in (working, working * 1.5 + 30)]
    dark, light = (extract_features(inference, image_measures(inference)) for inference in inferences)
    np.testing.assert_allclose(dark[:1000], light[:1000], atol=1e-4)


# --- asymmetry


def test_the_asymmetry_of_a_mirrored_image_is_the_negative():
    working = noise(2)
    probability = np.maximum(two_fields(), two_fields()[:, ::-1])
    images = [np.ascontiguousarray(image) for image in (working, working[:, ::-1])]
    original, mirrored = (asymmetry(infer(image, probability)) for image in images)
    assert original.shape == (ASYMMETRY_SIDE * ASYMMETRY_SIDE // 2,)
    np.testing.assert_allclose(original, -mirrored, atol=1e-4)


def test_the_asymmetry_is_zero_without_lungs():
    assert not asymmetry(infer(probability=np.zeros((40, 40), np.float32))).any()


def test_the_asymmetry_without_lungs_has_the_shape_and_type_of_any_other():
    without_lungs, with_lungs = asymmetry(infer(probability=np.zeros((40, 40), np.float32))), asymmetry(infer(noise(5)))
    assert without_lungs.shape == with_lungs.shape == (288,)
    assert without_lungs.dtype == with_lungs.dtype == np.float32


def test_the_asymmetry_is_left_minus_right():
    difference = asymmetry(infer(halves(101, 100))).reshape(24, 12)
    np.testing.assert_allclose(difference[:, :11], 1, atol=0.01)


@given(seed=st.integers(0, 99), gain=st.floats(1, 2))
def test_the_asymmetry_does_not_depend_on_contrast(seed, gain):
    plain, amplified = (asymmetry(infer(image)) for image in (noise(seed, 0, 120), gain * noise(seed, 0, 120)))
    np.testing.assert_allclose(amplified, plain, atol=1e-4)


def test_the_asymmetry_ignores_what_lies_outside_the_lung_box():
    working, marked = noise(6), noise(6)
    marked[:20, :30] = 255  # the box of the lung fields begins at row 22 and column 33
    marked[150:, 195:] = 255  # and ends at row 146 and column 190
    np.testing.assert_array_equal(asymmetry(infer(marked)), asymmetry(infer(working)))
