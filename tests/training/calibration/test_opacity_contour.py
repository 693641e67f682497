"""Contour of the opacity map: the best agreement with boxes on validation images."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from dataset.index import LabelledImage
from model.codes import Label, Population
from model.errors import TrainingError
from model.imaging.geometry import RelativeBox
from tests.support.candidates import exactly
from tests.support.cell_classifier import IN_LUNG, SIDE, CellClassifier, infer, map_around
from training.calibration.opacity_contour import select_opacity_contour

LEFT_HALF = RelativeBox(0.0, 0.0, 0.5, 1.0)


def adult(*boxes: RelativeBox) -> LabelledImage:
    return LabelledImage(Path("a.jpg"), "train", Label.PNEUMONIA, "p", "p", "Typical", Population.ADULTS, boxes)


def decode_grey(_: LabelledImage) -> SimpleNamespace:
    return SimpleNamespace(prepared=SimpleNamespace(working=np.full((SIDE, SIDE), 100, np.float32)))


class MapClassifier(CellClassifier):
    """Classifier with an opacity map of two levels: one in the left half, one in the right."""

    def __init__(self, left: float, right: float):
        opacity_map = np.full((12, 12), right, np.float32)
        opacity_map[:, :6] = left
        super().__init__(IN_LUNG, map_around(IN_LUNG), opacity_map=opacity_map)

    def infer_working(self, _: np.ndarray):
        return infer(self)


def test_the_contour_separates_the_boxes_from_the_rest():
    contour, rationale = select_opacity_contour(MapClassifier(0.8, 0.3), [adult(LEFT_HALF)] * 3, decode_grey)

    assert 0.3 < contour < 0.8
    assert "on 3 validation images with boxes." in rationale
    assert "(IoU 1.00)" in rationale


def test_only_images_with_boxes_are_used():
    unannotated = replace(adult(), opacities=None)
    _, rationale = select_opacity_contour(
        MapClassifier(0.8, 0.3), [unannotated, adult(), adult(LEFT_HALF)], decode_grey
    )
    assert "on 1 validation images with boxes." in rationale


def test_without_boxes_there_is_an_error_message():
    message = (
        "The network has an opacity map, but no validation image has boxes of opacities. Package it with the data set "
        "of adults that it was trained on."
    )
    with pytest.raises(TrainingError, match=exactly(message)):
        select_opacity_contour(MapClassifier(0.8, 0.3), [adult()], decode_grey)
