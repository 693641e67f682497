"""Operating points, conformal limits, verdicts, and the shift of a probability to another prevalence."""

import math
import re

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from model.inference.decision import (
    Calibration,
    ConformalLimits,
    OperatingPoint,
    Verdict,
    adjust_to_prevalence,
    classify,
)

NORMAL, PNEUMONIA, INDETERMINATE = Verdict.NORMAL, Verdict.PNEUMONIA, Verdict.INDETERMINATE
probabilities = st.floats(0, 1)
insides = st.floats(1e-6, 1 - 1e-6)
prevalences = st.floats(0.01, 0.99)


def at(threshold: float) -> OperatingPoint:
    return OperatingPoint("of the test", threshold, "by hand")


def limits(pneumonia_from: float, normal_up_to: float, coverage: float = 0.9) -> ConformalLimits:
    return ConformalLimits(coverage, pneumonia_from, normal_up_to, "by hand")


def log_odds(probability: float) -> float:
    return math.log(probability) - math.log1p(-probability)


# --- operating points and limits


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_threshold_outside_0_to_1_is_refused(threshold):
    message = f"threshold must be between 0 and 1, got {threshold}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        at(threshold)


@pytest.mark.parametrize("threshold", [0, 1])
def test_a_threshold_of_0_or_1_is_allowed(threshold):
    assert at(threshold).threshold == threshold


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["coverage", "pneumonia_from", "normal_up_to"])
def test_the_error_names_a_limit_or_coverage_outside_0_to_1(name, value):
    good = {"coverage": 0.9, "pneumonia_from": 0.4, "normal_up_to": 0.6}
    message = f"{name} must be between 0 and 1, got {value}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        limits(**(good | {name: value}))


def test_a_class_is_plausible_at_its_own_limit():
    overlapping = limits(pneumonia_from=0.4, normal_up_to=0.6)

    assert overlapping.prediction_set(0.4) == overlapping.prediction_set(0.6) == {NORMAL, PNEUMONIA}
    assert overlapping.prediction_set(np.nextafter(0.4, 0)) == {NORMAL}
    assert overlapping.prediction_set(np.nextafter(0.6, 1)) == {PNEUMONIA}


def test_between_limits_with_a_gap_no_class_is_plausible():
    disjoint = limits(pneumonia_from=0.6, normal_up_to=0.4)

    assert disjoint.prediction_set(0.5) == frozenset()
    assert (disjoint.prediction_set(0.4), disjoint.prediction_set(0.6)) == ({NORMAL}, {PNEUMONIA})


# --- verdicts


@pytest.mark.parametrize("conformal", [limits(0.4, 0.6), limits(0.6, 0.4)], ids=["both plausible", "none plausible"])
@pytest.mark.parametrize("threshold", [0.4, 0.5, 0.6])
def test_the_verdict_is_indeterminate_only_between_the_limits(conformal, threshold):
    assert classify(0.3, at(threshold), conformal) is NORMAL
    assert classify(0.5, at(threshold), conformal) is INDETERMINATE
    assert classify(0.7, at(threshold), conformal) is PNEUMONIA


def test_a_probability_at_the_threshold_is_pneumonia():
    conformal = limits(pneumonia_from=0.5, normal_up_to=np.nextafter(0.5, 0))

    assert classify(0.5, at(0.5), conformal) is PNEUMONIA
    assert classify(np.nextafter(0.5, 0), at(0.5), conformal) is NORMAL


def test_a_class_that_the_operating_point_contradicts_is_indeterminate():
    conformal = limits(pneumonia_from=0.4, normal_up_to=0.6)

    assert classify(0.7, at(0.9), conformal) is INDETERMINATE  # only pneumonia is plausible, but below the threshold
    assert classify(0.3, at(0.1), conformal) is INDETERMINATE  # only normal is plausible, but above the threshold


def test_every_verdict_is_indeterminate_if_both_classes_are_always_plausible():
    assert {classify(p, at(0.5), limits(0.0, 1.0)) for p in (0.0, 0.3, 0.5, 1.0)} == {INDETERMINATE}


@given(probability=probabilities, threshold=probabilities, pneumonia_from=probabilities, normal_up_to=probabilities)
def test_a_verdict_is_a_class_only_if_threshold_and_limits_agree(probability, threshold, pneumonia_from, normal_up_to):
    verdict = classify(probability, at(threshold), limits(pneumonia_from, normal_up_to))

    only_pneumonia = probability >= pneumonia_from and probability > normal_up_to
    only_normal = probability < pneumonia_from and probability <= normal_up_to
    assert (verdict is PNEUMONIA) == (probability >= threshold and only_pneumonia)
    assert (verdict is NORMAL) == (probability < threshold and only_normal)


@given(pair=st.tuples(probabilities, probabilities).map(sorted), threshold=probabilities, data=st.data())
def test_a_higher_probability_never_turns_pneumonia_into_normal(pair, threshold, data):
    conformal = limits(data.draw(probabilities), data.draw(probabilities))
    order = [NORMAL, INDETERMINATE, PNEUMONIA]

    lower, higher = (order.index(classify(probability, at(threshold), conformal)) for probability in pair)

    assert lower <= higher


# --- prevalence


@given(probability=insides, old=prevalences, new=prevalences)
def test_another_prevalence_shifts_the_log_odds_by_the_difference_in_log_odds(probability, old, new):
    moved = adjust_to_prevalence(probability, old, new)

    assert log_odds(moved) == pytest.approx(log_odds(probability) + log_odds(new) - log_odds(old), abs=1e-6)


def test_a_shifted_probability_matches_a_manual_count():
    # At 50%, 100 of 1000 have this probability: 80 with pneumonia and 20 without. At 10%, there are 1/5 as many with
    # pneumonia and 9/5 as many without: 16 and 36.
    assert adjust_to_prevalence(0.8, 0.5, 0.1) == pytest.approx(16 / 52)


def test_a_probability_equal_to_the_prevalence_becomes_the_new_prevalence():
    assert adjust_to_prevalence(0.75, 0.75, 0.03) == pytest.approx(0.03)


@given(pair=st.tuples(insides, insides).map(sorted), old=prevalences, new=prevalences)
def test_the_order_of_probabilities_is_the_same_at_every_prevalence(pair, old, new):
    assume(pair[1] - pair[0] > 1e-9)

    lower, higher = (adjust_to_prevalence(probability, old, new) for probability in pair)

    assert lower < higher


@given(probability=insides, old=prevalences, new=prevalences)
def test_shifting_back_gives_the_original_probability(probability, old, new):
    assert adjust_to_prevalence(adjust_to_prevalence(probability, old, new), new, old) == pytest.approx(
        probability, rel=1e-9
    )


@given(probability=probabilities, old=prevalences, middle=prevalences, new=prevalences)
def test_two_shifts_equal_one(probability, old, middle, new):
    shifted = adjust_to_prevalence(adjust_to_prevalence(probability, old, middle), middle, new)

    assert shifted == pytest.approx(adjust_to_prevalence(probability, old, new), rel=1e-9)


@given(old=prevalences, new=prevalences)
def test_probabilities_of_0_and_1_do_not_change(old, new):
    assert (adjust_to_prevalence(0.0, old, new), adjust_to_prevalence(1.0, old, new)) == (0, 1)


@given(probability=probabilities, prevalence=prevalences)
@example(probability=0.1 + 0.2, prevalence=0.7479489516864175)
def test_a_probability_at_its_own_prevalence_is_exactly_unchanged(probability, prevalence):
    assert adjust_to_prevalence(probability, prevalence, prevalence) == probability


@given(probabilities=st.lists(probabilities, max_size=9), old=prevalences, new=prevalences)
def test_an_array_is_shifted_element_by_element(probabilities, old, new):
    moved = adjust_to_prevalence(np.array(probabilities), old, new)

    assert moved.tolist() == [adjust_to_prevalence(probability, old, new) for probability in probabilities]


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan"), float("inf")])
def test_a_prevalence_that_is_not_between_0_and_1_is_refused(share):
    message = f"prevalence must be between 0 and 1, exclusive, got {share}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        adjust_to_prevalence(0.5, 0.5, share)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        adjust_to_prevalence(0.5, share, 0.5)


# --- calibration


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", ["slope", "intercept"])
def test_a_calibration_that_is_not_finite_is_refused(name, value):
    numbers = {"slope": 1.0, "intercept": 0.5} | {name: value}
    message = f"slope and intercept must be finite, got {numbers['slope']} and {numbers['intercept']}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Calibration(**numbers)


def test_a_calibrated_probability_of_float32_logits_is_computed_in_double_precision():
    logits = np.float32([1.2345678, -3.3])
    double = Calibration(1.1, 0.3).probability(logits.astype(float))
    np.testing.assert_array_equal(Calibration(1.1, 0.3).probability(logits), double)


def test_the_smallest_calibrated_probability_is_not_0():
    assert Calibration(1.0, 0.0).probability(-1e6) == pytest.approx(math.exp(-700), rel=1e-9, abs=0)
