"""Conformal limits, chosen on validation."""

import dataclasses
import math

import numpy as np

from model.inference.decision import ConformalLimits
from model.performance.binary_metrics import Predictions

# Of 95, 97.5 and 99 %, on shifted validation: at 95 nearly everything is one class; at 99 both are plausible between
# the outermost thresholds and beyond, so that the operating points no longer make a difference.
COVERAGE = 0.975


def fit_conformal_limits(pooled: Predictions, where: str) -> dict:
    """The conformal limits, as model.json holds them: see `model.inference.decision.ConformalLimits`.

    A limit is the k-th picture of its class from the wrong end, k = floor((n + 1) * (1 - coverage)), of n (Angelopoulos
    and Bates 2023, section 1 and class-conditional in 4.3).
    """
    ill, healthy = (np.sort(pooled.probability[pooled.target == one]) for one in (1, 0))
    beyond = [math.floor((len(of) + 1) * (1 - COVERAGE) + 1e-9) for of in (ill, healthy)]
    limits = ConformalLimits(
        coverage=COVERAGE,
        least_pneumonia=float(ill[beyond[0] - 1]) if beyond[0] else 0.0,
        most_normal=float(healthy[-beyond[1]]) if beyond[1] else 1.0,
        chosen=f"Each class is plausible for {COVERAGE:.1%} of its own pictures {where}.",
    )
    return dataclasses.asdict(limits)
