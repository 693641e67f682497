"""Metrics against manual counts, scikit-learn and brute force; intervals against their required properties."""

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


def measure(predicted: Predictions, threshold: float) -> dict:
    return auc_with_ci(predicted) | rates_with_ci(predicted, threshold)


def test_counts_and_rates_match_a_manual_count():
    # At 0.5: alarms .9 .8 .5 (true), .6 (false); no alarm .4 .1 .2 (true), .3 (missed).
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


def test_probability_equal_to_the_threshold_is_an_alarm():
    assert measure(predictions([1, 0], [0.7, 0.7]), 0.7)["confusion"] == {"tp": 1, "fn": 0, "fp": 1, "tn": 0}


@settings(max_examples=8)
@given(predicted=arbitrary_predictions(), threshold=st.sampled_from([0.0, 0.325, 0.5, 0.8]))
def test_auc_equals_scikit_learn_and_every_interval_contains_its_value(predicted, threshold):
    measured = measure(predicted, threshold)

    assert measured["auc"]["value"] == pytest.approx(roc_auc_score(predicted.target, predicted.probability))
    for metric in (measured[name] for name in METRICS):
        if metric["value"] is not None:
            assert 0 <= metric["low"] <= metric["value"] <= metric["high"] <= 1


def test_same_predictions_give_the_same_intervals():
    same = predictions([1, 1, 0, 0, 1, 0], [0.9, 0.2, 0.1, 0.8, 0.6, 0.3], "aabbcd")

    assert measure(same, 0.5) == measure(same, 0.5)


def test_copies_of_a_patients_image_do_not_narrow_the_intervals():
    """Five copies of every image carry no more information than one; new patients would."""
    rng = np.random.default_rng(5)
    target = np.repeat([0, 1], 30)
    probability = np.clip(0.5 + 0.2 * (2 * target - 1) + rng.normal(0, 0.25, 60), 0, 1)
    single = measure(predictions(target, probability), 0.5)
    five_copies = predictions(np.repeat(target, 5), np.repeat(probability, 5), np.repeat(np.arange(60), 5))
    copied = measure(five_copies, 0.5)
    as_new_patients = measure(predictions(five_copies.target, five_copies.probability), 0.5)

    for name in METRICS:
        assert copied[name] == pytest.approx(single[name])
        assert width(copied[name]) > 1.8 * width(as_new_patients[name])  # the square root of five is 2.2


def test_a_draw_takes_all_images_of_a_patient_and_as_many_patients_as_exist():
    times = patient_bootstrap_weights(np.array(["b", "a", "b", "c", "a", "b"]), draws=50)

    assert times.shape == (50, 6)
    assert (times[:, [0, 0, 1]] == times[:, [2, 5, 4]]).all()
    assert (times[:, [0, 1, 3]].sum(axis=1) == 3).all()


def test_perfect_classifier_gets_the_rule_of_three_over_the_patients_of_each_rate():
    # 20 patients with pneumonia, two images each; 50 without, one image each.
    target = np.repeat([1, 0], [40, 50])
    patient = np.concatenate([np.repeat(np.arange(20), 2), np.arange(20, 70)])

    measured = measure(predictions(target, target, patient), 0.5)

    patients_of_rate = {"sensitivity": 20, "precision": 20, "specificity": 50, "accuracy": 70, "f1": 70, "auc": 70}
    for name, patients in patients_of_rate.items():
        assert measured[name] == {"value": 1.0, "low": pytest.approx(1 - 3 / patients), "high": 1.0}


def test_classifier_that_is_always_wrong_gets_the_rule_of_three_at_zero():
    target = np.repeat([1, 0], [20, 50])

    measured = measure(predictions(target, 1 - target), 0.5)

    patients_of_rate = {"sensitivity": 20, "precision": 50, "specificity": 50, "accuracy": 70, "f1": 70, "auc": 70}
    for name, patients in patients_of_rate.items():
        assert measured[name] == {"value": 0.0, "low": 0.0, "high": pytest.approx(3 / patients)}


def test_rule_of_three_over_fewer_than_three_patients_spans_0_to_1():
    assert measure(predictions([1, 0], [1, 0]), 0.5)["sensitivity"] == {"value": 1.0, "low": 0.0, "high": 1.0}


def test_precision_without_alarms_is_not_defined():
    measured = measure(predictions([1, 0, 1, 0], [0.1, 0.2, 0.3, 0.4]), 0.9)

    assert measured["precision"] == UNDEFINED
    assert measured["sensitivity"]["value"] == 0
    assert measured["specificity"]["value"] == 1


def test_precision_of_one_alarm_ignores_draws_without_it():
    measured = measure(predictions([1, 0, 1, 0], [0.95, 0.2, 0.3, 0.4]), 0.9)

    assert measured["precision"] == {"value": 1.0, "low": 0.0, "high": 1.0}


def test_set_with_one_class_has_no_auc():
    measured = measure(predictions([1, 1, 1], [0.1, 0.6, 0.7]), 0.5)

    assert measured["auc"] == measured["specificity"] == UNDEFINED


# --- intervals and thresholds


def test_interval_spans_95_percent_of_the_finite_draws():
    draws = np.append(np.linspace(0, 1, 1001), [np.nan, np.inf])

    assert percentile_interval(0.5, draws, 9) == {
        "value": 0.5,
        "low": pytest.approx(0.025),
        "high": pytest.approx(0.975),
    }


@pytest.mark.parametrize(("value", "draws"), [(np.nan, [0.1, 0.2]), (0.5, [np.nan]), (0.5, [])])
def test_interval_is_undefined_without_a_finite_value_or_draw(value, draws):
    assert percentile_interval(value, np.array(draws, float), 9) == UNDEFINED


@given(pair=st.lists(st.floats(0, 1), min_size=2, max_size=2, unique=True).map(sorted))
@example(pair=[1 - 2**-53, 1.0])
@example(pair=[0.0, 5e-324])
def test_midpoint_is_above_the_lower_probability_and_at_most_the_upper(pair):
    assert pair[0] < midpoint(*pair) <= pair[1]


def youden_index(predicted: Predictions, threshold: float) -> float:
    alarm = predicted.probability >= threshold
    return alarm[predicted.target == 1].mean() - alarm[predicted.target == 0].mean()


@pytest.mark.slow
@settings(max_examples=2 * settings.default.max_examples)
@given(predicted=arbitrary_predictions(probability=st.one_of(st.integers(0, 9).map(lambda n: n / 9), st.floats(0, 1))))
@example(predicted=predictions([0, 1], [1 - 2**-53, 1.0]))  # neighbouring numbers, whose midpoint rounds to one of them
@example(predicted=predictions([0, 1], [0.0, 5e-324]))
@example(predicted=predictions([1, 0], [0.2, 0.4]))  # a classifier that is always wrong
def test_youden_threshold_maximises_the_index_and_lies_between_two_probabilities(predicted):
    distinct = np.unique(predicted.probability)
    assume(len(distinct) > 1)

    threshold = youden_threshold(predicted)

    best = max(youden_index(predicted, candidate) for candidate in distinct[1:])
    assert youden_index(predicted, threshold) == pytest.approx(best)
    above = np.searchsorted(distinct, threshold)  # index of the first alarm
    assert distinct[above - 1] < threshold <= distinct[above]
    assert threshold < distinct[above] or distinct[above] == np.nextafter(distinct[above - 1], 1)


def test_youden_threshold_is_the_midpoint_of_the_gap():
    assert youden_threshold(predictions([0, 0, 1, 1], [0.1, 0.3, 0.7, 0.9])) == 0.5


def test_youden_threshold_of_equal_probabilities_is_that_probability():
    assert youden_threshold(predictions([0, 1, 1], [0.4, 0.4, 0.4])) == 0.4
