"""Conformal limits, fitted on the validation split."""

import math

import numpy as np

from model.inference.decision import ConformalLimits
from model.performance.binary_metrics import Predictions

# Chosen from 95%, 97.5% and 99% on perturbed validation images. At 95%, nearly every prediction set has exactly one
# class. At 99%, both classes are plausible even beyond the outermost thresholds, so operating points have no effect.
COVERAGE = 0.975


def fit_conformal_limits(pooled: Predictions, images: str) -> ConformalLimits:
    """Fit class-conditional conformal limits.

    For pneumonia, the limit is the k-th lowest probability among the images with pneumonia. For normal, it is the k-th
    highest probability among the normal images. If a class has n images, k is floor((n + 1) * (1 - coverage))
    (Angelopoulos and Bates 2023, section 1; class-conditional: section 4.3).

    Args:
        pooled: Predictions for the validation images and their perturbed copies.
        images: Description of these images for the rationale in model.json, such as "100 validation images".
    """
    pneumonia = np.sort(pooled.probability[pooled.target == 1])
    normal = np.sort(pooled.probability[pooled.target == 0])
    pneumonia_rank, normal_rank = _rank_of_limit(len(pneumonia)), _rank_of_limit(len(normal))
    return ConformalLimits(
        coverage=COVERAGE,
        pneumonia_from=float(pneumonia[pneumonia_rank - 1]) if pneumonia_rank else 0.0,
        normal_up_to=float(normal[-normal_rank]) if normal_rank else 1.0,
        rationale=(
            f"The limits were chosen on {images} so that the true class is plausible for {COVERAGE:.1%} of the images "
            "in each class."
        ),
    )


def _rank_of_limit(n: int) -> int:
    """Return k, or 0 if there are too few images for a limit."""
    return math.floor((n + 1) * (1 - COVERAGE) + 1e-9)
