"""Agreement of opacity maps with boxes and lungs, on maps whose agreement is known."""

from pathlib import Path

import numpy as np
import pytest

from dataset.index import LabelledImage
from model.codes import Label, Population
from model.imaging.geometry import WHOLE_IMAGE, RelativeBox
from model.inference.lung_segmentation import LungMask
from training.evaluation.opacity_map_metrics import agreement_with_boxes, mean_share_in_lungs

UPPER_LEFT = RelativeBox(0.0, 0.0, 0.5, 0.5)


def adult(*opacities: RelativeBox) -> LabelledImage:
    return LabelledImage(
        Path("a.jpg"), "train", Label.PNEUMONIA, "p", "p", "Typical Appearance", Population.ADULTS, opacities
    )


def map_of_quadrant(row: int, column: int) -> np.ndarray:
    """Return a map that is hot in one quadrant: float (8, 8)."""
    opacity_map = np.full((8, 8), 0.01)
    opacity_map[4 * row : 4 * row + 4, 4 * column : 4 * column + 4] = 0.9
    return opacity_map


def test_a_map_that_is_hot_inside_the_box_hits_it_and_overlaps_it():
    agreement = agreement_with_boxes([adult(UPPER_LEFT)], map_of_quadrant(0, 0)[np.newaxis], [WHOLE_IMAGE])
    assert (agreement["n"], agreement["pointing"], agreement["area"]) == (1, 1, 0.25)
    assert agreement["overlap"] > 0.85


def test_a_map_that_is_hot_elsewhere_misses_the_box():
    agreement = agreement_with_boxes([adult(UPPER_LEFT)], map_of_quadrant(1, 1)[np.newaxis], [WHOLE_IMAGE])
    assert (agreement["pointing"], agreement["overlap"]) == (0, 0)


def test_the_map_is_placed_in_the_region_that_it_covers():
    """The whole map covers the lower right quadrant, so its upper left quadrant lies in the middle of the image."""
    lower_right = RelativeBox(0.5, 0.5, 1.0, 1.0)
    boxes = [adult(RelativeBox(0.5, 0.5, 0.75, 0.75)), adult(UPPER_LEFT)]
    maps = np.stack([map_of_quadrant(0, 0)] * 2)
    assert agreement_with_boxes(boxes, maps, [lower_right] * 2)["pointing"] == 0.5


def test_images_without_boxes_are_left_out():
    normal = LabelledImage(Path("n.jpg"), "train", Label.NORMAL, "n", "n", "none", Population.ADULTS, ())
    unannotated = LabelledImage(Path("u.jpg"), "train", Label.PNEUMONIA, "u", "u", "Typical Appearance")
    records = [normal, adult(UPPER_LEFT), unannotated]
    assert agreement_with_boxes(records, np.stack([map_of_quadrant(0, 0)] * 3), [WHOLE_IMAGE] * 3)["n"] == 1


@pytest.mark.parametrize(("row", "low", "high"), [(0, 0.9, 1.0), (1, 0.0, 0.1)])
def test_the_share_in_the_lungs_is_that_of_the_probability(row, low, high):
    fields = np.zeros((32, 32), bool)
    fields[:16] = True
    lungs = LungMask(fields, RelativeBox(0.0, 0.0, 1.0, 0.5))
    share = mean_share_in_lungs(map_of_quadrant(row, 0)[np.newaxis], [WHOLE_IMAGE], [lungs])
    assert low <= share <= high


def test_images_without_lungs_are_left_out_of_the_share():
    lungs = LungMask(np.ones((32, 32), bool), WHOLE_IMAGE)
    maps = np.stack([map_of_quadrant(0, 0)] * 2)
    assert mean_share_in_lungs(maps, [WHOLE_IMAGE] * 2, [lungs, None]) == pytest.approx(1)
