"""Relative boxes: margins and pixel coordinates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.imaging.geometry import WHOLE_IMAGE, RelativeBox
from tests.support.boxes import boxes

margins = st.floats(0, 3)
sides = st.integers(1, 5000)


@given(box=boxes(), margin=margins)
def test_an_expanded_box_contains_the_box_and_stays_in_the_radiograph(box, margin):
    expanded = box.expanded(margin)
    assert 0 <= expanded.left <= box.left < box.right <= expanded.right <= 1
    assert 0 <= expanded.top <= box.top < box.bottom <= expanded.bottom <= 1


@pytest.mark.slow
@given(box=boxes())
def test_a_box_without_a_margin_stays_the_same(box):
    assert box.expanded(0) == box


@given(margin=margins)
def test_the_whole_radiograph_cannot_grow(margin):
    assert WHOLE_IMAGE.expanded(margin) == WHOLE_IMAGE


@pytest.mark.slow
@given(box=boxes(), margins=st.tuples(margins, margins))
def test_a_larger_margin_never_gives_a_smaller_box(box, margins):
    smaller, larger = box.expanded(min(margins)), box.expanded(max(margins))
    assert larger.left <= smaller.left
    assert larger.top <= smaller.top
    assert smaller.right <= larger.right
    assert smaller.bottom <= larger.bottom


def test_each_side_grows_in_proportion_to_its_own_direction():
    expanded = RelativeBox(left=0.4, top=0.2, right=0.6, bottom=0.7).expanded(0.1)
    assert (expanded.left, expanded.top, expanded.right, expanded.bottom) == pytest.approx((0.38, 0.15, 0.62, 0.75))


def test_a_box_at_the_edge_is_clipped_and_its_other_sides_still_grow():
    expanded = RelativeBox(left=0.01, top=0.4, right=0.51, bottom=0.6).expanded(0.5)
    assert (expanded.left, expanded.top, expanded.right, expanded.bottom) == pytest.approx((0, 0.3, 0.76, 0.7))


def test_edges_in_pixels_are_left_top_right_and_bottom():
    assert RelativeBox(left=0.25, top=0.5, right=0.75, bottom=1.0).to_pixels(height=100, width=40) == (10, 50, 30, 100)


@given(height=sides, width=sides)
def test_the_whole_image_has_all_pixels(height, width):
    assert WHOLE_IMAGE.to_pixels(height, width) == (0, 0, width, height)


@pytest.mark.slow
@given(box=boxes(), height=sides, width=sides)
def test_edges_in_pixels_are_in_the_image_and_scale_with_it(box, height, width):
    left, top, right, bottom = box.to_pixels(height, width)
    assert 0 <= left <= right <= width
    assert 0 <= top <= bottom <= height
    assert box.to_pixels(2 * height, 2 * width) == (2 * left, 2 * top, 2 * right, 2 * bottom)
