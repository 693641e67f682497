"""Operating points, selected on original and perturbed validation images."""

import math

import numpy as np

from model.inference.decision import OperatingPoint
from model.performance.binary_metrics import Predictions, midpoint, youden_threshold

RULE_OUT, BALANCED, RULE_IN = "rule-out", "balanced", "rule-in"
MIN_SENSITIVITY, MIN_SPECIFICITY = 0.99, 0.98


def select_operating_points(unperturbed: Predictions, pooled: Predictions, images: str) -> tuple[OperatingPoint, ...]:
    """Select the three operating points.

    Args:
        unperturbed: Predictions for the validation images.
        pooled: Predictions for the same images and their perturbed copies.
        images: Description of the pooled images for the rationale in model.json, such as "100 validation images".

    Returns:
        The points, from the most sensitive to the most specific.
    """
    balanced = youden_threshold(pooled)
    both = (unperturbed, pooled)
    rule_out = min(balanced, *(threshold_for_sensitivity(predictions, MIN_SENSITIVITY) for predictions in both))
    rule_in = max(balanced, *(threshold_for_specificity(predictions, MIN_SPECIFICITY) for predictions in both))
    return (
        OperatingPoint(
            RULE_OUT,
            rule_out,
            f"Highest threshold that does not exceed the balanced one and has at least {MIN_SENSITIVITY:.0%} "
            f"sensitivity on {images}.",
        ),
        OperatingPoint(
            BALANCED,
            balanced,
            f"Threshold with the highest value of sensitivity + specificity - 1 (Youden's index) on {images}.",
        ),
        OperatingPoint(
            RULE_IN,
            rule_in,
            f"Lowest threshold at or above the balanced one that has at least {MIN_SPECIFICITY:.0%} specificity on "
            f"{images}.",
        ),
    )


def threshold_for_sensitivity(predictions: Predictions, min_sensitivity: float) -> float:
    """Return the highest threshold with at least this sensitivity, midway between two neighbouring probabilities."""
    pneumonia = np.sort(predictions.probability[predictions.target == 1])
    lowest_detected = pneumonia[math.floor((1 - min_sensitivity) * len(pneumonia) + 1e-9)]
    below = predictions.probability[predictions.probability < lowest_detected]
    return midpoint(below.max(), lowest_detected) if below.size else float(lowest_detected)


def threshold_for_specificity(predictions: Predictions, min_specificity: float) -> float:
    """Return the lowest threshold with at least this specificity, midway between two neighbouring probabilities."""
    normal = np.sort(predictions.probability[predictions.target == 0])[::-1]
    highest_without_alarm = normal[math.floor((1 - min_specificity) * len(normal) + 1e-9)]
    above = predictions.probability[predictions.probability > highest_without_alarm]
    return midpoint(highest_without_alarm, above.min() if above.size else 1.0)
