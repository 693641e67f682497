"""A classifier with known evidence in each cell of its heat map, for tests of explanations."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from model.codes import Population
from model.imaging.geometry import WHOLE_IMAGE
from model.inference.classifier import ClassifierOutput, Inference
from model.inference.input_region import InputRegion, RegionKind
from model.inference.lung_segmentation import LungMask
from tests.support.populations import decision_rules

SIDE, CELLS = 48, 6
CONTOUR = 0.5  # of an opacity map
LIMITS = {"inside_lungs": 0.5, "effect": 0.1, "agreement": 0.0, "rationale": "By hand."}
IN_LUNG, OUTSIDE_LUNG = [(2, 1), (2, 2), (3, 1)], [(2, 4), (3, 5)]  # cells, as row and column


class CellClassifier:
    """Classifier whose logit is the mean grey value of some heat-map cells, with given maps."""

    def __init__(
        self,
        cells: list[tuple[int, int]],
        class_activation_map: np.ndarray,
        limits: dict[str, Any] | None = None,
        opacity_map: np.ndarray | None = None,
    ):
        self.cells, self.class_activation_map, self.opacity_map = cells, class_activation_map, opacity_map
        self.release = SimpleNamespace(
            side=SIDE,
            input_region=InputRegion(RegionKind.WHOLE, 0.0),
            populations={Population.CHILDREN: decision_rules()},
            opacity_contour=None if opacity_map is None else CONTOUR,
            description={} if limits is None else {"heat_map_reliability": limits},
        )

    def run_network(self, network_input: np.ndarray) -> ClassifierOutput:
        """Return the output for a network input, float32 (1, SIDE, SIDE, 1), 0-255."""
        size = SIDE // CELLS
        grey = [network_input[0, r * size : (r + 1) * size, c * size : (c + 1) * size].mean() for r, c in self.cells]
        logit = float(np.mean(grey)) / 20 - 4
        return ClassifierOutput(logit, self.class_activation_map, np.zeros(1, np.float32), self.opacity_map)


def map_around(cells: list[tuple[int, int]], value: float = 3.0) -> np.ndarray:
    """Return a map that has this value in these cells and decreases with the distance from them."""
    rows, columns = np.indices((CELLS, CELLS))
    distance = np.min([np.hypot(rows - r, columns - c) for r, c in cells], axis=0)
    return (value - distance).astype(np.float32)


def opacities_in(cells: list[tuple[int, int]], probability: float = 0.9) -> np.ndarray:
    """Return an opacity map with this probability in these cells and nearly none elsewhere."""
    opacity_map = np.full((CELLS, CELLS), 0.02, np.float32)
    for row, column in cells:
        opacity_map[row, column] = probability
    return opacity_map


def infer(classifier: CellClassifier, fields: np.ndarray | None = None) -> Inference:
    """Return the inference on a grey image with dark stripes. Unless given, the lungs are the left half."""
    working = np.full((SIDE, SIDE), 120, np.float32)
    working[:, ::6] = 15
    if fields is None:
        fields = np.zeros((SIDE, SIDE), bool)
        fields[:, : SIDE // 2] = True
    lungs = LungMask(fields, WHOLE_IMAGE) if fields.any() else None
    output = classifier.run_network(working[np.newaxis, :, :, np.newaxis])
    return Inference(working, fields.astype(np.float32), lungs, output)
