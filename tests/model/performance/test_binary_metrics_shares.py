"""Shares of images and predictive values at a prevalence, against manual counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.performance.binary_metrics import mean_with_ci, predictive_values, rates_with_ci
from tests.support.predictions import UNDEFINED, arbitrary_predictions, predictions, width

# --- shares


def test_share_counts_images_and_its_interval_counts_patients():
    values = np.array([True] * 30 + [False] * 10)
    one_image_each, ten_images_each = np.arange(40).astype(str), np.repeat(np.arange(4), 10).astype(str)

    single, grouped = mean_with_ci(values, one_image_each), mean_with_ci(values, ten_images_each)

    assert (single["n"], single["value"]) == (grouped["n"], grouped["value"]) == (40, 0.75)
    assert single["low"] < 0.75 < single["high"]
    assert (grouped["low"], grouped["high"]) == (
        0.25,
        1,
    )  # most draws of four patients hold one to four of the first three
    assert width(single) < 0.3


def test_share_of_all_or_none_gets_the_rule_of_three_over_patients():
    patients = np.repeat(np.arange(30), 2)

    assert mean_with_ci(np.ones(60, bool), patients) == {"n": 60, "value": 1.0, "low": 0.9, "high": 1.0}
    assert mean_with_ci(np.zeros(60, bool), patients) == {"n": 60, "value": 0.0, "low": 0.0, "high": 0.1}


def test_share_of_no_images_is_not_defined():
    assert mean_with_ci(np.zeros(0, bool), np.zeros(0, str)) == {"n": 0, **UNDEFINED}


@settings(max_examples=8)
@given(predicted=arbitrary_predictions(), threshold=st.sampled_from([0.0, 0.325, 0.5, 0.8]))
def test_sensitivity_is_the_share_of_alarms_among_the_ill(predicted, threshold):
    ill = predicted.target == 1

    share = mean_with_ci(predicted.probability[ill] >= threshold, predicted.patient[ill])

    assert share["value"] == pytest.approx(rates_with_ci(predicted, threshold)["sensitivity"]["value"])


# --- predictive values


@settings(max_examples=20)
@given(predicted=arbitrary_predictions(), threshold=st.sampled_from([0.0, 0.325, 0.5, 0.8]))
def test_predictive_values_at_the_sets_own_prevalence_match_the_counts(predicted, threshold):
    alarm, ill = predicted.probability >= threshold, predicted.target == 1

    values = predictive_values(predicted, threshold, prevalence=ill.mean())

    assert values["ppv"]["value"] == (pytest.approx(ill[alarm].mean()) if alarm.any() else None)
    assert values["npv"]["value"] == (pytest.approx(1 - ill[~alarm].mean()) if (~alarm).any() else None)
    for metric in values.values():
        if metric["value"] is not None:
            assert 0 <= metric["low"] <= metric["high"] <= 1


def test_predictive_values_at_a_different_prevalence_match_a_manual_count_of_a_thousand():
    # Sensitivity 3/4, specificity 4/5. Of 1000 at 20%: 150 true positives, 50 missed cases, 160 false alarms and 640
    # true negatives.
    predicted = predictions([1, 1, 1, 1, 0, 0, 0, 0, 0], [0.9, 0.8, 0.7, 0.2, 0.6, 0.4, 0.3, 0.2, 0.1])

    values = predictive_values(predicted, 0.5, prevalence=0.2)

    assert values["ppv"]["value"] == pytest.approx(150 / 310)
    assert values["npv"]["value"] == pytest.approx(640 / 690)


def test_ppv_rises_and_npv_falls_with_prevalence():
    predicted = predictions([1, 1, 1, 1, 0, 0, 0, 0], [0.9, 0.8, 0.7, 0.2, 0.6, 0.4, 0.3, 0.1])

    values = [predictive_values(predicted, 0.5, prevalence) for prevalence in (0.01, 0.2, 0.5, 0.9)]

    ppv, npv = ([at_prevalence[name]["value"] for at_prevalence in values] for name in ("ppv", "npv"))
    assert ppv == sorted(set(ppv))
    assert npv == sorted(set(npv), reverse=True)


def test_perfect_predictive_values_get_the_rule_of_three_over_the_patients_concerned():
    target = np.repeat([1, 0], [20, 50])

    values = predictive_values(predictions(target, target), 0.5, prevalence=0.1)

    assert values["ppv"] == {"value": 1.0, "low": pytest.approx(1 - 3 / 20), "high": 1.0}
    assert values["npv"] == {"value": 1.0, "low": pytest.approx(1 - 3 / 50), "high": 1.0}


def test_predictive_value_of_a_prediction_that_never_occurs_is_not_defined():
    predicted = predictions([1, 0, 1, 0], [0.1, 0.2, 0.3, 0.4])

    assert predictive_values(predicted, 0.9, prevalence=0.1)["ppv"] == UNDEFINED
    assert predictive_values(predicted, 0.0, prevalence=0.1)["npv"] == UNDEFINED
