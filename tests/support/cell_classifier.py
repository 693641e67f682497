"""A reader whose evidence is known, cell by cell, for tests of explanations."""

from types import SimpleNamespace

import numpy as np

from model.explanation.reliability import RELIABILITY_KEY
from model.imaging.geometry import WHOLE_IMAGE
from model.inference.classifier import ClassifierOutput, Inference
from model.inference.decision import Calibration
from model.inference.input_region import InputRegion, RegionKind
from model.inference.lung_segmentation import LungMask

SIDE, CELLS = 48, 6
LIMITS = {"inside_lungs": 0.5, "effect": 0.1, "agreement": 0.0, "chosen": "By hand."}


class CellReader:
    """The logit is the mean grey of a few cells of the map's grid; the class-activation map says what it is told."""

    def __init__(self, cells: list[tuple[int, int]], heat: np.ndarray, limits: dict | None = None):
        self.cells, self.heat = cells, heat
        self.release = SimpleNamespace(
            side=SIDE,
            view=InputRegion(RegionKind.WHOLE, 0.0),
            calibration=Calibration(1.0, 0.0),
            description={} if limits is None else {RELIABILITY_KEY: limits},
        )

    def raw(self, picture: np.ndarray) -> ClassifierOutput:
        size = SIDE // CELLS
        grey = [picture[0, r * size : (r + 1) * size, c * size : (c + 1) * size].mean() for r, c in self.cells]
        return ClassifierOutput(float(np.mean(grey)) / 20 - 4, self.heat, np.zeros(1, np.float32))


def at(cells: list[tuple[int, int]], value: float = 3.0) -> np.ndarray:
    """A map with a value in these cells, and less the further away."""
    rows, columns = np.indices((CELLS, CELLS))
    far = np.min([np.hypot(rows - r, columns - c) for r, c in cells], axis=0)
    return (value - far).astype(np.float32)


def seen(classifier: CellReader, fields: np.ndarray | None = None) -> Inference:
    """A film of even grey with some dark, and lungs in the left half."""
    working = np.full((SIDE, SIDE), 120, np.float32)
    working[:, ::6] = 15
    if fields is None:
        fields = np.zeros((SIDE, SIDE), bool)
        fields[:, : SIDE // 2] = True
    lungs = LungMask(fields, WHOLE_IMAGE) if fields.any() else None
    return Inference(
        working, fields.astype(np.float32), lungs, classifier.classify(working[np.newaxis, :, :, np.newaxis])
    )


IN_LUNG, BESIDE = [(2, 1), (2, 2), (3, 1)], [(2, 4), (3, 5)]
