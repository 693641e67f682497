"""The whole program as a clinician has it: the server as `make run` starts it, a real browser, the shell beside it."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from model.imaging.decode import decode
from tests.support.browser import MAIN, OVERFLOW, READY, choose, pixels_of, watched
from tests.support.landing_page import all_rows, downloaded, landing_tab, landing_window, pick, shell  # noqa: F401 (fixtures)
from tests.support.synthetic import phantom_file
from ui.formatting import percent

WORDS = {
    "NORMAL": "No sign of pneumonia found",
    "PNEUMONIA": "Signs of pneumonia",
    "INDETERMINATE": "Indeterminate: refer to a radiologist",
}
NOTICE = "Research use only, not a medical device."


def film(folder: Path, name: str = "Doe_Ann.png") -> Path:
    (folder / name).write_bytes(phantom_file())
    return folder / name


def letter(folder: Path) -> Path:
    (folder / "letter.png").write_text("Dear colleague,")
    return folder / "letter.png"


@pytest.mark.browser
def test_what_is_seen_and_downloaded_is_what_the_shell_says(tab, tmp_path):
    choose(tab, film(tmp_path), 1)
    tab.wait_for_selector(READY)
    expected = shell(tmp_path, "Doe_Ann.png")
    columns, values = (line.split(",") for line in expected.splitlines())
    row = dict(zip(columns, values, strict=True))

    assert row["status"] == "read"
    heading = tab.get_by_role("heading", level=3).inner_text()
    assert heading.endswith(WORDS[row["verdict"]])
    assert tab.get_by_test_id("stMetricValue").inner_text() == percent(float(row["probability"]))
    tab.get_by_text(f"Model {row['model_version']}.").first.wait_for()
    assert WORDS[row["verdict"]] in tab.locator("canvas.picture").get_attribute("aria-label")
    assert downloaded(tab, "Row as CSV") == ("Doe_Ann_finding.csv", expected.encode())


@pytest.mark.browser
def test_the_heat_map_is_shown_taken_away_and_downloaded(tab, tmp_path):
    choose(tab, film(tmp_path), 1)
    tab.wait_for_selector(READY)
    name, overlay = downloaded(tab, "Overlay as PNG")
    image = Image.open(io.BytesIO(overlay))
    coloured = np.ptp(np.asarray(image.convert("RGB")).astype(int), axis=2).any()

    if coloured:
        before = pixels_of(tab)
        tab.get_by_role("button", name="Heat map").click()
        without = pixels_of(tab)
        assert np.abs(without - before).max() > 2
        assert np.ptp(without[..., :3], axis=2).max() == 0
    else:
        tab.get_by_text("No positive evidence to show").wait_for()
        assert tab.get_by_role("button", name="Heat map").is_disabled()
    assert name == "Doe_Ann_heatmap.png"
    assert image.size == (400, 300)
    assert image.text["Comment"] == NOTICE
    assert decode(overlay).pixels.shape == (300, 400)  # a whole and sound file


@pytest.mark.browser
def test_a_file_that_is_no_picture_is_refused_and_the_session_goes_on(tab, server, tmp_path):
    choose(tab, film(tmp_path), 1)
    choose(tab, letter(tmp_path), 2)

    refusal = tab.get_by_test_id("stAlert").inner_text()
    assert "Not read. This is another kind of file, which is not read." in refusal
    assert "Please export the radiograph as a PNG or JPEG picture and choose that file." in refusal
    expect(tab.get_by_test_id("stMetricValue")).to_have_count(0)
    expect(tab.locator("canvas.picture")).to_have_count(0)
    name, rows = all_rows(tab, 2)
    assert name == "findings.csv"
    assert rows.decode() == shell(tmp_path, "letter.png", "Doe_Ann.png")  # the newest first

    choose(tab, film(tmp_path, "again.png"), 3)
    tab.wait_for_selector(READY)
    expect(tab.get_by_test_id("stAlert").filter(has_text="Not read")).to_have_count(0)
    log = server.log.read_text()
    assert not [name for name in ("Doe", "letter", "again") if name in log]


@pytest.mark.browser
def test_a_reading_outlives_a_look_at_another_page(tab, tmp_path):
    choose(tab, film(tmp_path), 1)
    tab.wait_for_selector(READY)
    probability = tab.get_by_test_id("stMetricValue").inner_text()
    tab.get_by_role("link", name="About the reader").click()
    tab.get_by_role("heading", name="This release").wait_for()
    tab.get_by_role("link", name="Read a radiograph").click()

    tab.wait_for_selector(READY)
    assert tab.get_by_test_id("stMetricValue").inner_text() == probability
    tab.get_by_text("Read in this session (1)").wait_for()


@pytest.mark.browser
def test_operating_point_and_prevalence_chosen_on_one_page_hold_on_the_others(tab, tmp_path):
    choose(tab, film(tmp_path), 1)
    tab.wait_for_selector(READY)
    tab.get_by_text("Operating point and prevalence").click()
    pick(tab, "rule-out")
    tab.get_by_text("Operating point: rule-out").wait_for()
    prevalence = tab.get_by_role("spinbutton", name="Prevalence: of 100 children")
    prevalence.fill("20")
    prevalence.press("Enter")
    tab.get_by_text("at a prevalence of 20 %").wait_for()

    tab.get_by_role("link", name="Model performance").click()
    tab.get_by_text("Of 1,000 children, 200 have pneumonia").wait_for()
    expect(tab.get_by_role("radio", name="rule-out")).to_be_checked()
    pick(tab, "rule-in")
    tab.get_by_text("rule-in (chosen)").wait_for()
    tab.get_by_role("link", name="Read a radiograph").click()

    tab.get_by_text("Operating point: rule-in").wait_for()
    tab.get_by_text("at a prevalence of 20 %").wait_for()
    _, row = downloaded(tab, "Row as CSV")
    assert row.decode().splitlines()[1].endswith(",0.2")
    assert ",rule-in," in row.decode()


@pytest.mark.browser
def test_a_page_opened_by_its_address_has_menu_and_notice(window, server):
    seen: list[str] = []
    tab = watched(window, seen)
    tab.goto(f"{server.url}/About")
    tab.get_by_role("heading", name="This release").wait_for()

    assert tab.get_by_role("heading", level=1).inner_text() == "About the reader"
    tab.get_by_role("link", name="Read a radiograph").wait_for()
    tab.get_by_role("link", name="About the reader").wait_for()
    assert NOTICE in tab.get_by_role("note").inner_text()
    tab.get_by_role("note").wait_for()
    tab.close()
    assert seen == []


@pytest.mark.browser
def test_a_phone_shows_the_pages_without_sideways_scrolling_and_hides_nothing_under_the_notice(
    chromium, server, tmp_path
):
    seen: list[str] = []
    with chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as context:
        tab = watched(context, seen)
        tab.goto(server.url)
        tab.get_by_test_id("stFileUploader").wait_for()
        choose(tab, film(tmp_path), 1)
        tab.wait_for_selector(READY)
        assert tab.evaluate(OVERFLOW) <= 0
        notice = tab.get_by_role("note").bounding_box()
        assert notice["y"] + notice["height"] == pytest.approx(844, abs=1)
        tab.evaluate(f"{MAIN}.scrollTop = {MAIN}.scrollHeight")
        last = tab.get_by_text("Read in this session (1)").bounding_box()
        assert last["y"] + last["height"] <= notice["y"]

        tab.goto(f"{server.url}/About")
        tab.get_by_role("heading", name="This release").wait_for()
        tab.get_by_test_id("stTable").nth(1).wait_for()
        assert tab.evaluate(OVERFLOW) <= 0

        tab.goto(f"{server.url}/Model_performance")
        tab.get_by_role("heading", name="How it was trained").wait_for()
        tab.locator("canvas, svg.marks").nth(8).wait_for()
        assert tab.evaluate(OVERFLOW) <= 0
    assert seen == []


@pytest.mark.browser
def test_the_uploader_is_reached_and_opened_by_keyboard(tab):
    opened = []
    # Asked for early: it takes Playwright a while until it catches the dialog.
    tab.on("filechooser", lambda chooser: opened.append(chooser))
    tab.get_by_role("button", name="Upload", exact=True).wait_for()
    for _ in range(15):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.closest('[data-testid=stFileUploader] section') !== null"):
            break
    else:
        pytest.fail("15 times Tab did not lead to the uploader")
    tab.keyboard.press("Enter")
    for _ in range(100):
        if opened:
            break
        tab.wait_for_timeout(100)
    assert len(opened) == 1
