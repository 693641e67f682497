"""Deletion and insertion: does the probability go with what the map calls strong evidence, and come with it?

Petsiuk et al. 2018 (RISE, arXiv:1806.07421, section 4.3). Here both paint with air, see `model.explanation.occlusion`.
"""

from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from model.explanation.occlusion import masked_logits, top_fraction_mask
from model.explanation.reliability import random_areas
from model.inference.classifier import Classifier
from model.performance.binary_metrics import mean_with_ci
from training.evaluation.heatmaps.cases import HeatMapCase, patients_of

STEPS = 10
_BETTER = {"deletion": -1, "insertion": 1}  # the sign of a better area


def deletion_insertion_auc(classifier: Classifier, of: Sequence[HeatMapCase]) -> dict:
    """The area under the curve of the probability, in the order of the map and in random order.

    A growing share of what is seen is painted over (deletion), or all but it (insertion), in STEPS steps: a good order
    has a small area of deletion and a large one of insertion.

    Returns:
        {"n", "steps", "deletion", "insertion": {"map", "random", "better": share of the pictures on which the map's
        order is the better one}}, areas 0-1, each with its interval.
    """
    areas: dict[tuple[str, str], list[float]] = {(c, order): [] for c in _BETTER for order in ("map", "random")}
    for one in tqdm(of, desc="deletion and insertion", unit="picture", disable=None):
        for key, area in _growing_areas(classifier, one).items():
            areas[key].append(area)
    measured: dict = {"n": len(of), "steps": STEPS}
    for curve, sign in _BETTER.items():
        by_map, by_chance = (np.array(areas[curve, order]) for order in ("map", "random"))
        measured[curve] = {
            "map": mean_with_ci(by_map, patients_of(of)),
            "random": mean_with_ci(by_chance, patients_of(of)),
            "better": mean_with_ci(sign * (by_map - by_chance) > 0, patients_of(of)),
        }
    return measured


def _growing_areas(classifier: Classifier, one: HeatMapCase) -> dict[tuple[str, str], float]:
    shares, side = np.linspace(0, 1, STEPS + 1), classifier.release.side
    orders = {
        "map": [top_fraction_mask(one.heat, share, side) for share in shares],
        "random": [random_areas(one.heat, share, side, draws=1)[0] for share in shares],
    }
    areas = {}
    for order, parts in orders.items():
        for curve, painted in (("deletion", parts), ("insertion", [~part for part in parts])):
            probability = classifier.release.calibration.probability(masked_logits(classifier, one.picture, painted))
            areas[curve, order] = float(np.trapezoid(probability, shares))
    return areas
