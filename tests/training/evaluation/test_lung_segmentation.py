"""Metrics of the lung segmentation compared with manual masks."""

import numpy as np
import pytest

from model.inference.lung_segmentation import LungMask, lung_box
from tests.support.lungs import two_lungs
from training.evaluation.lung_segmentation import compare_masks

pytestmark = pytest.mark.slow


def as_lung_mask(fields: np.ndarray) -> LungMask:
    return LungMask(fields, lung_box(fields))


def test_the_manual_masks_themselves_have_perfect_metrics():
    manual = np.stack([two_lungs() >= 0.5] * 3)
    metrics = compare_masks([as_lung_mask(fields) for fields in manual], manual)
    assert metrics["dice"] == {"mean": 1, "median": 1, "p05": 1}
    assert metrics["box_error"] == {"mean": 0, "p95": 0}
    assert metrics["not_found"] == 0


def test_an_image_in_which_no_lungs_are_found_is_counted_and_has_no_box_error():
    manual = np.stack([two_lungs() >= 0.5] * 2)
    metrics = compare_masks([as_lung_mask(manual[0]), None], manual)
    assert metrics["not_found"] == 1
    assert metrics["dice"]["mean"] == 0.5
    assert metrics["box_error"]["mean"] == 0


def test_the_box_error_is_a_share_of_the_side():
    manual, wider = np.zeros((1, 20, 20), bool), np.zeros((20, 20), bool)
    manual[0, 4:16, 4:16], wider[4:16, 4:18] = True, True
    assert compare_masks([as_lung_mask(wider)], manual)["box_error"]["mean"] == pytest.approx(0.1)
