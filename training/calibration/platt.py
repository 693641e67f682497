"""From logits to probabilities, and how far these can be taken at their word."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from model.inference.decision import Calibration


def fit_calibration(logits: np.ndarray, target: np.ndarray) -> Calibration:
    """Platt scaling with his smoothed targets (Platt 1999, section 2.2), which keep separable data from extremes.

    Args:
        logits: float (n,).
        target: 0 or 1 (n,).
    """
    positives, negatives = target.sum(), (1 - target).sum()
    soft = np.where(target == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    fitted = LogisticRegression(C=np.inf).fit(
        np.concatenate([logits, logits])[:, np.newaxis],
        np.repeat([1, 0], len(logits)),
        sample_weight=np.concatenate([soft, 1 - soft]),
    )
    return Calibration(float(fitted.coef_[0, 0]), float(fitted.intercept_[0]))
