"""Controls of the viewer in a real browser: buttons, sliders, keys, mouse and touch."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.support.browser import MAIN, READY, pixels_of
from tests.support.viewer import displayed, press, rerun

SCROLLED = f"{MAIN}.scrollTop"
WATCH_SCROLLING = f"""() => {{
    window.scrollingEnded = new Promise((done) => {MAIN}.addEventListener("scrollend", done, {{ once: true }}));
}}"""


@pytest.mark.browser
def test_settings_change_the_image_without_a_message_to_the_server(tab):
    control = tab.get_by_role("button", name="Rerun")
    rerun(tab, control)  # sends one message, after any earlier ones
    sent_before = len(tab.sent)
    for label, value in [("Heat map opacity", "30"), ("Window (width)", "80"), ("Level (centre)", "90")]:
        before = pixels_of(tab)
        tab.get_by_label(label).fill(value)
        assert np.abs(pixels_of(tab) - before).max() > 10
    press(tab, "+ ArrowLeft ] m 0")

    rerun(tab, control)
    assert len(tab.sent) == sent_before + 1


@pytest.mark.browser
def test_keys_change_the_settings(tab):
    initial = pixels_of(tab)
    press(tab, "+ + - w s s d d a [ [ ]")
    assert [displayed(tab, name) for name in ("zoom", "window", "level", "opacity")] == ["125%", "240", "132", "90%"]

    zoomed = pixels_of(tab)
    press(tab, "ArrowRight")
    assert np.abs(pixels_of(tab) - zoomed).max() > 10

    press(tab, "+ +")  # a slow machine may have announced the earlier keys already
    tab.get_by_role("status").filter(has_text="zoom 195%").wait_for(state="attached")
    press(tab, "0")
    assert (pixels_of(tab) == initial).all()
    press(tab, "Control+m")  # belongs to the browser
    expect(tab.locator("[data-map=on]")).to_have_count(1)


@pytest.mark.browser
def test_the_view_outlives_reruns_and_is_reset_with_another_image(tab):
    press(tab, "+ +")
    rerun(tab, tab.get_by_role("button", name="Rerun"))
    assert displayed(tab, "zoom") == "156%"

    tab.get_by_text("Hidden").click()
    tab.wait_for_selector(READY, state="detached")
    tab.get_by_text("Hidden").click()
    tab.wait_for_selector(READY)
    assert displayed(tab, "zoom") == "156%"

    tab.get_by_text("Other image").click()
    tab.locator("output[data-shows=zoom]", has_text="100%").wait_for()


@pytest.mark.browser
def test_without_evidence_the_map_controls_are_disabled(tab):
    tab.get_by_text("Without map").click()
    tab.wait_for_selector("[data-map=none]")

    tab.get_by_text("No evidence to show").wait_for()
    expect(tab.get_by_role("button", name="Heat map")).to_be_disabled()
    expect(tab.get_by_label("Heat map opacity")).to_be_disabled()
    canvas = pixels_of(tab)
    assert (canvas[..., 0] == canvas[..., 1]).all()


@pytest.mark.browser
def test_the_opacity_map_is_shown_first_and_the_choice_of_another_map_is_sent_and_kept(tab):
    rerun(tab, tab.get_by_text("Two maps"))
    opacity, grad_cam = (tab.get_by_role("button", name=name, exact=True) for name in ("Opacity map", "Grad-CAM"))
    expect(opacity).to_have_attribute("aria-pressed", "true")
    expect(tab.locator(".legend")).to_contain_text("Contour: 40% or more")
    before = pixels_of(tab)

    grad_cam.click()

    tab.get_by_text("Chosen: grad_cam", exact=True).wait_for()
    expect(opacity).to_have_attribute("aria-pressed", "false")
    expect(tab.locator(".legend")).not_to_contain_text("Contour")
    chosen = pixels_of(tab)
    assert np.abs(chosen - before).max() > 10

    tab.get_by_text("Hidden").click()
    tab.wait_for_selector(READY, state="detached")
    rerun(tab, tab.get_by_text("Hidden"))
    expect(grad_cam).to_have_attribute("aria-pressed", "true")
    assert tab.get_by_text("Chosen: grad_cam", exact=True).is_visible()

    press(tab, "g")
    tab.get_by_text("Chosen: opacity_map", exact=True).wait_for()
    tab.get_by_role("status").filter(has_text="map shown: Opacity map").wait_for(state="attached")
    assert (pixels_of(tab) == before).all()


@pytest.mark.browser
def test_a_single_map_cannot_be_switched(tab):
    expect(tab.get_by_role("group", name="Map shown")).to_have_count(0)
    press(tab, "g")
    expect(tab.locator("[data-map=on]")).to_have_count(1)


@pytest.mark.browser
def test_the_wheel_zooms_only_while_the_image_has_the_focus(tab):
    box = tab.locator("canvas.radiograph").bounding_box()
    x, y = box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.3
    tab.mouse.move(x, y)
    tab.mouse.wheel(0, 60)
    tab.wait_for_function(f"{SCROLLED} > 0")
    assert displayed(tab, "zoom") == "100%"
    tab.evaluate(f"{SCROLLED} = 0")

    press(tab, "m")
    before = pixels_of(tab)
    box = tab.locator("canvas.radiograph").bounding_box()  # the focus may have scrolled the page
    y = box["y"] + box["height"] * 0.3
    tab.mouse.click(x, y)
    tab.mouse.wheel(0, -100)
    assert displayed(tab, "zoom") == "122%"
    pixel = round(y - box["y"]), round(x - box["x"])
    assert pixels_of(tab)[pixel] == pytest.approx(before[pixel], abs=4)

    tab.keyboard.down("Shift")
    tab.mouse.down()
    tab.mouse.move(x - 56, y + 20)
    tab.mouse.up()
    tab.keyboard.up("Shift")
    assert [displayed(tab, "window"), displayed(tab, "level")] == ["200", "148"]
    tab.mouse.dblclick(x, y)
    assert [displayed(tab, name) for name in ("zoom", "window", "level")] == ["100%", "256", "128"]


@pytest.mark.browser
def test_a_phone_pinches_and_scrolls_without_overflow(chromium, address):
    with chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as context:
        tab = context.new_page()
        tab.goto(address)
        tab.wait_for_selector(READY)
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
        viewer = tab.locator("[data-testid=radiograph-viewer]").bounding_box()
        assert viewer["x"] >= 0
        assert viewer["x"] + viewer["width"] <= 390
        for further_controls in ("Two maps", "Boxes of a reader"):
            rerun(tab, tab.get_by_text(further_controls))
        for control in tab.locator(".viewer button, .viewer input, .viewer summary").all():
            assert control.bounding_box()["height"] >= 40

        box = tab.locator("canvas.radiograph").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        tab.evaluate(WATCH_SCROLLING)
        touch(context, tab, [[(x, y)], [(x, y - 40)], [(x, y - 80)], [(x, y - 120)]])
        tab.evaluate("() => window.scrollingEnded")
        assert tab.evaluate(SCROLLED) > 50  # one finger without zoom scrolls the page
        tab.evaluate(f"{SCROLLED} = 0")

        touch(context, tab, [[(x - spread, y), (x + spread, y)] for spread in (30, 45, 60)])
        assert displayed(tab, "zoom") == "200%"
        assert tab.evaluate("visualViewport.scale") == 1  # the image is enlarged, not the page
        zoomed = pixels_of(tab)
        touch(context, tab, [[(x, y)], [(x, y - 40)]])  # one finger with zoom moves the image
        assert np.abs(pixels_of(tab) - zoomed).max() > 10
        assert tab.evaluate(SCROLLED) == 0


def touch(context, tab, moves: list[list[tuple[float, float]]]) -> None:
    """Put fingers down at the first positions, move them through the others, and lift them."""
    devtools = context.new_cdp_session(tab)
    for step, positions in enumerate(moves):
        points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(positions)]
        kind = "touchMove" if step else "touchStart"
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
