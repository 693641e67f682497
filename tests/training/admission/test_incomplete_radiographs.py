"""Incomplete radiographs: how much of the lungs is missing, and where."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.imaging.geometry import RelativeBox
from training.admission.incomplete_radiographs import (
    MAX_MISSING,
    MIN_MISSING,
    _partial_boxes,
    _remaining_box,
    incomplete_versions,
)

LUNGS = RelativeBox(0.2, 0.2, 0.8, 0.8)
FAMILIES = {"one lung", "upper or lower half", "small part"} | {
    f"{side} part {what}" for side in MIN_MISSING for what in ("cut off", "covered")
}
lung_boxes = st.builds(
    lambda left, top, width, height: RelativeBox(left, top, left + width * (1 - left), top + height * (1 - top)),
    *(st.floats(0, 0.25),) * 2,
    *(st.floats(0.75, 1),) * 2,
)  # larger than half of the image, as in a radiograph


def radiograph(height: int = 60, width: int = 50) -> np.ndarray:
    return np.random.default_rng(0).integers(1, 255, (height, width), np.uint8)


@given(lung_boxes, st.integers(0, 99))
def test_each_version_has_the_size_and_type_of_the_radiograph(lung_box, seed):
    versions = dict(incomplete_versions(radiograph(), lung_box, np.random.default_rng(seed)))
    assert versions.keys() == FAMILIES
    assert {(version.shape, version.dtype) for version in versions.values()} == {((60, 50), np.dtype(np.uint8))}


@given(lung_boxes, st.integers(0, 99), st.sampled_from(sorted(MIN_MISSING)))
def test_one_side_of_the_lungs_is_missing(lungs, seed, side):
    box = _remaining_box(side, lungs, np.random.default_rng(seed))
    shares = {
        "upper": (box.top - lungs.top) / (lungs.bottom - lungs.top),
        "lower": (lungs.bottom - box.bottom) / (lungs.bottom - lungs.top),
        "left": (box.left - lungs.left) / (lungs.right - lungs.left),
        "right": (lungs.right - box.right) / (lungs.right - lungs.left),
    }
    missing = {name: share for name, share in shares.items() if share > 1e-9}
    assert len(missing) == 1
    (name, share), *_ = missing.items()
    assert name in side
    assert MIN_MISSING[side] - 1e-9 <= share <= MAX_MISSING + 1e-9
    assert 0 <= box.left < box.right <= 1
    assert 0 <= box.top < box.bottom <= 1


@given(lung_boxes, st.integers(0, 99))
def test_partial_boxes_do_not_contain_both_lungs(lungs, seed):
    for box in _partial_boxes(lungs, np.random.default_rng(seed)).values():
        width = max(0, min(box.right, lungs.right) - max(box.left, lungs.left)) / (lungs.right - lungs.left)
        height = max(0, min(box.bottom, lungs.bottom) - max(box.top, lungs.top)) / (lungs.bottom - lungs.top)
        assert min(width, height) <= 0.6 or (width < 1 and height < 1)


@pytest.mark.parametrize("side", MIN_MISSING)
def test_a_covered_part_is_uniform_and_the_rest_unchanged(side):
    image = radiograph()
    versions = dict(incomplete_versions(image, LUNGS, np.random.default_rng(5)))
    changed = versions[f"{side} part covered"] != image
    assert 0.1 < changed.mean() < 0.8
    assert len(np.unique(versions[f"{side} part covered"][changed])) == 1
