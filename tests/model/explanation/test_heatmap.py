"""Heat map: upsampling, colours, overlay file and peak."""

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


def make_radiograph(height: int = 60, width: int = 80) -> Radiograph:
    return Radiograph(synthetic_radiograph(height, width), "PNG", 8)


def overlay_of(radiograph: Radiograph, heat_map: np.ndarray, box: RelativeBox = WHOLE_IMAGE, **changes) -> bytes:
    """The overlay file of a finding with this heat map."""
    point = OperatingPoint("of the test", 0.5, "by hand")
    finding = Finding(0.7, 0.75, Verdict.PNEUMONIA, point, heat_map, box, np.zeros(3, np.float32), "1.0")
    return overlay_png(radiograph, replace(finding, **changes))


def decode_rgb(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def grey_rgb(radiograph: Radiograph) -> np.ndarray:
    return np.rint(radiograph.pixels).astype(int)[..., np.newaxis].repeat(3, axis=2)


# --- upsampling to the whole radiograph


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


@given(heat_map=maps)
def test_upsampling_is_linear_in_the_evidence(heat_map):
    np.testing.assert_allclose(
        upsample_to_image(heat_map / 2, WHOLE_IMAGE, 40, 50),
        upsample_to_image(heat_map, WHOLE_IMAGE, 40, 50) / 2,
        atol=1e-6,
    )


# --- upsampling to a part of the radiograph


@given(heat_map=maps, height=sides, width=sides)
def test_the_box_of_the_whole_radiograph_covers_every_pixel(heat_map, height, width):
    expected = np.clip(resize(heat_map, height, width), 0, 1)
    np.testing.assert_array_equal(upsample_to_image(heat_map, WHOLE_IMAGE, height, width), expected)


@given(box=boxes(), height=sides, width=sides)
def test_the_map_covers_the_pixels_with_centres_in_the_box_and_no_others(box, height, width):
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


@given(heat_map=maps)
def test_within_its_box_the_map_is_upsampled_as_on_a_radiograph_of_that_size(heat_map):
    upsampled = upsample_to_image(heat_map, RelativeBox(left=0.25, top=0.1, right=0.75, bottom=0.9), 50, 80)
    np.testing.assert_array_equal(upsampled[5:45, 20:60], upsample_to_image(heat_map, WHOLE_IMAGE, 40, 40))


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


def test_brightness_rises_with_the_evidence_within_rounding():
    brightness = colour_map()[:, :3] @ np.array([0.299, 0.587, 0.114])
    assert (np.diff(brightness) > -0.5).all()
    assert (np.diff(brightness[::8]) > 0).all()


def test_every_colour_differs_from_grey():
    colours = colour_map()[1:, :3].astype(int)
    assert (colours.max(axis=1) - colours.min(axis=1)).min() > 60


# --- overlay file


@pytest.mark.parametrize(("height", "width"), [(60, 80), (33, 200), (200, 32), (1, 1)])
def test_the_overlay_has_the_size_of_the_radiograph(height, width):
    heat_map = np.random.default_rng(0).random((7, 7), dtype=np.float32)
    assert decode_rgb(overlay_of(make_radiograph(height, width), heat_map)).shape == (height, width, 3)


def test_the_overlay_file_names_its_purpose_and_the_model_version():
    image = Image.open(io.BytesIO(overlay_of(make_radiograph(), np.zeros((7, 7), np.float32), model_version="4.5.6")))

    assert image.format == "PNG"
    assert image.text == {
        "Comment": "Research use only, not a medical device.",
        "Software": "Chest radiograph reader, model 4.5.6",
    }


def test_the_overlay_file_holds_cautions_and_refusals():
    refusals = (RefusalReason.INVERTED, RefusalReason.ROTATED)
    blank = np.zeros((7, 7), np.float32)
    image = Image.open(
        io.BytesIO(overlay_of(make_radiograph(), blank, refusals=refusals, cautions=(Caution.CORRECTED,)))
    )
    assert image.text["Comment"] == (
        "Research use only, not a medical device. Read although refused: inverted. Read although refused: rotated. "
        "Caution: corrected."
    )


def test_without_evidence_the_overlay_is_the_radiograph():
    radiograph = make_radiograph()
    np.testing.assert_array_equal(
        decode_rgb(overlay_of(radiograph, np.zeros((7, 7), np.float32))), grey_rgb(radiograph)
    )


def test_only_pixels_with_evidence_are_coloured():
    heat_map = np.zeros((4, 4), np.float32)
    heat_map[0, 3] = 1  # top right
    radiograph = make_radiograph()
    blended, grey = decode_rgb(overlay_of(radiograph, heat_map)), grey_rgb(radiograph)

    strongest = colour_map()[255].astype(float)
    opacity = strongest[3] / 255
    np.testing.assert_allclose(
        blended[0, -1], radiograph.pixels[0, -1] * (1 - opacity) + strongest[:3] * opacity, atol=1
    )
    np.testing.assert_array_equal(blended[30:], grey[30:])
    np.testing.assert_array_equal(blended[:, :40], grey[:, :40])


def test_outside_its_box_the_overlay_is_the_radiograph():
    radiograph = make_radiograph(60, 80)
    blended = decode_rgb(
        overlay_of(radiograph, np.ones((4, 4), np.float32), RelativeBox(left=0.5, top=0.25, right=0.75, bottom=0.5))
    )
    differs = (blended != grey_rgb(radiograph)).any(axis=2)
    expected = np.zeros((60, 80), bool)
    expected[15:30, 40:60] = True
    np.testing.assert_array_equal(differs, expected)


def test_stronger_evidence_changes_the_radiograph_more():
    radiograph, cell = make_radiograph(), np.ones((1, 1), np.float32)
    differences = [
        np.abs(decode_rgb(overlay_of(radiograph, cell * value)) - grey_rgb(radiograph)).sum() for value in (0.1, 0.3, 1)
    ]
    assert 0 < differences[0] < differences[1] < differences[2]


@given(heat_map=maps, grey=st.sampled_from([0, 0.5, 254.5, 255]))
def test_blending_never_overflows(heat_map, grey):
    flat = Radiograph(np.full((20, 30), grey, np.float32), "PNG", 8)
    blended = decode_rgb(overlay_of(flat, heat_map))  # a NaN or an overflow would warn, and warnings are errors
    colours = colour_map()[:, :3].astype(int)
    assert (blended >= np.minimum(colours.min(axis=0), int(grey))).all()
    assert (blended <= np.maximum(colours.max(axis=0), int(grey) + 1)).all()


# --- peak


def test_the_peak_is_the_centre_of_the_hottest_cell_in_shares_of_the_radiograph():
    heat_map = np.zeros((4, 5), np.float32)
    heat_map[1, 4] = 0.3
    assert peak_position(heat_map, WHOLE_IMAGE) == pytest.approx((1.5 / 4, 4.5 / 5))
    assert peak_position(heat_map, RelativeBox(0.2, 0.5, 0.6, 0.9)) == pytest.approx(
        (0.5 + 0.4 * 1.5 / 4, 0.2 + 0.4 * 4.5 / 5)
    )


def test_a_map_of_zeros_has_no_peak():
    assert peak_position(np.zeros((4, 5), np.float32), WHOLE_IMAGE) is None


@given(heat_map=maps, box=boxes())
def test_the_peak_is_within_the_box(heat_map, box):
    peak = peak_position(heat_map, box)
    if peak is not None:
        assert box.top <= peak[0] <= box.bottom
        assert box.left <= peak[1] <= box.right
