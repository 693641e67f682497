"""Every figure of metrics.json about one set of pictures, from what the reader said of them."""

import numpy as np
import pandas as pd

from model.codes import LABELS
from model.inference.decision import Verdict, classify
from model.inference.release_loader import Release
from model.performance.binary_metrics import Predictions, auc_with_ci, mean_with_ci, rates_with_ci
from model.performance.release_data import predictions_of
from training.evaluation.calibration_metrics import calibration_metrics

KNOWN_CAUSES = ("bacterial", "viral")


def operating_point_metrics(rows: pd.DataFrame, release: Release) -> dict:
    """Ranking, and rates at each operating point: {"n", "patients", "positives", "auc", "operating_points"}."""
    scores = predictions_of(rows)
    points = {point.name: rates_with_ci(scores, point.threshold) for point in release.operating_points}
    return {**auc_with_ci(scores), "operating_points": points}


def split_metrics(rows: pd.DataFrame, release: Release) -> dict:
    """Figures of a set: those of `operating_point_metrics`, and calibration, conformal coverage and indeterminate shares.

    Args:
        rows: a row per picture: label, cause, probability, patient.
        release: tells operating points, conformal limits and training prevalence.
    """
    return {
        **operating_point_metrics(rows, release),
        "sensitivity_by_cause": {point.name: _by_cause(rows, point.threshold) for point in release.operating_points},
        "calibration": calibration_metrics(predictions_of(rows), release.training_prevalence),
        "conformal": conformal_metrics(predictions_of(rows), release),
    }


def conformal_metrics(scores: Predictions, release: Release) -> dict:
    """How often the true class is among the plausible ones, and how often the verdict is indeterminate, by class.

    Returns:
        {"coverage": {class: share}, "indeterminate": {operating point: {class: share}}}, shares with interval and n.
    """
    plausible = [release.conformal.prediction_set(one) for one in scores.probability]
    covered = np.array(
        [LABELS[target] in classes for target, classes in zip(scores.target, plausible, strict=True)], dtype=bool
    )
    indeterminate = {}
    for point in release.operating_points:
        verdicts = [classify(one, point, release.conformal) for one in scores.probability]
        of = np.array([verdict is Verdict.INDETERMINATE for verdict in verdicts], dtype=bool)
        indeterminate[point.name] = _by_class(of, scores)
    return {"coverage": _by_class(covered, scores), "indeterminate": indeterminate}


def _by_class(of: np.ndarray, scores: Predictions) -> dict:
    classes = {label: scores.target == number for number, label in enumerate(LABELS)}
    return {label: mean_with_ci(of[members], scores.patient[members]) for label, members in classes.items()}


def _by_cause(rows: pd.DataFrame, threshold: float) -> dict:
    causes = {cause: rows[rows["cause"] == cause] for cause in KNOWN_CAUSES}
    return {
        cause: mean_with_ci((of["probability"] >= threshold).to_numpy(), of["patient"].to_numpy(str))
        for cause, of in causes.items()
    }
