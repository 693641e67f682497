"""Lung segmentation: masks and bounding boxes."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from model.imaging.geometry import RelativeBox
from model.inference.lung_segmentation import lung_box, lung_mask
from tests.support.lungs import two_lungs


def test_both_lungs_are_kept_and_a_speck_is_not():
    probability = two_lungs()
    speckled = probability.copy()
    speckled[1:3, 1:3] = 1
    assert (lung_mask(speckled) == (probability >= 0.5)).all()


def test_the_box_is_the_smallest_that_contains_the_lungs():
    fields = np.zeros((20, 40), bool)
    fields[5:15, 10:30] = True
    assert lung_box(fields) == RelativeBox(left=0.25, top=0.25, right=0.75, bottom=0.75)


def test_without_lungs_there_is_no_box():
    assert lung_box(lung_mask(np.full((16, 16), 0.4))) is None


@settings(derandomize=True, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 1))
def test_a_box_is_within_the_image_for_any_map(seed, level):
    probability = np.random.default_rng(seed).random((12, 17)) * level
    if box := lung_box(lung_mask(probability)):
        assert 0 <= box.left < box.right <= 1
        assert 0 <= box.top < box.bottom <= 1


def test_a_speck_alone_has_no_box():
    fields = np.zeros((64, 64), bool)
    fields[3:6, 3:6] = True
    assert lung_box(fields) is None
