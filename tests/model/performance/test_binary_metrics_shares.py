"""Shares of pictures, and what an alarm is worth at a prevalence: against counts by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.performance.binary_metrics import mean_with_ci, predictive_values, rates_with_ci
from tests.support.predictions import UNDEFINED, arbitrary_predictions, predictions, width

# --- shares


def test_a_share_is_that_of_pictures_and_its_interval_that_of_patients():
    of = np.array([True] * 30 + [False] * 10)
    of_one_each, of_ten_each = np.arange(40).astype(str), np.repeat(np.arange(4), 10).astype(str)

    alone, together = mean_with_ci(of, of_one_each), mean_with_ci(of, of_ten_each)

    assert (alone["n"], alone["value"]) == (together["n"], together["value"]) == (40, 0.75)
    assert alone["low"] < 0.75 < alone["high"]
    assert (together["low"], together["high"]) == (0.25, 1)  # of four patients three or four are like the first three
    assert width(alone) < 0.3


def test_a_share_of_all_or_none_has_the_rule_of_three_over_patients():
    patients = np.repeat(np.arange(30), 2)

    assert mean_with_ci(np.ones(60, bool), patients) == {"n": 60, "value": 1.0, "low": 0.9, "high": 1.0}
    assert mean_with_ci(np.zeros(60, bool), patients) == {"n": 60, "value": 0.0, "low": 0.0, "high": 0.1}


def test_a_share_of_no_pictures_is_not_defined():
    assert mean_with_ci(np.zeros(0, bool), np.zeros(0, str)) == {"n": 0, **UNDEFINED}


@settings(max_examples=8)
@given(scores=arbitrary_predictions(), threshold=st.sampled_from([0.0, 0.325, 0.5, 0.8]))
def test_sensitivity_is_the_share_of_alarms_among_the_ill(scores, threshold):
    ill = scores.target == 1

    share = mean_with_ci(scores.probability[ill] >= threshold, scores.patient[ill])

    assert share["value"] == pytest.approx(rates_with_ci(scores, threshold)["sensitivity"]["value"])


# --- predictive values


@settings(max_examples=20)
@given(scores=arbitrary_predictions(), threshold=st.sampled_from([0.0, 0.325, 0.5, 0.8]))
def test_at_the_pictures_own_prevalence_predictive_values_are_those_counted(scores, threshold):
    alarm, ill = scores.probability >= threshold, scores.target == 1

    values = predictive_values(scores, threshold, prevalence=ill.mean())

    assert values["ppv"]["value"] == (pytest.approx(ill[alarm].mean()) if alarm.any() else None)
    assert values["npv"]["value"] == (pytest.approx(1 - ill[~alarm].mean()) if (~alarm).any() else None)
    for metric in values.values():
        if metric["value"] is not None:
            assert 0 <= metric["low"] <= metric["high"] <= 1


def test_predictive_values_at_another_prevalence_are_those_of_a_thousand_counted_by_hand():
    # sensitivity 3/4, specificity 4/5; of 1000 at 20 %: 150 caught, 50 missed, 160 false alarms, 640 spared
    read = predictions([1, 1, 1, 1, 0, 0, 0, 0, 0], [0.9, 0.8, 0.7, 0.2, 0.6, 0.4, 0.3, 0.2, 0.1])

    values = predictive_values(read, 0.5, prevalence=0.2)

    assert values["ppv"]["value"] == pytest.approx(150 / 310)
    assert values["npv"]["value"] == pytest.approx(640 / 690)


def test_the_rarer_the_disease_the_less_an_alarm_says_and_the_more_its_absence():
    read = predictions([1, 1, 1, 1, 0, 0, 0, 0], [0.9, 0.8, 0.7, 0.2, 0.6, 0.4, 0.3, 0.1])

    at = [predictive_values(read, 0.5, prevalence) for prevalence in (0.01, 0.2, 0.5, 0.9)]

    alarm, absence = ([one[name]["value"] for one in at] for name in ("ppv", "npv"))
    assert alarm == sorted(set(alarm))
    assert absence == sorted(set(absence), reverse=True)


def test_an_alarm_that_is_always_right_has_the_rule_of_three_over_the_patients_with_one():
    target = np.repeat([1, 0], [20, 50])

    values = predictive_values(predictions(target, target), 0.5, prevalence=0.1)

    assert values["ppv"] == {"value": 1.0, "low": pytest.approx(1 - 3 / 20), "high": 1.0}
    assert values["npv"] == {"value": 1.0, "low": pytest.approx(1 - 3 / 50), "high": 1.0}


def test_what_no_alarm_or_no_absence_of_one_would_say_is_not_defined():
    read = predictions([1, 0, 1, 0], [0.1, 0.2, 0.3, 0.4])

    assert predictive_values(read, 0.9, prevalence=0.1)["ppv"] == UNDEFINED
    assert predictive_values(read, 0.0, prevalence=0.1)["npv"] == UNDEFINED
