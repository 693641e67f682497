"""Operating points and conformal limits, chosen on validation, as it is and under stress."""

import dataclasses
import math

import numpy as np

from model.inference.decision import Conformal, OperatingPoint
from model.performance.binary_metrics import Scores, between, youden_threshold

RULE_OUT, BALANCED, RULE_IN = "rule-out", "balanced", "rule-in"
LEAST_SENSITIVITY, LEAST_SPECIFICITY = 0.99, 0.98
# Of 95, 97.5 and 99 %, on shifted validation: at 95 nearly everything is one class; at 99 both are plausible between
# the outermost thresholds and beyond, so that the operating points no longer make a difference.
COVERAGE = 0.975


def choose_points(unshifted: Scores, pooled: Scores, where: str) -> list[dict]:
    """The three operating points, as model.json holds them, from the most sensitive to the most specific.

    Args:
        unshifted: of the validation pictures as they are.
        pooled: of the same and of their shifted copies.
        where: words for the pictures of `pooled`.
    """
    balanced = youden_threshold(pooled)
    both = (unshifted, pooled)
    rule_out = min(balanced, *(sensitive_threshold(scores, LEAST_SENSITIVITY) for scores in both))
    rule_in = max(balanced, *(specific_threshold(scores, LEAST_SPECIFICITY) for scores in both))
    points = (
        OperatingPoint(
            RULE_OUT,
            rule_out,
            f"Highest threshold, not above the balanced one, of at least {LEAST_SENSITIVITY:.0%} sensitivity {where}.",
        ),
        OperatingPoint(BALANCED, balanced, f"Largest sensitivity + specificity - 1 {where}."),
        OperatingPoint(
            RULE_IN,
            rule_in,
            f"Lowest threshold, not below the balanced one, of at least {LEAST_SPECIFICITY:.0%} specificity {where}.",
        ),
    )
    return [dataclasses.asdict(point) for point in points]


def choose_conformal(pooled: Scores, where: str) -> dict:
    """The conformal limits, as model.json holds them: see `model.inference.decision.Conformal`.

    A limit is the k-th picture of its class from the wrong end, k = floor((n + 1) * (1 - coverage)), of n (Angelopoulos
    and Bates 2023, section 1 and class-conditional in 4.3).
    """
    ill, healthy = (np.sort(pooled.probability[pooled.target == one]) for one in (1, 0))
    beyond = [math.floor((len(of) + 1) * (1 - COVERAGE) + 1e-9) for of in (ill, healthy)]
    limits = Conformal(
        coverage=COVERAGE,
        least_pneumonia=float(ill[beyond[0] - 1]) if beyond[0] else 0.0,
        most_normal=float(healthy[-beyond[1]]) if beyond[1] else 1.0,
        chosen=f"Each class is plausible for {COVERAGE:.1%} of its own pictures {where}.",
    )
    return dataclasses.asdict(limits)


def sensitive_threshold(scores: Scores, least: float) -> float:
    """The highest threshold of at least this sensitivity, in the middle of the gap that it may stand in."""
    ill = np.sort(scores.probability[scores.target == 1])
    last_caught = ill[math.floor((1 - least) * len(ill) + 1e-9)]
    below = scores.probability[scores.probability < last_caught]
    return between(below.max(), last_caught) if below.size else float(last_caught)


def specific_threshold(scores: Scores, least: float) -> float:
    """The lowest threshold of at least this specificity, in the middle of the gap that it may stand in."""
    healthy = np.sort(scores.probability[scores.target == 0])[::-1]
    first_spared = healthy[math.floor((1 - least) * len(healthy) + 1e-9)]
    above = scores.probability[scores.probability > first_spared]
    return between(first_spared, above.min() if above.size else 1.0)
