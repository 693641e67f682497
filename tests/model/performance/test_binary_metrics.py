"""Figures against counts by hand, scikit-learn and brute force; intervals against what they must hold."""

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from model.performance.binary_metrics import (
    Predictions,
    auc_with_ci,
    midpoint,
    patient_bootstrap_weights,
    percentile_interval,
    rates_with_ci,
    youden_threshold,
)
from tests.support.predictions import UNDEFINED, arbitrary_predictions, predictions, width

METRICS = ("accuracy", "sensitivity", "specificity", "precision", "f1", "auc")


def measure(scores: Predictions, threshold: float) -> dict:
    return auc_with_ci(scores) | rates_with_ci(scores, threshold)


def test_counts_and_rates_are_those_counted_by_hand():
    # at 0.5: alarms .9 .8 .5 (right), .6 (false); silence .4 .1 .2 (right), .3 (missed)
    measured = measure(predictions([1, 1, 1, 1, 0, 0, 0, 0], [0.9, 0.8, 0.5, 0.3, 0.6, 0.4, 0.1, 0.2], "aabcdeff"), 0.5)

    assert {name: measured[name] for name in ("n", "patients", "positives", "threshold")} == {
        "n": 8,
        "patients": 6,
        "positives": 4,
        "threshold": 0.5,
    }
    assert measured["confusion"] == {"tp": 3, "fn": 1, "fp": 1, "tn": 3}
    assert {name: measured[name]["value"] for name in METRICS} == pytest.approx(
        {"accuracy": 6 / 8, "sensitivity": 3 / 4, "specificity": 3 / 4, "precision": 3 / 4, "f1": 0.75, "auc": 13 / 16}
    )


def test_a_probability_at_the_threshold_is_an_alarm():
    assert measure(predictions([1, 0], [0.7, 0.7]), 0.7)["confusion"] == {"tp": 1, "fn": 0, "fp": 1, "tn": 0}


@settings(max_examples=8)
@given(scores=arbitrary_predictions(), threshold=st.sampled_from([0.0, 0.325, 0.5, 0.8]))
def test_auc_is_scikit_learns_and_every_interval_holds_its_value(scores, threshold):
    measured = measure(scores, threshold)

    assert measured["auc"]["value"] == pytest.approx(roc_auc_score(scores.target, scores.probability))
    for metric in (measured[name] for name in METRICS):
        if metric["value"] is not None:
            assert 0 <= metric["low"] <= metric["value"] <= metric["high"] <= 1


def test_the_same_scores_give_the_same_intervals():
    same = predictions([1, 1, 0, 0, 1, 0], [0.9, 0.2, 0.1, 0.8, 0.6, 0.3], "aabbcd")

    assert measure(same, 0.5) == measure(same, 0.5)


def test_patients_with_several_like_pictures_give_wider_intervals_than_as_many_patients():
    """Five copies of every picture tell no more than one: the interval must not shrink as if they were new people."""
    rng = np.random.default_rng(5)
    target = np.repeat([0, 1], 30)
    probability = np.clip(0.5 + 0.2 * (2 * target - 1) + rng.normal(0, 0.25, 60), 0, 1)
    single = measure(predictions(target, probability), 0.5)
    of_five = predictions(np.repeat(target, 5), np.repeat(probability, 5), np.repeat(np.arange(60), 5))
    copied = measure(of_five, 0.5)
    taken_for_people = measure(predictions(of_five.target, of_five.probability), 0.5)

    for name in METRICS:
        assert copied[name] == pytest.approx(single[name])
        assert width(copied[name]) > 1.8 * width(taken_for_people[name])  # the root of five is 2.2


def test_a_draw_counts_all_pictures_of_a_patient_equally_often_and_as_many_patients_as_there_are():
    times = patient_bootstrap_weights(np.array(["b", "a", "b", "c", "a", "b"]), draws=50)

    assert times.shape == (50, 6)
    assert (times[:, [0, 0, 1]] == times[:, [2, 5, 4]]).all()
    assert (times[:, [0, 1, 3]].sum(axis=1) == 3).all()


def test_a_perfect_reader_has_the_rule_of_three_over_the_patients_of_each_rate():
    # 20 patients with pneumonia, two pictures each; 50 without, one each
    target = np.repeat([1, 0], [40, 50])
    patient = np.concatenate([np.repeat(np.arange(20), 2), np.arange(20, 70)])

    measured = measure(predictions(target, target, patient), 0.5)

    over = {"sensitivity": 20, "precision": 20, "specificity": 50, "accuracy": 70, "f1": 70, "auc": 70}
    for name, patients in over.items():
        assert measured[name] == {"value": 1.0, "low": pytest.approx(1 - 3 / patients), "high": 1.0}


def test_a_reader_that_is_always_wrong_has_the_rule_of_three_at_the_other_end():
    target = np.repeat([1, 0], [20, 50])

    measured = measure(predictions(target, 1 - target), 0.5)

    over = {"sensitivity": 20, "precision": 50, "specificity": 50, "accuracy": 70, "f1": 70, "auc": 70}
    for name, patients in over.items():
        assert measured[name] == {"value": 0.0, "low": 0.0, "high": pytest.approx(3 / patients)}


def test_a_rule_of_three_over_fewer_than_three_patients_says_anything_between_0_and_1():
    assert measure(predictions([1, 0], [1, 0]), 0.5)["sensitivity"] == {"value": 1.0, "low": 0.0, "high": 1.0}


def test_precision_without_any_alarm_is_not_defined():
    measured = measure(predictions([1, 0, 1, 0], [0.1, 0.2, 0.3, 0.4]), 0.9)

    assert measured["precision"] == UNDEFINED
    assert measured["sensitivity"]["value"] == 0
    assert measured["specificity"]["value"] == 1


def test_precision_of_one_alarm_leaves_out_the_draws_without_it():
    measured = measure(predictions([1, 0, 1, 0], [0.95, 0.2, 0.3, 0.4]), 0.9)

    assert measured["precision"] == {"value": 1.0, "low": 0.0, "high": 1.0}


def test_a_part_with_one_class_has_no_auc():
    measured = measure(predictions([1, 1, 1], [0.1, 0.6, 0.7]), 0.5)

    assert measured["auc"] == measured["specificity"] == UNDEFINED


# --- intervals and thresholds


def test_an_interval_is_95_percent_of_the_draws_that_are_defined():
    drawn = np.append(np.linspace(0, 1, 1001), [np.nan, np.inf])

    assert percentile_interval(0.5, drawn, 9) == {
        "value": 0.5,
        "low": pytest.approx(0.025),
        "high": pytest.approx(0.975),
    }


@pytest.mark.parametrize(("value", "drawn"), [(np.nan, [0.1, 0.2]), (0.5, [np.nan]), (0.5, [])])
def test_without_a_value_or_a_draw_there_is_no_interval(value, drawn):
    assert percentile_interval(value, np.array(drawn, float), 9) == UNDEFINED


@given(pair=st.lists(st.floats(0, 1), min_size=2, max_size=2, unique=True).map(sorted))
@example(pair=[1 - 2**-53, 1.0])
@example(pair=[0.0, 5e-324])
def test_between_two_probabilities_is_above_the_lower_and_not_above_the_upper(pair):
    assert pair[0] < midpoint(*pair) <= pair[1]


def youden(scores: Predictions, threshold: float) -> float:
    alarm = scores.probability >= threshold
    return alarm[scores.target == 1].mean() - alarm[scores.target == 0].mean()


@settings(max_examples=200)
@given(scores=arbitrary_predictions(probability=st.one_of(st.integers(0, 9).map(lambda n: n / 9), st.floats(0, 1))))
@example(scores=predictions([0, 1], [1 - 2**-53, 1.0]))  # neighbours, whose middle rounds to one of them
@example(scores=predictions([0, 1], [0.0, 5e-324]))
@example(scores=predictions([1, 0], [0.2, 0.4]))  # a reader that is always wrong
def test_the_threshold_has_the_largest_youden_index_of_all_and_lies_between_two_probabilities(scores):
    distinct = np.unique(scores.probability)
    assume(len(distinct) > 1)

    threshold = youden_threshold(scores)

    assert youden(scores, threshold) == pytest.approx(max(youden(scores, candidate) for candidate in distinct[1:]))
    above = np.searchsorted(distinct, threshold)  # the first that is an alarm
    assert distinct[above - 1] < threshold <= distinct[above]
    assert threshold < distinct[above] or distinct[above] == np.nextafter(distinct[above - 1], 1)


def test_the_threshold_stands_in_the_middle_of_the_gap():
    assert youden_threshold(predictions([0, 0, 1, 1], [0.1, 0.3, 0.7, 0.9])) == 0.5


def test_where_all_probabilities_are_equal_the_threshold_is_that_probability():
    assert youden_threshold(predictions([0, 1, 1], [0.4, 0.4, 0.4])) == 0.4
