"""Nothing is released unless Keras and LiteRT agree on the same images."""

import numpy as np
import pytest
from scipy.special import expit

from model.errors import TrainingError
from model.inference.classifier import ClassifierOutput
from model.inference.decision import Calibration
from model.release_files import LOGIT, OPACITY_MAP
from tests.support.candidates import exactly
from tests.support.populations import with_children_rules
from training.networks.export import MAX_DIFFERENCE, check_litert_agreement

pytestmark = pytest.mark.slow


class FakeKeras:
    """Network that returns these logits and, if given, this opacity map, in logits, for every image."""

    def __init__(self, logits, opacity_map=None):
        predicted = np.array(logits, np.float32)[:, np.newaxis]
        if opacity_map is not None:
            predicted = {LOGIT: predicted, OPACITY_MAP: np.stack([opacity_map] * len(predicted))}
        self.output = predicted

    def predict(self, images, verbose):
        assert (images.dtype, verbose) == (np.float32, 0)
        return self.output


class FakeClassifier:
    """Returns logit 0.5 for every image, or the outputs that a test sets."""

    def __init__(self, release, **outputs):
        self.release = with_children_rules(release, calibration=Calibration(1.0, 0.0))
        defaults = {
            "logit": 0.5,
            "class_activation_map": np.zeros((7, 7), np.float32),
            "embedding": np.ones(6, np.float32),
        }
        self.output = ClassifierOutput(**(defaults | outputs))

    def run_network(self, network_input):
        assert (network_input.shape, network_input.dtype) == ((1, 32, 32, 1), np.float32)
        return self.output


TWO_IMAGES = np.zeros((2, 32, 32, 1), np.float32)


def test_agreement_returns_the_largest_difference_of_probability(candidate):
    assert check_litert_agreement(FakeKeras([0.5, 0.5]), FakeClassifier(candidate), TWO_IMAGES) == 0

    difference = check_litert_agreement(FakeKeras([0.5, 0.501]), FakeClassifier(candidate), TWO_IMAGES)
    below, above = Calibration(1.0, 0.0).probability(np.array([0.5, 0.501]))
    assert difference == pytest.approx(above - below, rel=1e-3)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("output", ["logit", "class_activation_map", "embedding"])
def test_a_litert_output_that_is_not_finite_prevents_the_release(candidate, output, value):
    value = {"logit": float(value)}.get(output, np.array([[0, value]], np.float32))

    message = "The exported network returns values that are not finite. Nothing was released."
    with pytest.raises(TrainingError, match=exactly(message)):
        check_litert_agreement(FakeKeras([0.5, 0.5]), FakeClassifier(candidate, **{output: value}), TWO_IMAGES)


def test_a_keras_output_that_is_not_finite_prevents_the_release(candidate):
    message = "The exported network returns values that are not finite. Nothing was released."
    with pytest.raises(TrainingError, match=exactly(message)):
        check_litert_agreement(FakeKeras([0.5, np.nan]), FakeClassifier(candidate), TWO_IMAGES)


def test_the_opacity_maps_must_agree_too(candidate):
    logits = np.array([[0.0, 2.0]], np.float32)
    keras_network = FakeKeras([0.5, 0.5], logits)
    same, other = (FakeClassifier(candidate, opacity_map=expit(logits + shift)) for shift in (0, 0.1))

    assert check_litert_agreement(keras_network, same, TWO_IMAGES) < 1e-6
    with pytest.raises(TrainingError, match=r"The probabilities of Keras and LiteRT differ by 0\.0250"):
        check_litert_agreement(keras_network, other, TWO_IMAGES)
    not_finite = FakeClassifier(candidate, opacity_map=np.array([[0.5, np.nan]], np.float32))
    with pytest.raises(TrainingError, match="values that are not finite"):
        check_litert_agreement(keras_network, not_finite, TWO_IMAGES)


def test_a_difference_on_one_image_prevents_the_release(candidate):
    message = (
        f"The probabilities of Keras and LiteRT differ by 0.1086, but must differ by less than {MAX_DIFFERENCE}. "
        "Nothing was released."
    )
    with pytest.raises(TrainingError, match=exactly(message)):
        check_litert_agreement(FakeKeras([0.5, 1.0]), FakeClassifier(candidate), TWO_IMAGES)
