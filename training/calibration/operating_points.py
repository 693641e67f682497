"""Operating points and conformal limits, chosen on validation, as it is and under stress."""

import dataclasses
import math

import numpy as np

from model.inference.decision import OperatingPoint
from model.performance.binary_metrics import Predictions, midpoint, youden_threshold

RULE_OUT, BALANCED, RULE_IN = "rule-out", "balanced", "rule-in"
MIN_SENSITIVITY, MIN_SPECIFICITY = 0.99, 0.98


def select_operating_points(unshifted: Predictions, pooled: Predictions, where: str) -> list[dict]:
    """The three operating points, as model.json holds them, from the most sensitive to the most specific.

    Args:
        unshifted: of the validation pictures as they are.
        pooled: of the same and of their shifted copies.
        where: words for the pictures of `pooled`.
    """
    balanced = youden_threshold(pooled)
    both = (unshifted, pooled)
    rule_out = min(balanced, *(threshold_for_sensitivity(scores, MIN_SENSITIVITY) for scores in both))
    rule_in = max(balanced, *(threshold_for_specificity(scores, MIN_SPECIFICITY) for scores in both))
    points = (
        OperatingPoint(
            RULE_OUT,
            rule_out,
            f"Highest threshold, not above the balanced one, of at least {MIN_SENSITIVITY:.0%} sensitivity {where}.",
        ),
        OperatingPoint(BALANCED, balanced, f"Largest sensitivity + specificity - 1 {where}."),
        OperatingPoint(
            RULE_IN,
            rule_in,
            f"Lowest threshold, not below the balanced one, of at least {MIN_SPECIFICITY:.0%} specificity {where}.",
        ),
    )
    return [dataclasses.asdict(point) for point in points]


def threshold_for_sensitivity(scores: Predictions, least: float) -> float:
    """The highest threshold of at least this sensitivity, in the middle of the gap that it may stand in."""
    ill = np.sort(scores.probability[scores.target == 1])
    last_caught = ill[math.floor((1 - least) * len(ill) + 1e-9)]
    below = scores.probability[scores.probability < last_caught]
    return midpoint(below.max(), last_caught) if below.size else float(last_caught)


def threshold_for_specificity(scores: Predictions, least: float) -> float:
    """The lowest threshold of at least this specificity, in the middle of the gap that it may stand in."""
    healthy = np.sort(scores.probability[scores.target == 0])[::-1]
    first_spared = healthy[math.floor((1 - least) * len(healthy) + 1e-9)]
    above = scores.probability[scores.probability > first_spared]
    return midpoint(first_spared, above.min() if above.size else 1.0)
