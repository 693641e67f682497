"""Features of the admission classifier on synthetic images and lung maps."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from model.inference.classifier import Inference
from tests.support.inferences import halves, make_inference, noise, two_fields


def features_of(inference: Inference) -> np.ndarray:
    """Return the features of an inference with its own measures."""
    return extract_features(inference, image_measures(inference))


def test_features_are_float32():
    assert features_of(make_inference()).dtype == np.float32


def test_the_thumbnail_is_standardised():
    small = resize(noise(3), 28, 28)
    np.testing.assert_allclose(
        features_of(make_inference(noise(3)))[:784],
        ((small - small.mean()) / small.std()).ravel(),
        rtol=1e-4,
        atol=1e-5,
    )


def test_the_thumbnail_of_an_image_without_contrast_is_not_amplified():
    thumbnail = features_of(make_inference(halves(100, 101)))[:784].reshape(28, 28)
    np.testing.assert_allclose(thumbnail[:, :13], -0.5, atol=0.01)
    np.testing.assert_allclose(thumbnail[:, 15:], 0.5, atol=0.01)


def test_the_lung_map_follows_the_thumbnail():
    probability = np.random.default_rng(4).random((40, 40), np.float32)
    lung_map = features_of(make_inference(probability=probability))[784:1040]
    np.testing.assert_array_equal(lung_map, resize(probability, 16, 16).ravel())


@pytest.mark.parametrize(("length", "scaled_length"), [(0.01, 16), (1, 16), (50, 16), (0, 0), (1e-7, 1.6)])
def test_the_embedding_is_scaled_to_a_fixed_length_unless_it_is_almost_zero(length, scaled_length):
    direction = np.array([2, -1, 2], np.float32) / 3
    embedding = features_of(make_inference(embedding=np.float32(length) * direction))[1040:1043]
    np.testing.assert_allclose(embedding, scaled_length * direction, rtol=1e-4)


def test_the_measures_are_the_last_features_and_detail_is_divided_by_10():
    levels, others = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7), (0.01, 0.02, 30.0, 0.04, 0.05, 0.06, 0.07, 0.08)
    features = extract_features(make_inference(), ImageMeasures(levels, *others))
    assert features[-15:] == pytest.approx([*levels, 0.01, 0.02, 3.0, 0.04, 0.05, 0.06, 0.07, 0.08])


def test_the_number_of_features_is_known_from_the_length_of_the_embedding():
    release = SimpleNamespace(outputs={"embedding": (1, 10)})
    assert feature_count(release) == len(features_of(make_inference())) == 28 * 28 + 16 * 16 + 10 + 7 + 8


@pytest.mark.slow
@given(st.integers(0, 99), st.sampled_from([0.0, 1.0, 1000.0]))
def test_features_are_finite_for_any_image(seed, length):
    rng = np.random.default_rng(seed)
    working = rng.choice([0, 255], (WORKING_SIDE, WORKING_SIDE), p=[share := rng.random(), 1 - share])
    inference = make_inference(working.astype(np.float32), rng.random((40, 40), np.float32))
    inference.output.embedding[:] *= length
    features = extract_features(inference, image_measures(inference))
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    assert np.abs(features).max() < 100


def test_the_thumbnail_does_not_depend_on_exposure():
    working = noise(1, 20, 120)
    inferences = [make_inference(image.astype(np.float32)) for image in (working, working * 1.5 + 30)]
    dark, light = (extract_features(inference, image_measures(inference)) for inference in inferences)
    np.testing.assert_allclose(dark[:1000], light[:1000], atol=1e-4)


# --- asymmetry


def test_mirroring_an_image_negates_its_asymmetry():
    working = noise(2)
    probability = np.maximum(two_fields(), two_fields()[:, ::-1])
    images = [np.ascontiguousarray(image) for image in (working, working[:, ::-1])]
    original, mirrored = (asymmetry(make_inference(image, probability)) for image in images)
    assert original.shape == (ASYMMETRY_SIDE * ASYMMETRY_SIDE // 2,)
    np.testing.assert_allclose(original, -mirrored, atol=1e-4)


def test_the_asymmetry_is_zero_without_lungs():
    assert not asymmetry(make_inference(probability=np.zeros((40, 40), np.float32))).any()


def test_the_asymmetry_without_lungs_has_the_shape_and_type_of_any_other():
    without_lungs, with_lungs = (
        asymmetry(make_inference(probability=np.zeros((40, 40), np.float32))),
        asymmetry(make_inference(noise(5))),
    )
    assert without_lungs.shape == with_lungs.shape == (288,)
    assert without_lungs.dtype == with_lungs.dtype == np.float32


def test_the_asymmetry_is_left_minus_right():
    difference = asymmetry(make_inference(halves(101, 100))).reshape(24, 12)
    np.testing.assert_allclose(difference[:, :11], 1, atol=0.01)


@given(seed=st.integers(0, 99), gain=st.floats(1, 2))
def test_the_asymmetry_does_not_depend_on_contrast(seed, gain):
    plain, amplified = (asymmetry(make_inference(image)) for image in (noise(seed, 0, 120), gain * noise(seed, 0, 120)))
    np.testing.assert_allclose(amplified, plain, atol=1e-4)


def test_the_asymmetry_ignores_pixels_outside_the_lung_box():
    working, marked = noise(6), noise(6)
    marked[:20, :30] = 255  # the box of the lung fields begins at row 22 and column 33
    marked[150:, 195:] = 255  # and ends at row 146 and column 190
    np.testing.assert_array_equal(asymmetry(make_inference(marked)), asymmetry(make_inference(working)))
