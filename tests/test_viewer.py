"""The radiograph viewer: its encoding, what it keeps in the session, and the component in a real browser."""

import io
import json
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from streamlit.testing.v1 import AppTest

import ui.viewer
from model.box import WHOLE, Box
from tests.browser import READY, ROOT, pixels_of, served
from tests.synthetic import synthetic_radiograph
from tests.viewer_page import PART, colour_table, synthetic_heat_map
from ui.viewer import LONGEST_SIDE, encode_preview, preview_size, radiograph_viewer


def decoded(png: bytes) -> np.ndarray:
    picture = Image.open(io.BytesIO(png))
    assert (picture.format, picture.mode) == ("PNG", "L")
    return np.asarray(picture)


@given(height=st.integers(1, 20_000), width=st.integers(1, 20_000))
def test_preview_keeps_the_proportions_and_the_limit(height, width):
    rows, columns = preview_size(height, width)

    assert 1 <= max(rows, columns) <= LONGEST_SIDE
    scale = min(1, LONGEST_SIDE / max(height, width))
    assert abs(rows - height * scale) <= 1
    assert abs(columns - width * scale) <= 1


@settings(max_examples=25)
@given(
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.floats(0, 255, width=32))
)
def test_small_pictures_keep_their_greys(pixels):
    grey = decoded(encode_preview(pixels))

    assert grey.shape == pixels.shape
    assert np.abs(grey - pixels).max() <= 0.5


def test_large_pictures_are_made_smaller_with_antialiasing():
    stripes = np.zeros((100, 2 * LONGEST_SIDE), dtype=np.float32)
    stripes[:, ::2] = 200

    grey = decoded(encode_preview(stripes))

    assert grey.shape == (50, LONGEST_SIDE)
    assert np.abs(grey[:, 2:-2] - 100.0).max() <= 1  # neither stripe won


@pytest.mark.parametrize("bad", [np.full((3, 3), np.nan), np.full((3, 3), 256), np.zeros((3, 3, 1)), np.zeros((0, 3))])
def test_pixels_outside_the_contract_are_refused(bad):
    with pytest.raises(ValueError, match=r"pixels must be float32 \(height, width\), 0-255; got"):
        encode_preview(bad.astype(np.float32))


@pytest.mark.parametrize("bad", [np.full((7, 7), np.nan), np.full((7, 7), 1.01), np.full((7, 7), -0.1), np.zeros(49)])
def test_heat_maps_off_the_scale_are_refused(bad):
    with pytest.raises(ValueError, match=r"heat_map must be float32 \(rows, columns\), 0-1; got"):
        radiograph_viewer(synthetic_radiograph(), bad.astype(np.float32), WHOLE, colour_table(), alt="", key="k")


def test_the_same_picture_is_encoded_once_and_one_is_kept(monkeypatch):
    encoded = []
    monkeypatch.setattr(ui.viewer, "encode_preview", lambda pixels: encoded.append(1) or encode_preview(pixels))
    app = AppTest.from_function(_run_page).run()
    app.button[0].click().run()
    assert len(encoded) == 1

    app.checkbox[1].check().run()  # another picture

    assert len(encoded) == 2
    digest, png = app.session_state["_radiograph_preview_viewer"]
    assert len(digest) == 64
    assert (decoded(png) == np.rint(255 - synthetic_radiograph())).all()
    assert not app.exception


def header_sent(monkeypatch, box: Box, heat_map: np.ndarray | None = None) -> dict:
    """The header of what the browser gets for a map over this part."""
    sent = []
    monkeypatch.setattr(ui.viewer, "_component", lambda *, key, data: sent.append((key, data)))
    monkeypatch.setattr(ui.viewer, "_cached_preview", lambda *_: ("digest", b"png"))
    radiograph_viewer(synthetic_radiograph(), heat_map, box, colour_table(), alt="", key="k")
    ((_, data),) = sent
    (length,) = struct.unpack_from("<I", data)
    return json.loads(data[4 : 4 + length])


@pytest.mark.parametrize("number", [float, np.float64])
def test_the_browser_is_told_which_part_the_map_covers(monkeypatch, number):
    edges = [0.1, 0.2, 0.8, 0.6]
    assert header_sent(monkeypatch, Box(*map(number, edges)))["box"] == edges


def test_the_same_map_over_another_part_is_another_overlay_of_the_same_picture(monkeypatch):
    whole, part, again = (header_sent(monkeypatch, box, synthetic_heat_map()) for box in (WHOLE, PART, PART))
    assert whole["overlay"] != part["overlay"] == again["overlay"]
    assert whole["picture"] == part["picture"]


def _run_page():
    from tests.viewer_page import page

    page()


# --- in a real browser ------------------------------------------------------------------------------------------------

SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with served("tests/viewer_page.py", tmp_path_factory.mktemp("server") / "log.txt") as server:
        yield server.url


@pytest.fixture(scope="module")
def window(chromium):
    """A browser window; its tabs share the cache, so Streamlit's own scripts are loaded once."""
    with chromium.new_context(viewport={"width": 1200, "height": 900}) as context:
        yield context


@pytest.fixture
def tab(window, address):
    """An open page with the viewer drawn; `tab.sent` holds the sizes of the WebSocket's frames to the server."""
    tab = window.new_page()
    tab.sent = []
    tab.on("websocket", lambda ws: ws.on("framesent", lambda frame: tab.sent.append(len(frame))))
    tab.goto(address)
    tab.wait_for_selector(READY)
    yield tab
    tab.close()


def press(tab, keys: str) -> None:
    tab.locator(".picture").focus()
    for key in keys.split():
        tab.keyboard.press(key)


def shown(tab, name: str) -> str:
    tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return tab.locator(f"output[data-shows={name}]").inner_text()


@pytest.mark.browser
def test_the_map_lies_where_it_belongs_and_can_be_taken_away(tab):
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
    assert np.abs(red[:, : width // 2]).max() <= 1  # the picture itself is grey


def part_on(canvas: np.ndarray, zoom: float) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the page's part on the canvas, the picture's middle in the canvas's."""
    height, width = canvas.shape[:2]
    scale = min(width / 400, height / 300) * zoom
    x, y = width / 2 - 200 * scale, height / 2 - 150 * scale
    left, top, right, bottom = PART.on(300 * scale, 400 * scale)
    return x + left, y + top, x + right, y + bottom


def difference_with_and_without_map(tab) -> np.ndarray:
    """What the map changes, float64 (height, width, 3) of red, green and blue."""
    with_map = pixels_of(tab)
    press(tab, "m")
    without_map = pixels_of(tab)
    press(tab, "m")
    return (with_map - without_map)[..., :3]


@pytest.mark.browser
@pytest.mark.parametrize(("keys", "zoom"), [("0", 1), ("+ +", 1.5625)])
def test_a_map_of_a_part_colours_all_of_that_part_and_nothing_else(tab, keys, zoom):
    tab.get_by_text("Map of a part").click()
    tab.wait_for_timeout(700)
    press(tab, keys)
    changed = difference_with_and_without_map(tab)
    left, top, right, bottom = part_on(changed, zoom)
    y, x = np.ogrid[: changed.shape[0], : changed.shape[1]]
    inside = (x > left + 3) & (x < right - 3) & (y > top + 3) & (y < bottom - 3)
    outside = (x < left - 3) | (x > right + 3) | (y < top - 3) | (y > bottom + 3)

    red = changed[..., 0] - changed[..., 1]
    assert red[inside].min() > 60
    assert inside.sum() > 5000
    assert outside.sum() > 5000
    assert not changed[outside].any()
    peak = np.unravel_index((red * inside).argmax(), red.shape)[::-1]
    assert peak == pytest.approx((left + 5.5 / 7 * (right - left), top + 1.5 / 7 * (bottom - top)), abs=4)


def dashes(lines: np.ndarray) -> float:
    """How much the most dashed of some lines along the first axis changes from dash to gap, 0-255."""
    return np.abs(lines[4:] - lines[:-4]).mean(axis=0).max()


@pytest.mark.browser
def test_a_dashed_border_is_drawn_around_a_part_and_none_around_the_whole_picture(tab):
    assert not difference_with_and_without_map(tab)[:, :20].any()
    tab.get_by_text("Map of a part").click()
    tab.wait_for_timeout(700)
    blue = difference_with_and_without_map(tab)[..., 2]
    left, top, right, bottom = map(round, part_on(blue, 1))
    down, across = slice(top + 8, bottom - 8), slice(left + 8, right - 8)
    assert min(dashes(blue[down, x - 2 : x + 2]) for x in (left, right)) > 10
    assert min(dashes(blue[y - 2 : y + 2, across].T) for y in (top, bottom)) > 10
    assert dashes(blue[down, left + 8 : left + 16]) < 5


@pytest.mark.browser
def test_the_picture_is_drawn_as_sent(tab):
    press(tab, "m")
    canvas = pixels_of(tab)
    height, width = canvas.shape[:2]
    scale = min(width / 400, height / 300)
    sent = decoded(encode_preview(synthetic_radiograph()))

    for y, x in [(150, 120), (150, 280), (20, 20), (280, 200)]:
        at = round(height / 2 + (y + 0.5 - 150) * scale), round(width / 2 + (x + 0.5 - 200) * scale)
        assert canvas[at][:3] == pytest.approx([sent[y, x]] * 3, abs=3)


@pytest.mark.browser
def test_settings_change_the_picture_without_a_word_to_the_server(tab):
    tab.wait_for_timeout(500)  # what Streamlit itself says after loading
    spoken = len(tab.sent)
    for control, value in [("Heat map opacity", "30"), ("Window (width)", "80"), ("Level (centre)", "90")]:
        before = pixels_of(tab)
        tab.get_by_label(control).fill(value)
        assert np.abs(pixels_of(tab) - before).max() > 10
    press(tab, "+ ArrowLeft ] m 0")
    tab.wait_for_timeout(500)

    assert len(tab.sent) == spoken


@pytest.mark.browser
def test_keys_do_what_the_list_says(tab):
    fresh = pixels_of(tab)
    press(tab, "+ + - w s s d d a [ [ ]")
    assert [shown(tab, name) for name in ("zoom", "window", "level", "opacity")] == ["125 %", "240", "132", "90 %"]

    zoomed = pixels_of(tab)
    press(tab, "ArrowRight")
    assert np.abs(pixels_of(tab) - zoomed).max() > 10

    press(tab, "+ +")  # keys before may have been spoken of already, where the machine was slow
    tab.get_by_role("status").filter(has_text="zoom 195 %").wait_for(state="attached")
    press(tab, "0")
    assert (pixels_of(tab) == fresh).all()
    press(tab, "Control+m")  # the browser's, not ours
    assert tab.locator("[data-map=on]").count() == 1


@pytest.mark.browser
def test_the_view_outlives_reruns_and_ends_with_the_picture(tab):
    press(tab, "+ +")
    tab.get_by_role("button", name="Rerun").click()
    tab.wait_for_timeout(700)
    assert shown(tab, "zoom") == "156 %"

    tab.get_by_text("Away").click()
    tab.wait_for_selector(READY, state="detached")
    tab.get_by_text("Away").click()
    tab.wait_for_selector(READY)
    assert shown(tab, "zoom") == "156 %"

    tab.get_by_text("Other picture").click()
    tab.locator("output[data-shows=zoom]", has_text="100 %").wait_for()


@pytest.mark.browser
def test_without_evidence_there_is_no_map_to_set(tab):
    tab.get_by_text("Without map").click()
    tab.wait_for_selector("[data-map=none]")

    assert tab.get_by_text("No positive evidence to show").is_visible()
    assert tab.get_by_role("button", name="Heat map").is_disabled()
    assert tab.get_by_label("Heat map opacity").is_disabled()
    canvas = pixels_of(tab)
    assert (canvas[..., 0] == canvas[..., 1]).all()


@pytest.mark.browser
def test_mouse_zooms_at_the_pointer_and_leaves_the_page_its_wheel(tab):
    box = tab.locator(".picture").bounding_box()
    x, y = box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.3
    tab.mouse.move(x, y)
    tab.mouse.wheel(0, 60)
    tab.wait_for_function(f"{SCROLLED} > 0")
    assert shown(tab, "zoom") == "100 %"
    tab.evaluate(f"{SCROLLED} = 0")

    press(tab, "m")
    before = pixels_of(tab)
    tab.mouse.click(x, y)
    tab.mouse.wheel(0, -100)
    assert shown(tab, "zoom") == "122 %"
    at = round(y - box["y"]), round(x - box["x"])
    assert pixels_of(tab)[at] == pytest.approx(before[at], abs=4)

    tab.keyboard.down("Shift")
    tab.mouse.down()
    tab.mouse.move(x - 56, y + 20)
    tab.mouse.up()
    tab.keyboard.up("Shift")
    assert [shown(tab, "window"), shown(tab, "level")] == ["200", "148"]
    tab.mouse.dblclick(x, y)
    assert [shown(tab, name) for name in ("zoom", "window", "level")] == ["100 %", "256", "128"]


@pytest.mark.browser
def test_phone_pinches_scrolls_and_overflows_nowhere(chromium, address):
    with chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as context:
        tab = context.new_page()
        tab.goto(address)
        tab.wait_for_selector(READY)
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
        viewer = tab.locator("[data-testid=radiograph-viewer]").bounding_box()
        assert viewer["x"] >= 0
        assert viewer["x"] + viewer["width"] <= 390
        for control in tab.locator(".viewer button, .viewer input, .viewer summary").all():
            assert control.bounding_box()["height"] >= 40

        box = tab.locator(".picture").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        touch(context, tab, [[(x, y)], [(x, y - 40)], [(x, y - 80)], [(x, y - 120)]])
        tab.wait_for_function(f"{SCROLLED} > 50")  # one finger, nothing zoomed: the page's
        tab.wait_for_timeout(500)  # until it has rolled out
        tab.evaluate(f"{SCROLLED} = 0")

        touch(context, tab, [[(x - spread, y), (x + spread, y)] for spread in (30, 45, 60)])
        assert shown(tab, "zoom") == "200 %"
        assert tab.evaluate("visualViewport.scale") == 1  # the picture grew, not the page
        zoomed = pixels_of(tab)
        touch(context, tab, [[(x, y)], [(x, y - 40)]])  # one finger, zoomed: moves the picture
        assert np.abs(pixels_of(tab) - zoomed).max() > 10
        assert tab.evaluate(SCROLLED) == 0


def touch(context, tab, moves: list[list[tuple[float, float]]]) -> None:
    """Put fingers down at the first places, move them through the others, lift them."""
    devtools = context.new_cdp_session(tab)
    for step, places in enumerate(moves):
        points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(places)]
        kind = "touchMove" if step else "touchStart"
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


@pytest.mark.browser
def test_the_map_is_interpolated_as_pillow_does(tab):
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
        [(ROOT / "ui" / "viewer.js").read_text(), heat_map.ravel().tolist(), *heat_map.shape, *size],
    )

    red = np.reshape(drawn, (size[1], size[0], 4))[..., 0]
    assert np.abs(red - expected).max() <= 1
    assert (red == expected).mean() > 0.99
