import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.imaging.geometry import WHOLE_IMAGE, RelativeBox
from tests.support.boxes import boxes

margins = st.floats(0, 3)
sides = st.integers(1, 5000)


@given(box=boxes(), margin=margins)
def test_a_widened_box_holds_the_box_and_stays_in_the_radiograph(box, margin):
    wide = box.expanded(margin)
    assert 0 <= wide.left <= box.left < box.right <= wide.right <= 1
    assert 0 <= wide.top <= box.top < box.bottom <= wide.bottom <= 1


@given(box=boxes())
def test_without_a_margin_a_box_stays_as_it_is(box):
    assert box.expanded(0) == box


@given(margin=margins)
def test_the_whole_radiograph_cannot_grow(margin):
    assert WHOLE_IMAGE.expanded(margin) == WHOLE_IMAGE


@given(box=boxes(), margins=st.tuples(margins, margins))
def test_more_margin_never_shows_less(box, margins):
    little, much = box.expanded(min(margins)), box.expanded(max(margins))
    assert much.left <= little.left
    assert much.top <= little.top
    assert little.right <= much.right
    assert little.bottom <= much.bottom


def test_each_side_grows_by_the_share_of_its_own_direction():
    wide = RelativeBox(left=0.4, top=0.2, right=0.6, bottom=0.7).expanded(0.1)
    assert (wide.left, wide.top, wide.right, wide.bottom) == pytest.approx((0.38, 0.15, 0.62, 0.75))


def test_what_would_leave_the_radiograph_ends_at_its_edge_and_the_other_sides_grow_as_ever():
    wide = RelativeBox(left=0.01, top=0.4, right=0.51, bottom=0.6).expanded(0.5)
    assert (wide.left, wide.top, wide.right, wide.bottom) == pytest.approx((0, 0.3, 0.76, 0.7))


def test_edges_in_pixels_are_left_top_right_and_bottom():
    assert RelativeBox(left=0.25, top=0.5, right=0.75, bottom=1.0).to_pixels(height=100, width=40) == (10, 50, 30, 100)


@given(height=sides, width=sides)
def test_the_whole_radiograph_is_all_of_its_pixels(height, width):
    assert WHOLE_IMAGE.to_pixels(height, width) == (0, 0, width, height)


@given(box=boxes(), height=sides, width=sides)
def test_edges_in_pixels_lie_in_the_picture_and_grow_with_it(box, height, width):
    left, top, right, bottom = box.to_pixels(height, width)
    assert 0 <= left <= right <= width
    assert 0 <= top <= bottom <= height
    assert box.to_pixels(2 * height, 2 * width) == (2 * left, 2 * top, 2 * right, 2 * bottom)
