"""Metrics for a set of images, compared with manual counts."""

import numpy as np
import pandas as pd
import pytest

from model.codes import Label
from model.inference.decision import ConformalLimits, OperatingPoint
from model.performance.binary_metrics import auc_with_ci, rates_with_ci
from model.performance.release_data import predictions_of
from tests.support.populations import decision_rules
from tests.support.predictions import UNDEFINED
from training.evaluation import calibration_metrics as calibration_module
from training.evaluation.calibration_metrics import calibration_metrics
from training.evaluation.split_metrics import conformal_metrics, operating_point_metrics, split_metrics

pytestmark = pytest.mark.slow

LOW, HIGH = OperatingPoint("low", 0.35, "by hand"), OperatingPoint("high", 0.75, "by hand")
RULES = decision_rules(LOW, HIGH)


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr(calibration_module, "RECALIBRATION_DRAWS", 20)


@pytest.fixture
def rows() -> pd.DataFrame:
    """Ten images of nine patients."""
    images = [
        (Label.NORMAL, "none", 0.1, "a"),
        (Label.NORMAL, "none", 0.2, "a"),
        (Label.NORMAL, "none", 0.37, "b"),
        (Label.NORMAL, "none", 0.5, "c"),
        (Label.NORMAL, "none", 0.7, "d"),
        (Label.PNEUMONIA, "bacterial", 0.9, "e"),
        (Label.PNEUMONIA, "bacterial", 0.8, "f"),
        (Label.PNEUMONIA, "viral", 0.55, "g"),
        (Label.PNEUMONIA, "viral", 0.3, "h"),
        (Label.PNEUMONIA, "unknown", 0.72, "i"),
    ]
    return pd.DataFrame(images, columns=["label", "cause", "probability", "patient"])


def values(shares: dict) -> dict:
    return {name: (share["value"], share["n"]) for name, share in shares.items()}


def test_predictions_of_a_table_have_target_1_for_pneumonia(rows):
    predictions = predictions_of(rows)

    assert predictions.target.tolist() == [0] * 5 + [1] * 5
    assert predictions.probability.tolist() == rows["probability"].tolist()
    assert predictions.patient.tolist() == list("aabcdefghi")


def test_a_set_has_one_auc_and_rates_at_every_operating_point(rows):
    measured = operating_point_metrics(rows, RULES)

    assert {name: measured[name] for name in ("n", "patients", "positives")} == {"n": 10, "patients": 9, "positives": 5}
    assert measured["auc"] == auc_with_ci(predictions_of(rows))["auc"]
    assert measured["operating_points"] == {
        p.name: rates_with_ci(predictions_of(rows), p.threshold) for p in (LOW, HIGH)
    }
    assert measured["operating_points"]["low"]["confusion"] == {"tp": 4, "fn": 1, "fp": 3, "tn": 2}
    assert measured["operating_points"]["high"]["confusion"] == {"tp": 2, "fn": 3, "fp": 0, "tn": 5}


def test_sensitivity_by_cause_is_at_each_point_and_omits_unknown_causes(rows):
    by_cause = split_metrics(rows, RULES)["sensitivity_by_cause"]

    assert values(by_cause["low"]) == {"bacterial": (1, 2), "viral": (0.5, 2)}
    assert values(by_cause["high"]) == {"bacterial": (1, 2), "viral": (0, 2)}


def test_a_cause_without_images_has_no_sensitivity(rows):
    by_cause = split_metrics(rows[rows["cause"] != "viral"], RULES)["sensitivity_by_cause"]

    assert by_cause["low"]["viral"] == {"n": 0, **UNDEFINED}


def test_calibration_is_measured_from_the_training_prevalence(rows):
    assert split_metrics(rows, RULES)["calibration"] == calibration_metrics(predictions_of(rows), calibrated_at=0.7)


def test_split_metrics_extend_operating_point_metrics(rows):
    measured = split_metrics(rows, RULES)

    at_points = operating_point_metrics(rows, RULES)
    assert {name: measured[name] for name in at_points} == at_points
    assert measured["conformal"] == conformal_metrics(predictions_of(rows), RULES)
    assert measured.keys() - at_points.keys() == {"sensitivity_by_cause", "calibration", "conformal"}


def test_coverage_and_indeterminate_share_are_by_class(rows):
    measured = conformal_metrics(predictions_of(rows), RULES)

    # NORMAL is not plausible at 0.7, PNEUMONIA not at 0.3
    assert values(measured["coverage"]) == {Label.NORMAL: (0.8, 5), Label.PNEUMONIA: (0.8, 5)}
    # both are plausible at 0.5 and 0.55; the low point contradicts NORMAL at 0.37, the high PNEUMONIA at 0.7 and 0.72
    assert values(measured["indeterminate"]["low"]) == {Label.NORMAL: (0.4, 5), Label.PNEUMONIA: (0.2, 5)}
    assert values(measured["indeterminate"]["high"]) == {Label.NORMAL: (0.4, 5), Label.PNEUMONIA: (0.4, 5)}


def test_limits_with_a_gap_cover_nothing_and_make_everything_indeterminate(rows):
    rules = decision_rules(LOW, conformal=ConformalLimits(0.9, 0.95, 0.05, "by hand"))

    measured = conformal_metrics(predictions_of(rows), rules)

    assert values(measured["coverage"]) == {Label.NORMAL: (0, 5), Label.PNEUMONIA: (0, 5)}
    assert values(measured["indeterminate"]["low"]) == {Label.NORMAL: (1, 5), Label.PNEUMONIA: (1, 5)}


def test_a_set_with_one_class_has_no_auc_and_no_share_for_the_other_class(rows):
    normal = rows[rows["label"] == Label.NORMAL]

    measured = split_metrics(normal, RULES)

    assert measured["auc"] == measured["operating_points"]["low"]["sensitivity"] == UNDEFINED
    assert measured["conformal"]["coverage"][Label.PNEUMONIA] == {"n": 0, **UNDEFINED}
    assert measured["conformal"]["coverage"][Label.NORMAL]["value"] == pytest.approx(0.8)
    assert measured["calibration"]["prevalence_adjusted"] is None


def test_the_interval_of_a_share_is_by_patient(rows):
    many = pd.concat([rows] * 8, ignore_index=True)
    one_patient_each = many.assign(patient=[str(number) for number in np.arange(len(many))])

    by_patient, by_image = (
        conformal_metrics(predictions_of(table), RULES)["coverage"] for table in (many, one_patient_each)
    )

    widths = [share[Label.NORMAL]["high"] - share[Label.NORMAL]["low"] for share in (by_patient, by_image)]
    assert widths[0] > 1.5 * widths[1]
