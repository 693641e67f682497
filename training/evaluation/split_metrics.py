"""Every figure of metrics.json about one set of pictures, from what the reader said of them."""

import numpy as np
import pandas as pd

from model.inference.decision import Verdict, judge
from model.inference.release_loader import LABELS, Release
from model.performance.binary_metrics import Scores, measure_ranking, measure_rates, measure_share
from model.performance.release_data import scores_of
from training.calibration.platt import measure_calibration

KNOWN_CAUSES = ("bacterial", "viral")


def measure_points(rows: pd.DataFrame, release: Release) -> dict:
    """Ranking, and rates at each operating point: {"n", "patients", "positives", "auc", "operating_points"}."""
    scores = scores_of(rows)
    points = {point.name: measure_rates(scores, point.threshold) for point in release.operating_points}
    return {**measure_ranking(scores), "operating_points": points}


def measure_set(rows: pd.DataFrame, release: Release) -> dict:
    """Figures of a set: those of `measure_points`, and calibration, conformal coverage and indeterminate shares.

    Args:
        rows: a row per picture: label, cause, probability, patient.
        release: tells operating points, conformal limits and training prevalence.
    """
    return {
        **measure_points(rows, release),
        "sensitivity_by_cause": {point.name: _by_cause(rows, point.threshold) for point in release.operating_points},
        "calibration": measure_calibration(scores_of(rows), release.training_prevalence),
        "conformal": measure_conformal(scores_of(rows), release),
    }


def measure_conformal(scores: Scores, release: Release) -> dict:
    """How often the true class is among the plausible ones, and how often the verdict is indeterminate, by class.

    Returns:
        {"coverage": {class: share}, "indeterminate": {operating point: {class: share}}}, shares with interval and n.
    """
    plausible = [release.conformal.plausible(one) for one in scores.probability]
    covered = np.array(
        [LABELS[target] in classes for target, classes in zip(scores.target, plausible, strict=True)], dtype=bool
    )
    indeterminate = {}
    for point in release.operating_points:
        verdicts = [judge(one, point, release.conformal) for one in scores.probability]
        of = np.array([verdict is Verdict.INDETERMINATE for verdict in verdicts], dtype=bool)
        indeterminate[point.name] = _by_class(of, scores)
    return {"coverage": _by_class(covered, scores), "indeterminate": indeterminate}


def _by_class(of: np.ndarray, scores: Scores) -> dict:
    classes = {label: scores.target == number for number, label in enumerate(LABELS)}
    return {label: measure_share(of[members], scores.patient[members]) for label, members in classes.items()}


def _by_cause(rows: pd.DataFrame, threshold: float) -> dict:
    causes = {cause: rows[rows["cause"] == cause] for cause in KNOWN_CAUSES}
    return {
        cause: measure_share((of["probability"] >= threshold).to_numpy(), of["patient"].to_numpy(str))
        for cause, of in causes.items()
    }
