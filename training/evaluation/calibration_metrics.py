"""How well probabilities mean what they say: calibration error, Brier score, slope and intercept."""

from dataclasses import replace

import numpy as np
from sklearn.linear_model import LogisticRegression

from model.inference.decision import adjust_to_prevalence
from model.performance.binary_metrics import Predictions, patient_bootstrap_weights, percentile_interval
from model.performance.reliability_diagram import equal_mass_bins

RECALIBRATION_DRAWS = 200  # of the 2000: each is a logistic regression of its own
_NEARLY_SURE = 1e-12  # the odds of 0 and 1 are not finite


def calibration_metrics(scores: Predictions, calibrated_at: float) -> dict:
    """How well probabilities mean what they say, as they are and corrected for the prevalence of these pictures.

    Args:
        scores: what the reader said.
        calibrated_at: prevalence, 0-1, of the probabilities.

    Returns:
        {"prevalence": share of pneumonia among these pictures, "as_stated", "at_this_prevalence": {"ece", "brier",
        "slope", "intercept"}}, each of these with its 95 % interval. ECE: mean gap between probability and share of
        pneumonia over 15 bins of equal mass (Naeini et al. 2015). Slope and intercept: of the logistic regression of
        the class on the log odds, 1 and 0 where calibration is perfect (Cox 1958); null where a class is absent.
    """
    prevalence = float(scores.target.mean())
    measured = {"prevalence": prevalence, "as_stated": _metrics_with_ci(scores), "at_this_prevalence": None}
    if 0 < prevalence < 1:
        corrected = adjust_to_prevalence(scores.probability, calibrated_at, prevalence)
        measured["at_this_prevalence"] = _metrics_with_ci(replace(scores, probability=corrected))
    return measured


def _metrics_with_ci(scores: Predictions) -> dict:
    weights = np.vstack([np.ones(len(scores.target)), patient_bootstrap_weights(scores.patient)])
    slope, intercept = _recalibration(scores, weights[: RECALIBRATION_DRAWS + 1])
    figures = {"ece": _ece(scores, weights), "brier": _brier(scores, weights), "slope": slope, "intercept": intercept}
    patients = len(np.unique(scores.patient))
    measured = {name: percentile_interval(float(of[0]), of[1:], patients) for name, of in figures.items()}
    ece = measured["ece"]
    ece["low"] = min(ece["low"], ece["value"])  # scatter adds to an ECE, so all draws may lie above the value itself
    return measured


def _ece(scores: Predictions, weights: np.ndarray) -> np.ndarray:
    """Expected calibration error per row of weights; the bins are those of all pictures."""
    bin_of = equal_mass_bins(scores.probability)
    excess = scores.probability - scores.target
    gaps = [np.abs(weights[:, bin_of == one] @ excess[bin_of == one]) for one in np.unique(bin_of)]
    return np.sum(gaps, axis=0) / weights.sum(axis=1)


def _brier(scores: Predictions, weights: np.ndarray) -> np.ndarray:
    return weights @ (scores.probability - scores.target) ** 2 / weights.sum(axis=1)


def _recalibration(scores: Predictions, weights: np.ndarray) -> np.ndarray:
    """Slope and intercept per row of weights, float (2, rows); not a number where a row has one class."""
    probability = np.clip(scores.probability, _NEARLY_SURE, 1 - _NEARLY_SURE)
    odds = (np.log(probability) - np.log1p(-probability))[:, np.newaxis]
    fitted = np.full((2, len(weights)), np.nan)
    for number, row in enumerate(weights):
        if 0 < row @ scores.target < row.sum():
            # A ridge too weak to be seen: where the classes do not overlap there is no finite slope without one.
            model = LogisticRegression(C=1e6, solver="newton-cholesky").fit(odds, scores.target, sample_weight=row)
            fitted[:, number] = model.coef_[0, 0], model.intercept_[0]
    return fitted
