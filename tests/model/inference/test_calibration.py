"""Calibration: from a logit to a probability."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model.inference.decision import Calibration
from tests.support.findings import radiograph, set_output
from tests.support.populations import children_rules

finite = st.floats(allow_nan=False, allow_infinity=False)


def test_a_probability_is_the_sigmoid_of_the_calibrated_logit():
    probability = Calibration(slope=2.0, intercept=1.0).probability(np.array([-0.5, 0.0, 1.0]))

    np.testing.assert_allclose(probability, [0.5, 1 / (1 + np.exp(-1)), 1 / (1 + np.exp(-3))])


@given(logit=st.floats(-1e300, 1e300), slope=st.floats(-50, 50), intercept=st.floats(-50, 50))
@example(logit=-1e300, slope=1.0, intercept=0.0)
@example(logit=1e300, slope=1.0, intercept=0.0)
def test_an_extreme_logit_does_not_overflow(logit, slope, intercept):
    # An overflow would be a warning, and warnings are errors.
    assert 0 <= Calibration(slope, intercept).probability(logit) <= 1


@given(logit=finite, slope=finite, intercept=finite)
def test_a_probability_lies_between_0_and_1_for_any_logit(logit, slope, intercept):
    assert 0 <= Calibration(slope, intercept).probability(logit) <= 1


@given(logits=st.tuples(finite, finite), slope=st.floats(0, 100), intercept=st.floats(-100, 100))
def test_a_larger_logit_never_gives_a_smaller_probability(logits, slope, intercept):
    probability = Calibration(slope, intercept).probability
    assert probability(min(logits)) <= probability(max(logits))


@pytest.mark.parametrize(("logit", "probability"), [(0, 0.5), (math.log(3), 0.75), (-math.log(4), 0.2)])
def test_known_probabilities(logit, probability):
    assert Calibration(1, 0).probability(logit) == pytest.approx(probability, rel=1e-12)
    assert Calibration(0.5, -3).probability(2 * logit + 6) == pytest.approx(probability, rel=1e-12)


def test_an_array_of_logits_gives_an_array_of_probabilities():
    np.testing.assert_allclose(Calibration(2, 1).probability(np.zeros(3)), np.full(3, 1 / (1 + math.exp(-1))))


def test_the_probability_of_a_finding_is_the_calibrated_logit(classifier, monkeypatch):
    set_output(monkeypatch, classifier, logit=1.25)
    calibration = children_rules(classifier.release).calibration
    assert classifier.read(radiograph()).probability == calibration.probability(1.25)
