"""Metrics for one set of images, computed from its predictions."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from model.codes import LABELS
from model.inference.decision import DecisionRules, Verdict, classify
from model.performance.binary_metrics import Predictions, auc_with_ci, mean_with_ci, rates_with_ci
from model.performance.release_data import predictions_of
from model.performance.schema import ConformalMetrics, CountedEstimate, OperatingPointMetrics, SplitMetrics
from training.evaluation.calibration_metrics import calibration_metrics

KNOWN_CAUSES = ("bacterial", "viral")
TYPICAL = "Typical Appearance"  # of pneumonia in adults, as radiologists stated it; takes the place of the cause
APPEARANCES = (TYPICAL, "Indeterminate Appearance", "Atypical Appearance")


def operating_point_metrics(rows: pd.DataFrame, rules: DecisionRules) -> OperatingPointMetrics:
    """Return the AUC, and the rates at each operating point.

    Args:
        rows: One row per image: label, probability, patient.
        rules: Source of the operating points.
    """
    predictions = predictions_of(rows)
    points = {point.name: rates_with_ci(predictions, point.threshold) for point in rules.operating_points}
    return {**auc_with_ci(predictions), "operating_points": points}


def split_metrics(rows: pd.DataFrame, rules: DecisionRules, causes: Sequence[str] = KNOWN_CAUSES) -> SplitMetrics:
    """Return all metrics: AUC, rates, sensitivity by cause, calibration and conformal coverage.

    Args:
        rows: One row per image: label, cause, probability, patient.
        rules: Source of operating points, conformal limits and training prevalence.
        causes: Causes whose sensitivity is measured.
    """
    return {
        **operating_point_metrics(rows, rules),
        "sensitivity_by_cause": {
            point.name: _sensitivity_by_cause(rows, point.threshold, causes) for point in rules.operating_points
        },
        "calibration": calibration_metrics(predictions_of(rows), rules.training_prevalence),
        "conformal": conformal_metrics(predictions_of(rows), rules),
    }


def conformal_metrics(predictions: Predictions, rules: DecisionRules) -> ConformalMetrics:
    """Return, for each class, how often the true class is plausible and how often the verdict is indeterminate."""
    prediction_sets = [rules.conformal.prediction_set(probability) for probability in predictions.probability]
    covered = np.array(
        [LABELS[target] in classes for target, classes in zip(predictions.target, prediction_sets, strict=True)],
        dtype=bool,
    )
    indeterminate = {}
    for point in rules.operating_points:
        verdicts = [classify(probability, point, rules.conformal) for probability in predictions.probability]
        is_indeterminate = np.array([verdict is Verdict.INDETERMINATE for verdict in verdicts], dtype=bool)
        indeterminate[point.name] = _share_by_class(is_indeterminate, predictions)
    return {"coverage": _share_by_class(covered, predictions), "indeterminate": indeterminate}


def _share_by_class(values: np.ndarray, predictions: Predictions) -> dict[str, CountedEstimate]:
    members = {label: predictions.target == target for target, label in enumerate(LABELS)}
    return {label: mean_with_ci(values[of_class], predictions.patient[of_class]) for label, of_class in members.items()}


def _sensitivity_by_cause(rows: pd.DataFrame, threshold: float, causes: Sequence[str]) -> dict[str, CountedEstimate]:
    rows_by_cause = {cause: rows[rows["cause"] == cause] for cause in causes}
    return {
        cause: mean_with_ci((members["probability"] >= threshold).to_numpy(), members["patient"].to_numpy(str))
        for cause, members in rows_by_cause.items()
    }
