"""Calibration metrics: expected calibration error, Brier score, slope and intercept."""

import warnings
from dataclasses import replace

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from model.inference.decision import adjust_to_prevalence
from model.performance.binary_metrics import Predictions, patient_bootstrap_weights, percentile_interval
from model.performance.reliability_diagram import equal_mass_bins
from model.performance.schema import CalibrationErrors, CalibrationMetrics

RECALIBRATION_DRAWS = 200  # of the 2,000 bootstrap draws, because each draw needs a logistic regression
_MIN_PROBABILITY = 1e-12  # the log odds of 0 and 1 are not finite


def calibration_metrics(predictions: Predictions, calibrated_at: float) -> CalibrationMetrics:
    """Measure calibration before and after adjustment to the prevalence of these images.

    The ECE is the mean gap between the probability and the share of pneumonia over 15 bins of equal mass (Naeini et al.
    2015). Slope and intercept come from a logistic regression of the class on the log odds; they are 1 and 0 if the
    calibration is perfect (Cox 1958).

    Args:
        predictions: Predictions from the classifier.
        calibrated_at: Prevalence for which the probabilities are calibrated, 0-1.

    Returns:
        Metrics with 95% intervals. If a class is absent, slope, intercept and all adjusted metrics are null.
    """
    prevalence = float(predictions.target.mean())
    adjusted = None
    if 0 < prevalence < 1:
        probability = adjust_to_prevalence(predictions.probability, calibrated_at, prevalence)
        adjusted = _errors_with_ci(replace(predictions, probability=probability))
    return {"prevalence": prevalence, "raw": _errors_with_ci(predictions), "prevalence_adjusted": adjusted}


def _errors_with_ci(predictions: Predictions) -> CalibrationErrors:
    weights = np.vstack([np.ones(len(predictions.target)), patient_bootstrap_weights(predictions.patient)])
    slope, intercept = _recalibration(predictions, weights[: RECALIBRATION_DRAWS + 1])
    n_patients = len(np.unique(predictions.patient))
    ece, brier, slope_estimate, intercept_estimate = (
        percentile_interval(float(values[0]), values[1:], n_patients)
        for values in (_ece(predictions, weights), _brier(predictions, weights), slope, intercept)
    )
    # Resampling adds scatter, which increases the ECE, so all draws may lie above the estimate.
    ece["low"] = min(ece["low"], ece["value"])
    return {"ece": ece, "brier": brier, "slope": slope_estimate, "intercept": intercept_estimate}


def _ece(predictions: Predictions, weights: np.ndarray) -> np.ndarray:
    """Return the expected calibration error for each row of weights. All rows use the same bins."""
    bin_numbers = equal_mass_bins(predictions.probability)
    excess = predictions.probability - predictions.target
    gaps = [
        np.abs(weights[:, bin_numbers == number] @ excess[bin_numbers == number]) for number in np.unique(bin_numbers)
    ]
    ece: np.ndarray = np.sum(gaps, axis=0) / weights.sum(axis=1)
    return ece


def _brier(predictions: Predictions, weights: np.ndarray) -> np.ndarray:
    """Return the Brier score for each row of weights."""
    brier: np.ndarray = weights @ (predictions.probability - predictions.target) ** 2 / weights.sum(axis=1)
    return brier


def _recalibration(predictions: Predictions, weights: np.ndarray) -> np.ndarray:
    """Return slope and intercept for each row of weights, float (2, rows); NaN if a row has only one class."""
    probability = np.clip(predictions.probability, _MIN_PROBABILITY, 1 - _MIN_PROBABILITY)
    log_odds = (np.log(probability) - np.log1p(-probability))[:, np.newaxis]
    target = predictions.target
    coefficients = np.full((2, len(weights)), np.nan)
    for index, row in enumerate(weights):
        if 0 < row @ target < row.sum():
            # The ridge penalty is negligible, but without it the slope is infinite if the classes do not overlap.
            with warnings.catch_warnings():
                # If the classes hardly overlap, this solver continues as another, and says so.
                warnings.simplefilter("ignore", ConvergenceWarning)
                model = LogisticRegression(C=1e6, solver="newton-cholesky").fit(log_odds, target, sample_weight=row)
            coefficients[:, index] = model.coef_[0, 0], model.intercept_[0]
    return coefficients
