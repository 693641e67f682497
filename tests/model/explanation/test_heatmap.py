"""Heat map: upsampling, colours and peak."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from model.explanation.heatmap import OPACITY, colour_map, peak_position, upsample_to_image
from model.imaging.geometry import WHOLE_IMAGE, RelativeBox, resize
from tests.support.boxes import boxes

maps = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.floats(0, 1, width=32))
sides = st.integers(1, 70)


# --- upsampling to the whole radiograph


@pytest.mark.slow
@given(heat_map=maps, height=sides, width=sides)
def test_an_upsampled_map_has_the_size_of_the_radiograph_and_the_range_of_the_map(heat_map, height, width):
    upsampled = upsample_to_image(heat_map, WHOLE_IMAGE, height, width)

    assert upsampled.shape == (height, width)
    assert upsampled.dtype == np.float32
    assert upsampled.min() >= 0
    assert upsampled.max() <= 1


def test_an_upsampled_map_has_the_orientation_of_the_radiograph():
    heat_map = np.zeros((3, 5), np.float32)
    heat_map[0, 4] = 1  # top right
    upsampled = upsample_to_image(heat_map, WHOLE_IMAGE, 300, 1000)

    assert upsampled[0, -1] == 1
    assert upsampled[:100, 800:].mean() > 0.5
    assert not upsampled[100 + 50 :].any()
    assert not upsampled[:, : 800 - 100].any()


@given(rows=st.integers(1, 9), columns=st.integers(1, 9), height=sides, width=sides)
def test_a_map_of_zeros_stays_zero(rows, columns, height, width):
    assert not upsample_to_image(np.zeros((rows, columns), np.float32), WHOLE_IMAGE, height, width).any()


@pytest.mark.slow
@given(heat_map=maps)
def test_upsampling_is_linear_in_the_evidence(heat_map):
    np.testing.assert_allclose(
        upsample_to_image(heat_map / 2, WHOLE_IMAGE, 40, 50),
        upsample_to_image(heat_map, WHOLE_IMAGE, 40, 50) / 2,
        atol=1e-6,
    )


# --- upsampling to a part of the radiograph


@pytest.mark.slow
@given(heat_map=maps, height=sides, width=sides)
def test_the_box_of_the_whole_radiograph_covers_every_pixel(heat_map, height, width):
    expected = np.clip(resize(heat_map, height, width), 0, 1)
    np.testing.assert_array_equal(upsample_to_image(heat_map, WHOLE_IMAGE, height, width), expected)


@pytest.mark.slow
@given(box=boxes(), height=sides, width=sides)
def test_the_map_covers_exactly_the_pixels_whose_centres_are_in_the_box(box, height, width):
    upsampled = upsample_to_image(np.ones((2, 2), np.float32), box, height, width)

    assert upsampled.shape == (height, width)
    assert upsampled.dtype == np.float32
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    slack = 1e-9
    across = (x > box.left - slack) & (x < box.right + slack)
    down = (y > box.top - slack) & (y < box.bottom + slack)
    assert not upsampled[~down].any()
    assert not upsampled[:, ~across].any()
    well_across = (x > box.left + slack) & (x < box.right - slack)
    well_down = (y > box.top + slack) & (y < box.bottom - slack)
    np.testing.assert_allclose(upsampled[np.ix_(well_down, well_across)], 1, atol=1e-6)


@pytest.mark.slow
@given(heat_map=maps)
def test_within_its_box_the_map_is_upsampled_as_on_a_radiograph_of_that_size(heat_map):
    upsampled = upsample_to_image(heat_map, RelativeBox(left=0.25, top=0.1, right=0.75, bottom=0.9), 50, 80)
    np.testing.assert_array_equal(upsampled[5:45, 20:60], upsample_to_image(heat_map, WHOLE_IMAGE, 40, 40))


@pytest.mark.slow
@given(heat_map=maps, edge=st.floats(0, 0.99), height=sides, width=sides)
def test_a_box_thinner_than_a_pixel_is_handled(heat_map, edge, height, width):
    for box in (
        RelativeBox(edge, 0, edge + 1e-6, 1),
        RelativeBox(0, edge, 1, edge + 1e-6),
        RelativeBox(edge, edge, edge + 1e-6, edge + 1e-6),
    ):
        upsampled = upsample_to_image(heat_map, box, height, width)
        assert upsampled.shape == (height, width)
        assert np.count_nonzero(upsampled) <= max(height, width)


# --- colours


def test_the_colour_map_has_the_format_of_the_viewer():
    colours = colour_map()

    assert colours.shape == (256, 4)
    assert colours.dtype == np.uint8
    assert colours[0, 3] == 0  # no evidence is transparent
    opacity = colours[:, 3].astype(int)
    assert (np.diff(opacity) >= 0).all()
    assert opacity[-1] == round(255 * OPACITY)


def test_brightness_increases_with_the_evidence_up_to_rounding():
    brightness = colour_map()[:, :3] @ np.array([0.299, 0.587, 0.114])
    assert (np.diff(brightness) > -0.5).all()
    assert (np.diff(brightness[::8]) > 0).all()


def test_every_colour_differs_from_grey():
    colours = colour_map()[1:, :3].astype(int)
    assert (colours.max(axis=1) - colours.min(axis=1)).min() > 60


# --- peak


def test_the_peak_is_the_centre_of_the_hottest_cell_as_shares_of_height_and_width():
    heat_map = np.zeros((4, 5), np.float32)
    heat_map[1, 4] = 0.3
    assert peak_position(heat_map, WHOLE_IMAGE) == pytest.approx((1.5 / 4, 4.5 / 5))
    assert peak_position(heat_map, RelativeBox(0.2, 0.5, 0.6, 0.9)) == pytest.approx(
        (0.5 + 0.4 * 1.5 / 4, 0.2 + 0.4 * 4.5 / 5)
    )


def test_a_map_of_zeros_has_no_peak():
    assert peak_position(np.zeros((4, 5), np.float32), WHOLE_IMAGE) is None


@pytest.mark.slow
@given(heat_map=maps, box=boxes())
def test_the_peak_is_within_the_box(heat_map, box):
    peak = peak_position(heat_map, box)
    if peak is not None:
        assert box.top <= peak[0] <= box.bottom
        assert box.left <= peak[1] <= box.right
