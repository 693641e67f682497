import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from model.codes import Caution, RefusalReason
from model.explanation.heatmap import OPACITY, colour_map, overlay_png, peak_position, upsample_to_image
from model.imaging.geometry import WHOLE_IMAGE, RelativeBox, resize
from model.imaging.radiograph import Radiograph
from model.inference.decision import OperatingPoint, Verdict
from model.inference.finding import Finding
from tests.support.boxes import boxes
from tests.support.synthetic import synthetic_radiograph

maps = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.floats(0, 1, width=32))
sides = st.integers(1, 70)


def radiograph(height: int = 60, width: int = 80) -> Radiograph:
    return Radiograph(synthetic_radiograph(height, width), "PNG", 8)


def overlay(picture: Radiograph, heat_map: np.ndarray, box: RelativeBox = WHOLE_IMAGE, **more) -> bytes:
    """The overlay of a finding with this map."""
    point = OperatingPoint("of the test", 0.5, "by hand")
    finding = Finding(0.7, 0.75, Verdict.PNEUMONIA, point, heat_map, box, np.zeros(3, np.float32), "1.0")
    return overlay_png(picture, replace(finding, **more))


def drawn(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def grey_of(picture: Radiograph) -> np.ndarray:
    return np.rint(picture.pixels).astype(int)[..., np.newaxis].repeat(3, axis=2)


# --- the map over the radiograph


@given(heat_map=maps, height=sides, width=sides)
def test_the_map_takes_the_radiographs_size_and_keeps_its_range(heat_map, height, width):
    laid = upsample_to_image(heat_map, WHOLE_IMAGE, height, width)

    assert laid.shape == (height, width)
    assert laid.dtype == np.float32
    assert laid.min() >= 0
    assert laid.max() <= 1


def test_the_map_lies_as_the_radiograph_does():
    heat_map = np.zeros((3, 5), np.float32)
    heat_map[0, 4] = 1  # top right
    laid = upsample_to_image(heat_map, WHOLE_IMAGE, 300, 1000)

    assert laid[0, -1] == 1
    assert laid[:100, 800:].mean() > 0.5
    assert not laid[100 + 50 :].any()
    assert not laid[:, : 800 - 100].any()


@given(rows=st.integers(1, 9), columns=st.integers(1, 9), height=sides, width=sides)
def test_no_evidence_stays_no_evidence(rows, columns, height, width):
    assert not upsample_to_image(np.zeros((rows, columns), np.float32), WHOLE_IMAGE, height, width).any()


@given(heat_map=maps)
def test_half_the_evidence_is_shown_as_half(heat_map):
    np.testing.assert_allclose(
        upsample_to_image(heat_map / 2, WHOLE_IMAGE, 40, 50),
        upsample_to_image(heat_map, WHOLE_IMAGE, 40, 50) / 2,
        atol=1e-6,
    )


# --- the map over a part of the radiograph


@given(heat_map=maps, height=sides, width=sides)
def test_a_part_that_is_the_whole_radiograph_leaves_nothing_out(heat_map, height, width):
    expected = np.clip(resize(heat_map, height, width), 0, 1)
    np.testing.assert_array_equal(upsample_to_image(heat_map, WHOLE_IMAGE, height, width), expected)


@given(box=boxes(), height=sides, width=sides)
def test_the_map_covers_the_pixels_whose_middles_lie_in_the_part_and_no_others(box, height, width):
    laid = upsample_to_image(np.ones((2, 2), np.float32), box, height, width)

    assert laid.shape == (height, width)
    assert laid.dtype == np.float32
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    slack = 1e-9
    across = (x > box.left - slack) & (x < box.right + slack)
    down = (y > box.top - slack) & (y < box.bottom + slack)
    assert not laid[~down].any()
    assert not laid[:, ~across].any()
    well_across = (x > box.left + slack) & (x < box.right - slack)
    well_down = (y > box.top + slack) & (y < box.bottom - slack)
    np.testing.assert_allclose(laid[np.ix_(well_down, well_across)], 1, atol=1e-6)


@given(heat_map=maps)
def test_in_its_part_the_map_lies_as_it_would_on_a_radiograph_of_that_size(heat_map):
    laid = upsample_to_image(heat_map, RelativeBox(left=0.25, top=0.1, right=0.75, bottom=0.9), 50, 80)
    np.testing.assert_array_equal(laid[5:45, 20:60], upsample_to_image(heat_map, WHOLE_IMAGE, 40, 40))


@given(heat_map=maps, at=st.floats(0, 0.99), height=sides, width=sides)
def test_a_part_thinner_than_a_pixel_breaks_nothing(heat_map, at, height, width):
    for box in (
        RelativeBox(at, 0, at + 1e-6, 1),
        RelativeBox(0, at, 1, at + 1e-6),
        RelativeBox(at, at, at + 1e-6, at + 1e-6),
    ):
        laid = upsample_to_image(heat_map, box, height, width)
        assert laid.shape == (height, width)
        assert np.count_nonzero(laid) <= max(height, width)


# --- colours


def test_colours_keep_the_contract_of_the_viewer():
    table = colour_map()

    assert table.shape == (256, 4)
    assert table.dtype == np.uint8
    assert table[0, 3] == 0  # no evidence, no colour
    opacity = table[:, 3].astype(int)
    assert (np.diff(opacity) >= 0).all()
    assert opacity[-1] == round(255 * OPACITY)


def test_every_step_of_the_map_is_brighter_than_the_last_but_for_rounding():
    light = colour_map()[:, :3] @ np.array([0.299, 0.587, 0.114])
    assert (np.diff(light) > -0.5).all()
    assert (np.diff(light[::8]) > 0).all()


def test_no_colour_is_a_grey_of_the_film():
    table = colour_map()[1:, :3].astype(int)
    assert (table.max(axis=1) - table.min(axis=1)).min() > 60


# --- the overlay as a file


@pytest.mark.parametrize(("height", "width"), [(60, 80), (33, 200), (200, 32), (1, 1)])
def test_the_overlay_has_the_radiographs_own_size(height, width):
    heat_map = np.random.default_rng(0).random((7, 7), dtype=np.float32)
    assert drawn(overlay(radiograph(height, width), heat_map)).shape == (height, width, 3)


def test_the_overlay_says_what_it_is_for_and_who_made_it():
    image = Image.open(io.BytesIO(overlay(radiograph(), np.zeros((7, 7), np.float32), model_version="4.5.6")))

    assert image.format == "PNG"
    assert image.text == {
        "Comment": "Research use only, not a medical device.",
        "Software": "Chest radiograph reader, model 4.5.6",
    }


def test_the_overlay_repeats_cautions_and_that_it_was_read_although_refused():
    refusals = (RefusalReason.INVERTED, RefusalReason.ROTATED)
    blank = np.zeros((7, 7), np.float32)
    image = Image.open(io.BytesIO(overlay(radiograph(), blank, refusals=refusals, cautions=(Caution.CORRECTED,))))
    assert image.text["Comment"] == (
        "Research use only, not a medical device. Read although refused: inverted. Read although refused: rotated. "
        "Caution: remedied."
    )


def test_without_evidence_the_overlay_is_the_radiograph():
    picture = radiograph()
    np.testing.assert_array_equal(drawn(overlay(picture, np.zeros((7, 7), np.float32))), grey_of(picture))


def test_colour_lies_where_the_evidence_is_and_nowhere_else():
    heat_map = np.zeros((4, 4), np.float32)
    heat_map[0, 3] = 1  # top right
    picture = radiograph()
    shown, grey = drawn(overlay(picture, heat_map)), grey_of(picture)

    strongest = colour_map()[255].astype(float)
    share = strongest[3] / 255
    np.testing.assert_allclose(shown[0, -1], picture.pixels[0, -1] * (1 - share) + strongest[:3] * share, atol=1)
    np.testing.assert_array_equal(shown[30:], grey[30:])
    np.testing.assert_array_equal(shown[:, :40], grey[:, :40])


def test_outside_of_the_part_that_was_seen_the_overlay_is_the_radiograph():
    picture = radiograph(60, 80)
    shown = drawn(
        overlay(picture, np.ones((4, 4), np.float32), RelativeBox(left=0.5, top=0.25, right=0.75, bottom=0.5))
    )
    differs = (shown != grey_of(picture)).any(axis=2)
    expected = np.zeros((60, 80), bool)
    expected[15:30, 40:60] = True
    np.testing.assert_array_equal(differs, expected)


def test_little_evidence_is_fainter_than_much():
    picture, cell = radiograph(), np.ones((1, 1), np.float32)
    away = [np.abs(drawn(overlay(picture, cell * value)) - grey_of(picture)).sum() for value in (0.1, 0.3, 1)]
    assert 0 < away[0] < away[1] < away[2]


@given(heat_map=maps, grey=st.sampled_from([0, 0.5, 254.5, 255]))
def test_blending_neither_overflows_nor_meets_what_is_no_number(heat_map, grey):
    flat = Radiograph(np.full((20, 30), grey, np.float32), "PNG", 8)
    shown = drawn(overlay(flat, heat_map))  # a NaN or an overflow would warn, and warnings are errors
    table = colour_map()[:, :3].astype(int)
    assert (shown >= np.minimum(table.min(axis=0), int(grey))).all()
    assert (shown <= np.maximum(table.max(axis=0), int(grey) + 1)).all()


# --- its hottest place


def test_the_peak_is_the_centre_of_the_hottest_cell_as_a_place_of_the_radiograph():
    heat_map = np.zeros((4, 5), np.float32)
    heat_map[1, 4] = 0.3
    assert peak_position(heat_map, WHOLE_IMAGE) == pytest.approx((1.5 / 4, 4.5 / 5))
    assert peak_position(heat_map, RelativeBox(0.2, 0.5, 0.6, 0.9)) == pytest.approx(
        (0.5 + 0.4 * 1.5 / 4, 0.2 + 0.4 * 4.5 / 5)
    )


def test_where_nothing_is_hot_there_is_no_peak():
    assert peak_position(np.zeros((4, 5), np.float32), WHOLE_IMAGE) is None


@given(heat_map=maps, box=boxes())
def test_the_peak_lies_in_the_part_that_the_map_covers(heat_map, box):
    at = peak_position(heat_map, box)
    if at is not None:
        assert box.top <= at[0] <= box.bottom
        assert box.left <= at[1] <= box.right
