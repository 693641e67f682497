"""Measures and features of synthetic images and lung maps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.admission.features import ASYMMETRY_SIDE, asymmetry, extract_features, image_measures
from model.imaging.preprocessing import WORKING_SIDE
from model.inference.classifier import ClassifierOutput, Inference
from model.inference.lung_segmentation import lungs_from_probability


def infer(working: np.ndarray | None = None, probability: np.ndarray | None = None) -> Inference:
    """An inference on a grey image with two lung fields, unless given otherwise."""
    working = np.full((WORKING_SIDE, WORKING_SIDE), 100, np.float32) if working is None else working
    probability = two_fields() if probability is None else probability
    output = ClassifierOutput(0.0, np.zeros((2, 2), np.float32), np.arange(10, dtype=np.float32))
    return Inference(working, probability, lungs_from_probability(probability), output)


def two_fields(side: int = 40) -> np.ndarray:
    """A lung field of 10% of the image on the left and one of 5% on the right, a quarter of the height lower."""
    fields = np.zeros((side, side), np.float32)
    fields[4:20, 6:16] = 1
    fields[18:26, 24:34] = 1
    return fields


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


def test_a_lung_probability_of_one_half_is_the_highest_uncertainty():
    measures = image_measures(infer(probability=np.full((40, 40), 0.5, np.float32)))
    assert measures.segmentation_uncertainty == pytest.approx(1)


def test_levels_and_clipped_shares_of_an_image_of_known_greys():
    working = np.full((WORKING_SIDE, WORKING_SIDE), 51, np.float32)
    working[: WORKING_SIDE // 4] = 0
    working[-WORKING_SIDE // 8 :] = 255
    measures = image_measures(infer(working))
    assert measures.levels == pytest.approx((0, 0, 0, 0.2, 0.2, 1, 1))
    assert (measures.clipped_dark, measures.clipped_bright) == pytest.approx((1 / 4, 1 / 8))


def test_noise_has_more_detail_than_its_blurred_copy():
    noise = np.random.default_rng(0).uniform(0, 255, (WORKING_SIDE, WORKING_SIDE)).astype(np.float32)
    blurred = (noise + np.roll(noise, 1, 0) + np.roll(noise, 1, 1)) / 3
    assert image_measures(infer(noise)).detail > 1.5 * image_measures(infer(blurred)).detail > 0


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
    working = np.random.default_rng(1).uniform(20, 120, (WORKING_SIDE, WORKING_SIDE)).astype(np.float32)
    inferences = [infer(image.astype(np.float32)) for image in (working, working * 1.5 + 30)]
    dark, light = (extract_features(inference, image_measures(inference)) for inference in inferences)
    np.testing.assert_allclose(dark[:1000], light[:1000], atol=1e-4)


def test_the_asymmetry_of_a_mirrored_image_is_the_negative():
    working = np.random.default_rng(2).uniform(0, 255, (WORKING_SIDE, WORKING_SIDE)).astype(np.float32)
    probability = np.maximum(two_fields(), two_fields()[:, ::-1])
    images = [np.ascontiguousarray(image) for image in (working, working[:, ::-1])]
    original, mirrored = (asymmetry(infer(image, probability)) for image in images)
    assert original.shape == (ASYMMETRY_SIDE * ASYMMETRY_SIDE // 2,)
    np.testing.assert_allclose(original, -mirrored, atol=1e-4)


def test_the_asymmetry_is_zero_without_lungs():
    assert not asymmetry(infer(probability=np.zeros((40, 40), np.float32))).any()
