"""The viewer's controls in a real browser: buttons, sliders, keys, mouse and fingers."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.support.browser import READY, pixels_of
from tests.support.viewer import (  # noqa: F401 (fixtures)
    press,
    rerun,
    shown,
    viewer_address,
    viewer_tab,
    viewer_window,
)

SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"


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
    expect(tab.locator("[data-map=on]")).to_have_count(1)


@pytest.mark.browser
def test_the_view_outlives_reruns_and_ends_with_the_picture(tab):
    press(tab, "+ +")
    rerun(tab, tab.get_by_role("button", name="Rerun"))
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

    tab.get_by_text("No positive evidence to show").wait_for()
    expect(tab.get_by_role("button", name="Heat map")).to_be_disabled()
    expect(tab.get_by_label("Heat map opacity")).to_be_disabled()
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
