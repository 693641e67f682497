"""Opacity maps measured per population: boxes, lungs, and images on which an area is marked."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from dataset.index import LabelledImage
from model.codes import Label, Population
from model.imaging.geometry import WHOLE_IMAGE, RelativeBox
from tests.support.cell_classifier import CELLS, IN_LUNG, SIDE, CellClassifier, infer, map_around, opacities_in
from training.evaluation.opacity_maps import MappedImage, box_hits, opacity_map_metrics

CONTOUR = 0.5
CELL = RelativeBox(1 / CELLS, 2 / CELLS, 2 / CELLS, 3 / CELLS)  # column 1, row 2
OTHER_CELL = RelativeBox(4 / CELLS, 4 / CELLS, 5 / CELLS, 5 / CELLS)


def image(patient: str, label: Label = Label.PNEUMONIA, *boxes: RelativeBox) -> LabelledImage:
    return LabelledImage(Path("a.jpg"), "test", label, patient, patient, "", Population.ADULTS, boxes)


def mapped(record: LabelledImage, opacity_map: np.ndarray) -> MappedImage:
    return MappedImage(record, opacity_map, WHOLE_IMAGE, None, True)


def test_pointing_area_and_overlap_are_means_over_images_with_boxes():
    opacity_map = opacities_in([(2, 1)])
    hit, miss = (
        mapped(image(name, Label.PNEUMONIA, box), opacity_map) for name, box in (("a", CELL), ("b", OTHER_CELL))
    )

    metrics = box_hits([hit, miss], CONTOUR)

    assert (metrics["pointing"]["value"], metrics["pointing"]["n"]) == (0.5, 2)
    assert metrics["area"]["value"] == pytest.approx(1 / CELLS**2, abs=0.01)
    assert 0.1 < metrics["overlap"]["value"] <= 0.5
    assert metrics["pointing"]["low"] == 0 < metrics["pointing"]["high"]


def test_intervals_are_by_patient():
    """Ten images of one patient are no more certain than one."""
    one = box_hits([mapped(image("a", Label.PNEUMONIA, CELL), opacities_in([(2, 1)]))] * 10, CONTOUR)
    ten = box_hits([mapped(image(str(n), Label.PNEUMONIA, CELL), opacities_in([(2, 1)])) for n in range(10)], CONTOUR)
    assert one["pointing"]["low"] < ten["pointing"]["low"]


def test_without_boxes_nothing_is_compared():
    assert box_hits([], CONTOUR) is None


class OneMapClassifier(CellClassifier):
    def infer_working(self, _: np.ndarray):
        return infer(self)


def measure(opacity_map: np.ndarray | None, *records: LabelledImage):
    decoded = SimpleNamespace(prepared=SimpleNamespace(working=np.full((SIDE, SIDE), 100, np.float32)))
    classifier = OneMapClassifier(IN_LUNG, map_around(IN_LUNG), opacity_map=opacity_map)
    return opacity_map_metrics(classifier, records, lambda _: decoded)


def test_a_population_is_measured_by_label():
    records = image("a", Label.PNEUMONIA, CELL), image("b"), image("c", Label.NORMAL)

    metrics = measure(opacities_in(IN_LUNG), *records)

    assert metrics["boxes"]["pointing"]["n"] == 1
    assert (metrics["marked_pneumonia"]["value"], metrics["marked_pneumonia"]["n"]) == (1, 2)
    assert (metrics["marked_normal"]["value"], metrics["marked_normal"]["n"]) == (1, 1)
    assert metrics["inside_lungs"]["evidence"]["n"] == 2
    assert metrics["inside_lungs"]["evidence"]["value"] > 0.7
    assert metrics["inside_lungs"]["area"]["value"] == pytest.approx(0.5, abs=0.02)  # the lungs are the left half


def test_an_empty_map_marks_nothing_and_has_no_share_in_the_lungs():
    metrics = measure(opacities_in(IN_LUNG, 0.4), image("a"), image("b", Label.NORMAL))

    assert metrics["boxes"] is None
    assert metrics["marked_pneumonia"]["value"] == metrics["marked_normal"]["value"] == 0
    assert metrics["inside_lungs"]["evidence"]["n"] == 0


def test_a_release_without_opacity_map_is_not_measured():
    assert measure(None, image("a")) is None
