"""From probability to verdict: when one class alone is plausible, and what a prevalence does to a probability."""

import math
import re

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from model.inference.decision import ConformalLimits, OperatingPoint, Verdict, adjust_to_prevalence, classify

NORMAL, PNEUMONIA, INDETERMINATE = Verdict.NORMAL, Verdict.PNEUMONIA, Verdict.INDETERMINATE
probabilities = st.floats(0, 1)
insides = st.floats(1e-6, 1 - 1e-6)
prevalences = st.floats(0.01, 0.99)


def at(threshold: float) -> OperatingPoint:
    return OperatingPoint("of the test", threshold, "by hand")


def limits(least_pneumonia: float, most_normal: float, coverage: float = 0.9) -> ConformalLimits:
    return ConformalLimits(coverage, least_pneumonia, most_normal, "by hand")


def log_odds(probability: float) -> float:
    return math.log(probability) - math.log1p(-probability)


# --- operating points and limits


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_threshold_that_is_no_probability_is_refused(threshold):
    words = f"threshold: a probability, 0-1, expected, got {threshold}"
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        at(threshold)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["coverage", "least_pneumonia", "most_normal"])
def test_a_limit_or_coverage_that_is_no_share_is_refused_by_its_name(name, value):
    good = {"coverage": 0.9, "least_pneumonia": 0.4, "most_normal": 0.6}
    words = f"{name}: a share or probability, 0-1, expected, got {value}"
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        limits(**(good | {name: value}))


def test_a_class_is_plausible_at_its_own_limit():
    overlapping = limits(least_pneumonia=0.4, most_normal=0.6)

    assert overlapping.prediction_set(0.4) == overlapping.prediction_set(0.6) == {NORMAL, PNEUMONIA}
    assert overlapping.prediction_set(np.nextafter(0.4, 0)) == {NORMAL}
    assert overlapping.prediction_set(np.nextafter(0.6, 1)) == {PNEUMONIA}


def test_between_limits_with_a_gap_no_class_is_plausible():
    apart = limits(least_pneumonia=0.6, most_normal=0.4)

    assert apart.prediction_set(0.5) == frozenset()
    assert (apart.prediction_set(0.4), apart.prediction_set(0.6)) == ({NORMAL}, {PNEUMONIA})


# --- verdicts


@pytest.mark.parametrize("conformal", [limits(0.4, 0.6), limits(0.6, 0.4)], ids=["both plausible", "none plausible"])
@pytest.mark.parametrize("threshold", [0.4, 0.5, 0.6])
def test_between_the_limits_the_verdict_is_indeterminate_and_outside_the_class(conformal, threshold):
    assert classify(0.3, at(threshold), conformal) is NORMAL
    assert classify(0.5, at(threshold), conformal) is INDETERMINATE
    assert classify(0.7, at(threshold), conformal) is PNEUMONIA


def test_a_probability_at_the_threshold_is_pneumonia():
    conformal = limits(least_pneumonia=0.5, most_normal=np.nextafter(0.5, 0))

    assert classify(0.5, at(0.5), conformal) is PNEUMONIA
    assert classify(np.nextafter(0.5, 0), at(0.5), conformal) is NORMAL


def test_a_class_that_the_operating_point_contradicts_is_indeterminate():
    conformal = limits(least_pneumonia=0.4, most_normal=0.6)

    assert classify(0.7, at(0.9), conformal) is INDETERMINATE  # pneumonia alone is plausible, below the threshold
    assert classify(0.3, at(0.1), conformal) is INDETERMINATE  # normal alone is plausible, above it


def test_where_every_class_is_always_plausible_nothing_is_determined():
    assert {classify(p, at(0.5), limits(0.0, 1.0)) for p in (0.0, 0.3, 0.5, 1.0)} == {INDETERMINATE}


@given(probability=probabilities, threshold=probabilities, least=probabilities, most=probabilities)
def test_a_verdict_is_a_class_only_on_the_right_side_of_threshold_and_both_limits(probability, threshold, least, most):
    verdict = classify(probability, at(threshold), limits(least, most))

    assert (verdict is PNEUMONIA) == (probability >= threshold and probability >= least and probability > most)
    assert (verdict is NORMAL) == (probability < threshold and probability < least and probability <= most)


@given(pair=st.tuples(probabilities, probabilities).map(sorted), threshold=probabilities, of=st.data())
def test_a_higher_probability_never_turns_pneumonia_into_normal(pair, threshold, of):
    conformal = limits(of.draw(probabilities), of.draw(probabilities))
    order = [NORMAL, INDETERMINATE, PNEUMONIA]

    lower, higher = (order.index(classify(one, at(threshold), conformal)) for one in pair)

    assert lower <= higher


# --- prevalence


@given(probability=insides, old=prevalences, new=prevalences)
def test_another_prevalence_moves_the_log_odds_by_the_difference_of_its_own(probability, old, new):
    moved = adjust_to_prevalence(probability, old, new)

    assert log_odds(moved) == pytest.approx(log_odds(probability) + log_odds(new) - log_odds(old), abs=1e-6)


def test_a_probability_at_another_prevalence_is_that_of_a_thousand_counted_by_hand():
    # of 1000 at 50 %, 100 look like this: 80 ill. At 10 % the ill are a fifth as many, the healthy 9/5: 16 and 36
    assert adjust_to_prevalence(0.8, 0.5, 0.1) == pytest.approx(16 / 52)


def test_a_probability_that_says_nothing_becomes_the_prevalence():
    assert adjust_to_prevalence(0.75, 0.75, 0.03) == pytest.approx(0.03)


@given(pair=st.tuples(insides, insides).map(sorted), old=prevalences, new=prevalences)
def test_the_order_of_probabilities_is_that_at_every_prevalence(pair, old, new):
    assume(pair[1] - pair[0] > 1e-9)

    lower, higher = (adjust_to_prevalence(one, old, new) for one in pair)

    assert lower < higher


@given(probability=insides, old=prevalences, new=prevalences)
def test_the_way_back_leads_to_the_same_probability(probability, old, new):
    assert adjust_to_prevalence(adjust_to_prevalence(probability, old, new), new, old) == pytest.approx(
        probability, rel=1e-9
    )


@given(probability=probabilities, old=prevalences, one=prevalences, new=prevalences)
def test_two_steps_lead_where_one_does(probability, old, one, new):
    in_two = adjust_to_prevalence(adjust_to_prevalence(probability, old, one), one, new)

    assert in_two == pytest.approx(adjust_to_prevalence(probability, old, new), rel=1e-9)


@given(old=prevalences, new=prevalences)
def test_certainty_is_certainty_at_every_prevalence(old, new):
    assert (adjust_to_prevalence(0.0, old, new), adjust_to_prevalence(1.0, old, new)) == (0, 1)


@given(probability=probabilities, prevalence=prevalences)
@example(probability=0.1 + 0.2, prevalence=0.7479489516864175)
def test_at_its_own_prevalence_a_probability_is_the_very_same_number(probability, prevalence):
    assert adjust_to_prevalence(probability, prevalence, prevalence) == probability


@given(probabilities=st.lists(probabilities, max_size=9), old=prevalences, new=prevalences)
def test_an_array_is_moved_number_by_number(probabilities, old, new):
    moved = adjust_to_prevalence(np.array(probabilities), old, new)

    assert moved.tolist() == [adjust_to_prevalence(one, old, new) for one in probabilities]


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan"), float("inf")])
def test_a_prevalence_of_none_or_all_or_beyond_is_refused(share):
    words = f"prevalence: a share between 0 and 1 expected, got {share}"
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        adjust_to_prevalence(0.5, 0.5, share)
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        adjust_to_prevalence(0.5, share, 0.5)
