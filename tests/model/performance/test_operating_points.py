"""Rates at the operating points are those in metrics.json and match manual counts."""

import pytest

from model.codes import Population
from model.performance.operating_points import (
    classification_report,
    operating_point_table,
    rates_sentence,
    sample_sentence,
    sensitivity_by_cause,
    sensitivity_by_cause_table,
)
from tests.support.metrics import CONFUSION, FORMATTED, measured_set


def test_operating_point_row_has_rates_and_errors():
    rule_out, balanced = operating_point_table(measured_set())

    assert rule_out == {
        "Decision threshold": "rule-out",
        "Threshold": "0.432",
        "Sensitivity": FORMATTED,
        "Specificity": FORMATTED,
        "PPV": FORMATTED,
        "Accuracy": FORMATTED,
        "Missed cases": "2 of 20",
        "False alarms": "6 of 30",
    }
    assert (balanced["Decision threshold"], balanced["Threshold"], balanced["PPV"]) == (
        "balanced",
        "0.750",
        "not defined",
    )


def test_classification_report_treats_each_class_as_positive():
    normal, pneumonia = classification_report(CONFUSION)

    assert normal == {
        "label": "NORMAL",
        "precision": pytest.approx(24 / 26),
        "recall": pytest.approx(24 / 30),
        "f1": pytest.approx(48 / 56),
        "images": 30,
    }
    assert pneumonia == {
        "label": "PNEUMONIA",
        "precision": pytest.approx(18 / 24),
        "recall": pytest.approx(18 / 20),
        "f1": pytest.approx(36 / 44),
        "images": 20,
    }


def test_report_of_an_absent_class_is_not_defined():
    _, pneumonia = classification_report({"tp": 0, "fn": 0, "fp": 0, "tn": 5})

    assert [pneumonia[name] for name in ("precision", "recall", "f1", "images")] == [None, None, None, 0]


def test_sensitivity_by_cause_is_that_of_the_operating_point():
    assert sensitivity_by_cause(measured_set(), "balanced") == [
        {"cause": "bacterial", "images": 12, "share": 0.9, "low": 0.8, "high": 0.95},
        {"cause": "viral", "images": 0, "share": None, "low": None, "high": None},
    ]
    assert sensitivity_by_cause_table(measured_set(), "balanced") == [
        {"Cause": "bacterial", "Sensitivity": FORMATTED, "Images": "12"},
        {"Cause": "viral", "Sensitivity": "not defined", "Images": "0"},
    ]
    assert [row["Sensitivity"] for row in sensitivity_by_cause_table(measured_set(), "rule-out")] == ["not defined"]


def test_sample_and_rates_are_stated_with_counts():
    assert sample_sentence(measured_set(), Population.CHILDREN) == (
        "The official test split has 50 images of 33 children; 20 of the images show pneumonia."
    )
    assert sample_sentence(measured_set(), Population.ADULTS) == (
        "The test split has 50 images of 33 adults; 20 of the images show pneumonia."
    )
    assert rates_sentence(measured_set(), "balanced") == (
        f"Sensitivity is {FORMATTED} (n = 20 images with pneumonia), specificity {FORMATTED} (n = 30 images without "
        "it)."
    )
