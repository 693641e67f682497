"""Admission classifier: network, limits, and arrays in its file."""

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from model.admission.classifier import ADMISSION_CLASSES, LIMIT_NAMES, AdmissionClassifier, TwoLayerNetwork
from model.admission.features import ImageMeasures

N_FEATURES, N_UNITS = 5, 2
NETWORK_FIELD_OF_ARRAY = {
    "hidden": "hidden_weights",
    "hidden_bias": "hidden_bias",
    "output": "output_weights",
    "output_bias": "output_bias",
}
LIMITS = {name: 0.125 * number for number, name in enumerate(LIMIT_NAMES, 1)}  # a different value for each


def admission_arrays() -> dict[str, np.ndarray]:
    """Return arrays of an admission file for five features."""
    rng = np.random.default_rng(0)
    return {
        "hidden": rng.normal(size=(N_FEATURES, N_UNITS)).astype(np.float16),
        "hidden_bias": rng.normal(size=N_UNITS).astype(np.float32),
        "output": rng.normal(size=(N_UNITS, 7)).astype(np.float32),
        "output_bias": rng.normal(size=7).astype(np.float32),
        "mirror_weights": rng.normal(size=288).astype(np.float32),
    }


def make_classifier(
    arrays: dict[str, np.ndarray] | None = None, limits: dict[str, Any] = LIMITS, n_features: int = N_FEATURES
) -> AdmissionClassifier:
    return AdmissionClassifier.from_parts(arrays or admission_arrays(), limits, n_features)


def limited_classifier(**limits: float) -> AdmissionClassifier:
    """Return an admission classifier with these limits; binary fractions are exact in float32."""
    classifier = make_classifier()
    return replace(classifier, **{name: np.float32(limit) for name, limit in limits.items()})


def measures(**values: float) -> ImageMeasures:
    """Return image measures, which are zero unless given."""
    default = {
        "clipped_dark": 0.0,
        "clipped_bright": 0.0,
        "detail": 0.0,
        "largest_lung_area": 0.0,
        "second_lung_area": 0.0,
        "horizontal_distance": 0.0,
        "vertical_offset": 0.0,
        "segmentation_uncertainty": 0.0,
    }
    return ImageMeasures(levels=(0.0,) * 7, **(default | values))


# --- network


def test_the_classes_are_in_the_order_of_the_released_network():
    expected = ("fine", "rotated", "inverted", "cropped", "no_lungs", "not_a_radiograph", "no_contrast")
    assert expected == ADMISSION_CLASSES


def known_network(output_bias: tuple[float, float] = (0.0, 0.0)) -> TwoLayerNetwork:
    """Return a network of two features, two hidden units (x - y + 1 and y - 2), and two classes with one unit each."""
    return TwoLayerNetwork(
        hidden_weights=np.array([[1, 0], [-1, 1]], np.float16),
        hidden_bias=np.array([1, -2], np.float32),
        output_weights=np.eye(2, dtype=np.float32),
        output_bias=np.array(output_bias, np.float32),
    )


def test_class_probabilities_are_the_softmax_of_rectified_units():
    assert known_network().probability(np.float32([3, 1])) == pytest.approx(softmax([3, 0]))  # units 3 and -1
    assert known_network().probability(np.float32([1, 5])) == pytest.approx(softmax([0, 3]))  # units -3 and 3


@pytest.mark.parametrize("y", [9, 1e4])
def test_each_row_of_a_batch_has_its_own_probabilities(y):
    probability = known_network().probability(np.float32([[3, 1], [1, y]]))
    np.testing.assert_allclose(probability, [softmax([3, 0]), softmax([0, y - 2])], rtol=1e-4, atol=1e-7)


def test_a_hidden_unit_between_0_and_1_is_unchanged():
    assert known_network().probability(np.float32([1.5, 2])) == pytest.approx(softmax([0.5, 0]))


def test_the_output_bias_is_added_to_the_logits():
    probability = known_network(output_bias=(0, 2)).probability(np.float32([3, 1]))
    assert probability == pytest.approx(softmax([3, 2]))


@given(
    bias=st.lists(st.floats(-1e4, 1e4, width=32), min_size=2, max_size=2),
    features=st.lists(st.tuples(*[st.floats(-1e4, 1e4, width=32)] * 2), min_size=1, max_size=4),
)
def test_a_row_has_the_same_probabilities_in_a_batch_as_alone(bias, features):
    network = known_network(tuple(bias))
    together = network.probability(np.float32(features))
    np.testing.assert_allclose(together.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(together, [network.probability(np.float32(row)) for row in features], atol=1e-6)


def test_probabilities_are_float32():
    assert known_network().probability(np.float32([3, 1])).dtype == np.float32


# --- limits


@pytest.mark.parametrize(("admissible", "is_admissible"), [(0.5, True), (np.nextafter(np.float32(0.5), 0), False)])
def test_an_image_is_admissible_if_the_first_class_reaches_the_limit(admissible, is_admissible):
    probability = np.float32([admissible, 0.9, 0, 0, 0, 0, 0])
    assert limited_classifier(min_admissible_probability=0.5).is_admissible(probability) is is_admissible


@pytest.mark.parametrize(
    ("change", "is_plausible"),
    [
        ({}, True),
        ({"second_lung_area": 0.124}, False),
        ({"horizontal_distance": 0.249}, False),
        ({"vertical_offset": 0.376}, False),
        ({"second_lung_area": 0.5, "horizontal_distance": 0.5, "vertical_offset": 0.0}, True),
    ],
)
def test_lungs_are_plausible_if_they_keep_each_limit(change, is_plausible):
    classifier = limited_classifier(min_second_lung_area=0.125, min_lung_distance=0.25, max_lung_offset=0.375)
    at_the_limits = {"second_lung_area": 0.125, "horizontal_distance": 0.25, "vertical_offset": 0.375}
    assert classifier.has_plausible_lungs(measures(**(at_the_limits | change))) is is_plausible


@pytest.mark.parametrize(
    ("detail", "is_low_quality"), [(1.99, True), (2.0, False), (5.0, False), (8.0, False), (8.01, True)]
)
def test_quality_is_low_outside_the_limits_for_detail(detail, is_low_quality):
    classifier = limited_classifier(min_detail=2, max_detail=8)
    assert classifier.is_low_quality(measures(detail=detail)) == is_low_quality


@pytest.mark.parametrize(("second", "is_mirrored"), [(0.0, False), (0.001, True), (-0.001, False)])
def test_an_image_is_mirrored_if_the_weighted_sum_exceeds_the_limit(second, is_mirrored):
    weights = np.zeros(288, np.float32)
    weights[:2] = 0.5, 1
    classifier = replace(limited_classifier(max_mirror_score=1), mirror_weights=weights)
    asymmetry = np.zeros(288, np.float32)
    asymmetry[:2] = 2, second
    assert classifier.is_mirrored(asymmetry) is is_mirrored


# --- arrays in the file, and limits in model.json


def test_each_array_and_limit_is_assigned_to_its_field():
    arrays = admission_arrays()
    classifier = make_classifier(arrays)
    assert classifier.mirror_weights is arrays["mirror_weights"]
    for name, field in NETWORK_FIELD_OF_ARRAY.items():
        assert getattr(classifier.network, field) is arrays[name]
    for name, value in LIMITS.items():
        limit = getattr(classifier, name)
        assert (limit.dtype, limit.shape, float(limit)) == (np.float32, (), value)


def test_to_arrays_and_limits_are_the_inverse_of_from_parts():
    arrays = admission_arrays()
    classifier = make_classifier(arrays)
    assert classifier.to_arrays().keys() == arrays.keys()
    assert all(array is arrays[name] for name, array in classifier.to_arrays().items())
    assert classifier.limits() == LIMITS


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_limit_survives_json_to_the_last_bit(value):
    text = json.dumps(limited_classifier(min_detail=value).limits())
    limit = make_classifier(limits=json.loads(text)).min_detail
    assert limit.tobytes() == np.float32(value).tobytes()


@pytest.mark.parametrize("value", [0.1, float("nan"), float("inf"), None, "0.5", True, [0.5], 1, 1e300, 16777217.0])
def test_the_error_names_a_limit_that_is_not_an_exact_float32_number(value):
    with pytest.raises(ValueError, match=r"^max_detail must be a finite float32 number"):
        make_classifier(limits=LIMITS | {"max_detail": value})


@pytest.mark.parametrize("name", LIMIT_NAMES)
def test_a_missing_limit_is_refused(name):
    with pytest.raises(KeyError, match=name):
        make_classifier(limits={other: value for other, value in LIMITS.items() if other != name})


def test_the_error_for_a_missing_array_lists_the_expected_and_the_given_names():
    arrays = admission_arrays()
    expected = sorted(arrays)
    del arrays["mirror_weights"]
    with pytest.raises(ValueError, match=f"^{re.escape(f'arrays must be {expected}, got {sorted(arrays)}')}$"):
        make_classifier(arrays)


@pytest.mark.parametrize("name", sorted(admission_arrays()))
def test_an_array_with_the_wrong_shape_is_refused(name):
    array = admission_arrays()[name]
    longer = np.zeros((*array.shape[:-1], array.shape[-1] + 1), np.float32)
    with pytest.raises(ValueError, match="must have the shape "):
        make_classifier(admission_arrays() | {name: longer})


def test_the_error_for_a_wrong_shape_names_the_array_and_both_shapes():
    message = "mirror_weights must have the shape (288,), got (287,)"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make_classifier(admission_arrays() | {"mirror_weights": np.zeros(287, np.float32)})


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", sorted(admission_arrays()))
def test_an_array_with_one_value_that_is_not_finite_is_refused(name, value):
    array = np.array(admission_arrays()[name])
    array.flat[0] = value
    with pytest.raises(ValueError, match=f"^{name} must be finite$"):
        make_classifier(admission_arrays() | {name: array})


def test_a_network_for_a_different_number_of_features_is_refused():
    with pytest.raises(ValueError, match=r"^hidden must have the shape "):
        make_classifier(n_features=N_FEATURES + 1)
