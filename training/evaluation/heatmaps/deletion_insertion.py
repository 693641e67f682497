"""Deletion and insertion metrics of heat maps (Petsiuk et al. 2018, RISE, arXiv:1806.07421, section 4.3).

If a heat map is correct, masking its hottest areas lowers the probability quickly, and showing only those areas raises
it quickly. Masked areas get the grey value of air (see `model.explanation.occlusion`).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from model.codes import Population
from model.explanation.occlusion import masked_logits, top_fraction_mask
from model.explanation.reliability import random_areas
from model.inference.classifier import Classifier
from model.performance.binary_metrics import mean_with_ci
from training.evaluation.heatmaps.cases import HeatMapCase, patients_of

STEPS = 10
_SIGN_OF_BETTER = {"deletion": -1, "insertion": 1}  # a smaller area is better for deletion, a larger one for insertion


def deletion_insertion_auc(classifier: Classifier, cases: Sequence[HeatMapCase]) -> dict[str, Any]:
    """Measure the area under the probability curve, in the order of the heat map and in random order.

    Deletion masks a growing share of the network input in STEPS steps; insertion masks everything but that share.

    Returns:
        {"n", "steps", "deletion", "insertion": {"map", "random", "better": share of images for which the order of the
        map is better}}. Areas range from 0 to 1. All values have 95% intervals.
    """
    areas: dict[tuple[str, str], list[float]] = {
        (curve, order): [] for curve in _SIGN_OF_BETTER for order in ("map", "random")
    }
    for case in tqdm(cases, desc="deletion and insertion", unit="image", disable=None):
        for key, area in _areas_under_curves(classifier, case).items():
            areas[key].append(area)
    metrics: dict[str, Any] = {"n": len(cases), "steps": STEPS}
    patient = patients_of(cases)
    for curve, sign in _SIGN_OF_BETTER.items():
        map_areas, random_order_areas = (np.array(areas[curve, order]) for order in ("map", "random"))
        metrics[curve] = {
            "map": mean_with_ci(map_areas, patient),
            "random": mean_with_ci(random_order_areas, patient),
            "better": mean_with_ci(sign * (map_areas - random_order_areas) > 0, patient),
        }
    return metrics


def _areas_under_curves(classifier: Classifier, case: HeatMapCase) -> dict[tuple[str, str], float]:
    """Return the area under each curve ("deletion", "insertion") for each order ("map", "random")."""
    shares, side = np.linspace(0, 1, STEPS + 1), classifier.release.side
    calibration = classifier.release.populations[Population.CHILDREN].calibration
    masks_by_order = {
        "map": [top_fraction_mask(case.heat, share, side) for share in shares],
        "random": [random_areas(case.heat, share, side, count=1)[0] for share in shares],
    }
    areas = {}
    for order, masks in masks_by_order.items():
        for curve, masked in (("deletion", masks), ("insertion", [~mask for mask in masks])):
            logits = masked_logits(classifier, case.network_input, masked)
            probability = calibration.probability(logits)
            areas[curve, order] = float(np.trapezoid(probability, shares))
    return areas
