"""Platt scaling: conversion of logits to calibrated probabilities."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from model.inference.decision import Calibration


def fit_calibration(logits: np.ndarray, target: np.ndarray) -> Calibration:
    """Fit Platt scaling with smoothed targets (Platt 1999, section 2.2).

    Smoothing keeps the slope and intercept finite even if the classes are separable.

    Args:
        logits: float (n,).
        target: 0 or 1 (n,).
    """
    positives, negatives = target.sum(), (1 - target).sum()
    smoothed = np.where(target == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    regression = LogisticRegression(C=np.inf).fit(
        np.concatenate([logits, logits])[:, np.newaxis],
        np.repeat([1, 0], len(logits)),
        sample_weight=np.concatenate([smoothed, 1 - smoothed]),
    )
    return Calibration(float(regression.coef_[0, 0]), float(regression.intercept_[0]))
