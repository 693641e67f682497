"""Drawing of the viewer in a real browser: image, heat map, border of a part, scale bar."""

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.support.browser import ROOT, pixels_of
from tests.support.synthetic import synthetic_radiograph
from tests.support.viewer import decode_grey_png, press, rerun
from tests.support.viewer_page import PART
from ui.viewer.component import encode_preview


@pytest.mark.browser
def test_the_map_is_at_the_right_position_and_can_be_hidden(tab):
    with_map = pixels_of(tab)
    tab.get_by_role("button", name="Heat map").click()
    without_map = pixels_of(tab)

    assert tab.locator("[data-testid=radiograph-viewer]").get_attribute("data-map") == "off"
    assert tab.get_by_role("button", name="Heat map").get_attribute("aria-pressed") == "false"
    height, width = without_map.shape[:2]
    red = (with_map - without_map)[..., 0] - (with_map - without_map)[..., 1]
    y, x = np.unravel_index(red.argmax(), red.shape)
    scale = min(width / 400, height / 300)
    expected = width / 2 + (5.5 / 7 - 0.5) * 400 * scale, height / 2 + (1.5 / 7 - 0.5) * 300 * scale
    assert (x, y) == pytest.approx(expected, abs=4)
    assert np.abs(red[:, : width // 2]).max() <= 1  # the image itself is grey


def part_on_canvas(canvas: np.ndarray, zoom: float) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of the part on the canvas, if the image is centred."""
    height, width = canvas.shape[:2]
    scale = min(width / 400, height / 300) * zoom
    x, y = width / 2 - 200 * scale, height / 2 - 150 * scale
    left, top, right, bottom = PART.to_pixels(300 * scale, 400 * scale)
    return x + left, y + top, x + right, y + bottom


def difference_with_and_without_map(tab) -> np.ndarray:
    """Return what the map changes: float64 (height, width, 3), red, green, blue."""
    with_map = pixels_of(tab)
    press(tab, "m")
    without_map = pixels_of(tab)
    press(tab, "m")
    return (with_map - without_map)[..., :3]


@pytest.mark.browser
@pytest.mark.parametrize(("keys", "zoom"), [("0", 1), ("+ +", 1.5625)])
def test_a_map_of_a_part_colours_that_part_only(tab, keys, zoom):
    rerun(tab, tab.get_by_text("Map of a part"))
    press(tab, keys)
    difference = difference_with_and_without_map(tab)
    left, top, right, bottom = part_on_canvas(difference, zoom)
    y, x = np.ogrid[: difference.shape[0], : difference.shape[1]]
    inside = (x > left + 3) & (x < right - 3) & (y > top + 3) & (y < bottom - 3)
    outside = (x < left - 3) | (x > right + 3) | (y < top - 3) | (y > bottom + 3)

    red = difference[..., 0] - difference[..., 1]
    assert red[inside].min() > 60
    assert inside.sum() > 5000
    assert outside.sum() > 5000
    assert not difference[outside].any()
    peak = np.unravel_index((red * inside).argmax(), red.shape)[::-1]
    assert peak == pytest.approx((left + 5.5 / 7 * (right - left), top + 1.5 / 7 * (bottom - top)), abs=4)


@pytest.mark.browser
@pytest.mark.parametrize(("keys", "zoom"), [("0", 1), ("+ +", 1.5625)])
def test_the_contour_lies_where_the_map_reaches_its_value(tab, keys, zoom):
    rerun(tab, tab.get_by_text("Two maps"))
    press(tab, keys)
    difference = difference_with_and_without_map(tab)
    height, width = difference.shape[:2]
    cyan = (difference[..., 2] > 60) & (difference[..., 0] < 0)
    (rows, columns), scale = np.nonzero(cyan), min(width / 400, height / 300) * zoom
    # Between a cell of 0.9 and one of 0.05, the contour at 0.4 lies 0.5 / 0.85 of a cell from the centre of the first.
    left, right = (width / 2 + (cells / 12 - 0.5) * 400 * scale for cells in (2.5 - 0.588, 4.5 + 0.588))
    top, bottom = (height / 2 + (cells / 12 - 0.5) * 300 * scale for cells in (7.5 - 0.588, 9.5 + 0.588))
    expected = *np.clip((left, right), 0, width - 1), *np.clip((top, bottom), 0, height - 1)  # a zoomed image is cut
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == pytest.approx(expected, abs=4)


def dash_contrast(lines: np.ndarray) -> float:
    """Return the mean change from dash to gap, 0-255, of the most dashed line along the first axis."""
    return np.abs(lines[4:] - lines[:-4]).mean(axis=0).max()


@pytest.mark.browser
def test_a_part_has_a_dashed_border_and_the_whole_image_has_none(tab):
    assert not difference_with_and_without_map(tab)[:, :20].any()
    rerun(tab, tab.get_by_text("Map of a part"))
    blue = difference_with_and_without_map(tab)[..., 2]
    left, top, right, bottom = map(round, part_on_canvas(blue, 1))
    down, across = slice(top + 8, bottom - 8), slice(left + 8, right - 8)
    assert min(dash_contrast(blue[down, x - 2 : x + 2]) for x in (left, right)) > 10
    assert min(dash_contrast(blue[y - 2 : y + 2, across].T) for y in (top, bottom)) > 10
    assert dash_contrast(blue[down, left + 8 : left + 16]) < 5


@pytest.mark.browser
@pytest.mark.parametrize(("keys", "zoom"), [("0", 1), ("+ +", 1.5625)])
def test_boxes_are_outlined_at_their_position_and_can_be_hidden(tab, keys, zoom):
    toggle = tab.get_by_role("button", name="Boxes", exact=True)
    expect(toggle).to_be_hidden()
    rerun(tab, tab.get_by_text("Boxes of a reader"))
    expect(tab.get_by_text("One box by a radiologist")).to_be_visible()
    press(tab, f"m {keys}")
    with_boxes = pixels_of(tab)
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "false")
    difference = np.abs(with_boxes - pixels_of(tab))[..., :3].max(axis=2)

    left, top, right, bottom = part_on_canvas(difference, zoom)
    y, x = np.ogrid[: difference.shape[0], : difference.shape[1]]
    inside = (x > left + 4) & (x < right - 4) & (y > top + 4) & (y < bottom - 4)
    outside = (x < left - 4) | (x > right + 4) | (y < top - 4) | (y > bottom + 4)
    assert not difference[inside | outside].any()
    height, width = difference.shape  # an edge of a zoomed image may be outside
    lines = [difference[:, round(edge)] for edge in (left, right) if 4 < edge < width - 4]
    lines += [difference[round(edge)] for edge in (top, bottom) if 4 < edge < height - 4]
    assert len(lines) >= 2
    assert all((line > 0).sum() > 80 for line in lines)


@pytest.mark.browser
@pytest.mark.parametrize(("keys", "zoom", "length"), [("m", 1, 50), ("m + + +", 1.953, 20)])
def test_the_scale_bar_is_correct_at_every_zoom(tab, keys, zoom, length):
    press(tab, keys)
    without_scale = pixels_of(tab)
    rerun(tab, tab.get_by_text("Scale", exact=True))
    changed = np.abs(pixels_of(tab) - without_scale).max(axis=2)
    height, width = changed.shape
    assert not changed[:-50].any()  # only in the lower left corner
    assert not changed[:, width // 2 :].any()
    (line,) = np.nonzero(changed[height - 12] > 40)
    millimetre = min(width / 400, height / 300) * 400 * zoom / 250
    assert line.max() - line.min() == pytest.approx(length * millimetre, abs=6)  # plus the width of its outline


@pytest.mark.browser
def test_the_image_is_drawn_as_sent(tab):
    press(tab, "m")
    canvas = pixels_of(tab)
    height, width = canvas.shape[:2]
    scale = min(width / 400, height / 300)
    sent = decode_grey_png(encode_preview(synthetic_radiograph()))

    for y, x in [(150, 120), (150, 280), (20, 20), (280, 200)]:
        pixel = round(height / 2 + (y + 0.5 - 150) * scale), round(width / 2 + (x + 0.5 - 200) * scale)
        assert canvas[pixel][:3] == pytest.approx([sent[y, x]] * 3, abs=3)


@pytest.mark.browser
def test_the_map_is_interpolated_as_in_pillow(tab):
    heat_map = np.random.default_rng(0).random((5, 7), dtype=np.float32)
    size = (90, 60)  # width, height
    values = Image.fromarray(heat_map).resize(size, Image.Resampling.BILINEAR)
    expected = np.rint(np.asarray(values) * 255)

    drawn = tab.evaluate(
        """async ([script, values, rows, columns, width, height]) => {
            const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
            const { colourMap } = await import(url);
            const colours = Uint8Array.from({ length: 1024 }, (_, i) => (i % 4 === 3 ? 255 : i >> 2));
            const map = { values: Float32Array.from(values), rows, columns, colours };
            return [...colourMap(map, width, height).data];
        }""",
        [(ROOT / "ui" / "viewer" / "viewer.js").read_text(), heat_map.ravel().tolist(), *heat_map.shape, *size],
    )

    red = np.reshape(drawn, (size[1], size[0], 4))[..., 0]
    assert np.abs(red - expected).max() <= 1
    assert (red == expected).mean() > 0.99
