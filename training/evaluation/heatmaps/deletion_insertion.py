"""Deletion and insertion: does the probability go with what the map calls strong evidence, and come with it?

Petsiuk et al. 2018 (RISE, arXiv:1806.07421, section 4.3). Here both paint with air, see `model.explanation.occlusion`.
"""

from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from model.explanation.occlusion import hottest, logits_without
from model.explanation.reliability import areas_elsewhere
from model.inference.classifier import Reader
from model.performance.binary_metrics import measure_share
from training.evaluation.heatmaps.cases import Explained, patients

STEPS = 10
_BETTER = {"deletion": -1, "insertion": 1}  # the sign of a better area


def measure_curves(reader: Reader, of: Sequence[Explained]) -> dict:
    """The area under the curve of the probability, in the order of the map and in random order.

    A growing share of what is seen is painted over (deletion), or all but it (insertion), in STEPS steps: a good order
    has a small area of deletion and a large one of insertion.

    Returns:
        {"n", "steps", "deletion", "insertion": {"map", "random", "better": share of the pictures on which the map's
        order is the better one}}, areas 0-1, each with its interval.
    """
    areas: dict[tuple[str, str], list[float]] = {(c, order): [] for c in _BETTER for order in ("map", "random")}
    for one in tqdm(of, desc="deletion and insertion", unit="picture", disable=None):
        for key, area in _areas(reader, one).items():
            areas[key].append(area)
    measured: dict = {"n": len(of), "steps": STEPS}
    for curve, sign in _BETTER.items():
        by_map, by_chance = (np.array(areas[curve, order]) for order in ("map", "random"))
        measured[curve] = {
            "map": measure_share(by_map, patients(of)),
            "random": measure_share(by_chance, patients(of)),
            "better": measure_share(sign * (by_map - by_chance) > 0, patients(of)),
        }
    return measured


def _areas(reader: Reader, one: Explained) -> dict[tuple[str, str], float]:
    shares, side = np.linspace(0, 1, STEPS + 1), reader.release.side
    orders = {
        "map": [hottest(one.heat, share, side) for share in shares],
        "random": [areas_elsewhere(one.heat, share, side, draws=1)[0] for share in shares],
    }
    areas = {}
    for order, parts in orders.items():
        for curve, painted in (("deletion", parts), ("insertion", [~part for part in parts])):
            probability = reader.release.calibration.probability(logits_without(reader, one.picture, painted))
            areas[curve, order] = float(np.trapezoid(probability, shares))
    return areas
