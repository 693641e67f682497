"""Keras and LiteRT must say the same of the same pictures, or nothing is released."""

import dataclasses
import re

import numpy as np
import pytest

from model.errors import TrainingError
from model.inference.classifier import ClassifierOutput
from model.inference.decision import Calibration
from model.inference.release_loader import load_release
from training.networks.export import MAX_DIFFERENCE, check_litert_agreement
from training.release.candidate import CANDIDATE


@pytest.fixture(scope="module")
def candidate(measured_run):
    return load_release(measured_run / CANDIDATE)


def sentence(words: str) -> str:
    return f"^{re.escape(words)}$"


class FakeKeras:
    def __init__(self, logits):
        self.logits = np.array(logits, np.float32)

    def predict(self, pictures, verbose):
        assert (pictures.dtype, verbose) == (np.float32, 0)
        return self.logits[:, np.newaxis]


class FakeReader:
    """Answers logit 0.5 to every picture, or what a test wants."""

    def __init__(self, release, **wanted):
        self.release = dataclasses.replace(release, calibration=Calibration(1.0, 0.0))
        good = {"logit": 0.5, "class_activation_map": np.zeros((7, 7), np.float32), "embedding": np.ones(6, np.float32)}
        self.reading = ClassifierOutput(**(good | wanted))

    def raw(self, picture):
        assert (picture.shape, picture.dtype) == ((1, 32, 32, 1), np.float32)
        return self.reading


TWO_PICTURES = np.zeros((2, 32, 32, 1), np.float32)


def test_equal_networks_agree_and_the_largest_difference_of_probability_is_told(candidate):
    assert check_litert_agreement(FakeKeras([0.5, 0.5]), FakeReader(candidate), TWO_PICTURES) == 0

    difference = check_litert_agreement(FakeKeras([0.5, 0.501]), FakeReader(candidate), TWO_PICTURES)
    below, above = Calibration(1.0, 0.0).probability(np.array([0.5, 0.501]))
    assert difference == pytest.approx(above - below, rel=1e-3)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("output", ["logit", "class_activation_map", "embedding"])
def test_an_answer_of_litert_that_is_not_finite_stops_the_release(candidate, output, value):
    answer = {"logit": float(value)}.get(output, np.array([[0, value]], np.float32))

    words = "The exported network answers with numbers that are not finite. Nothing was released."
    with pytest.raises(TrainingError, match=sentence(words)):
        check_litert_agreement(FakeKeras([0.5, 0.5]), FakeReader(candidate, **{output: answer}), TWO_PICTURES)


def test_an_answer_of_keras_that_is_not_finite_stops_the_release(candidate):
    words = "The exported network answers with numbers that are not finite. Nothing was released."
    with pytest.raises(TrainingError, match=sentence(words)):
        check_litert_agreement(FakeKeras([0.5, np.nan]), FakeReader(candidate), TWO_PICTURES)


def test_one_picture_that_reads_differently_stops_the_release(candidate):
    words = (
        f"Keras and LiteRT differ by 0.1086 of probability; less than {MAX_DIFFERENCE} is accepted. Nothing was "
        "released."
    )
    with pytest.raises(TrainingError, match=sentence(words)):
        check_litert_agreement(FakeKeras([0.5, 1.0]), FakeReader(candidate), TWO_PICTURES)
