"""The app in a real browser, compared with the command line."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from model.codes import Population
from model.explanation.heatmap import RESEARCH_NOTICE
from model.imaging.decode import decode
from model.messages import MessageCode
from tests.support.browser import CHART, MAIN, OVERFLOW, READY, open_watched_tab, pixels_of, upload_file
from tests.support.hostile_files import reason
from tests.support.landing_page import all_rows, command_line_csv, download_by, select_operating_point
from tests.support.synthetic import phantom_file
from ui.formatting import percent
from ui.reading.finding_panel import DOWNLOAD_HEAT_MAP, DOWNLOAD_RESULT, PROBABILITY_LABEL
from ui.reading.session_table import TABLE_TITLE
from ui.settings import PREVALENCE_LABELS, SETTINGS_TITLE
from ui.verdicts import VERDICT_NAMES

pytestmark = pytest.mark.slow


def phantom_path(folder: Path, name: str = "Doe_Ann.png") -> Path:
    (folder / name).write_bytes(phantom_file())
    return folder / name


def letter_path(folder: Path) -> Path:
    (folder / "letter.png").write_text("Dear colleague,")
    return folder / "letter.png"


@pytest.mark.browser
def test_page_and_download_match_the_command_line(tab, tmp_path):
    upload_file(tab, phantom_path(tmp_path), 1)
    tab.wait_for_selector(READY)
    expected = command_line_csv(tmp_path, "Doe_Ann.png")
    columns, values = (line.split(",") for line in expected.splitlines())
    row = dict(zip(columns, values, strict=True))

    assert row["status"] == "read"
    verdict = VERDICT_NAMES[row["verdict"]]
    heading = tab.get_by_role("heading", level=3).inner_text()
    assert heading.endswith(verdict)
    assert tab.get_by_test_id("stMetricValue").inner_text() == percent(float(row["probability"]))
    expect(tab.get_by_text(f"Model {row['model_version']}.")).not_to_have_count(0)
    assert verdict in tab.locator("canvas.radiograph").get_attribute("aria-label")
    assert download_by(tab, DOWNLOAD_RESULT) == ("Doe_Ann_finding.csv", expected.encode())


@pytest.mark.browser
def test_the_heat_map_can_be_hidden_and_downloaded(tab, tmp_path):
    upload_file(tab, phantom_path(tmp_path), 1)
    tab.wait_for_selector(READY)
    name, overlay = download_by(tab, DOWNLOAD_HEAT_MAP)
    image = Image.open(io.BytesIO(overlay))
    has_evidence = np.ptp(np.asarray(image.convert("RGB")).astype(int), axis=2).any()

    if has_evidence:
        before = pixels_of(tab)
        tab.get_by_role("button", name="Heat map", exact=True).click()
        without_map = pixels_of(tab)
        assert np.abs(without_map - before).max() > 2
        assert np.ptp(without_map[..., :3], axis=2).max() == 0
    else:
        tab.get_by_text("No evidence to show").wait_for()
        assert tab.get_by_role("button", name="Heat map", exact=True).is_disabled()
    assert name == "Doe_Ann_heatmap.png"
    assert image.size == (400, 300)
    assert image.text["Comment"] == RESEARCH_NOTICE
    assert decode(overlay).pixels.shape == (300, 400)  # a complete file


@pytest.mark.browser
def test_a_file_that_is_not_an_image_is_refused_and_the_session_continues(tab, server, tmp_path):
    upload_file(tab, phantom_path(tmp_path), 1)
    upload_file(tab, letter_path(tmp_path), 2)

    refusal = tab.get_by_test_id("stAlert").inner_text()
    assert f"Not read. {reason(MessageCode.OTHER_FORMAT, file_format='unknown')}" in refusal
    expect(tab.get_by_test_id("stMetricValue")).to_have_count(0)
    expect(tab.locator("canvas.radiograph")).to_have_count(0)
    name, rows = all_rows(tab, 2)
    assert name == "findings.csv"
    assert rows.decode() == command_line_csv(tmp_path, "letter.png", "Doe_Ann.png")  # newest first

    upload_file(tab, phantom_path(tmp_path, "again.png"), 3)
    tab.wait_for_selector(READY)
    expect(tab.get_by_test_id("stAlert").filter(has_text="Not read")).to_have_count(0)
    log = server.log.read_text()
    assert not [name for name in ("Doe", "letter", "again") if name in log]


@pytest.mark.browser
def test_a_finding_is_kept_during_a_visit_to_another_page(tab, tmp_path):
    upload_file(tab, phantom_path(tmp_path), 1)
    tab.wait_for_selector(READY)
    probability = tab.get_by_test_id("stMetricValue").inner_text()
    tab.get_by_role("link", name="About").click()
    tab.get_by_role("heading", name="This release").wait_for()
    tab.get_by_role("link", name="Read X-rays").click()

    tab.wait_for_selector(READY)
    assert tab.get_by_test_id("stMetricValue").inner_text() == probability
    tab.get_by_text(TABLE_TITLE.format(count=1)).wait_for()


@pytest.mark.browser
def test_operating_point_and_prevalence_apply_to_all_pages(tab, tmp_path):
    upload_file(tab, phantom_path(tmp_path), 1)
    tab.wait_for_selector(READY)
    tab.get_by_text(SETTINGS_TITLE).click()
    select_operating_point(tab, "rule-out")
    tab.get_by_text("(rule-out). Assumed").wait_for()
    prevalence = tab.get_by_role("spinbutton", name=PREVALENCE_LABELS[Population.CHILDREN])
    prevalence.fill("20")
    prevalence.press("Enter")
    tab.get_by_text(PROBABILITY_LABEL.format(prevalence="20%")).wait_for()

    tab.get_by_role("link", name="Model performance").click()
    tab.get_by_text("Of 1,000 patients, 200 have pneumonia").wait_for()
    expect(tab.get_by_role("radio", name="rule-out")).to_be_checked()
    select_operating_point(tab, "rule-in")
    tab.get_by_text("rule-in (selected)").wait_for()
    tab.get_by_role("link", name="Read X-rays").click()

    tab.get_by_text("(rule-in). Assumed").wait_for()
    tab.get_by_text(PROBABILITY_LABEL.format(prevalence="20%")).wait_for()
    _, row = download_by(tab, DOWNLOAD_RESULT)
    assert row.decode().splitlines()[1].endswith(",0.2,children")
    assert ",rule-in," in row.decode()


@pytest.mark.browser
def test_a_page_opened_by_its_url_has_menu_and_notice(window, server):
    problems: list[str] = []
    tab = open_watched_tab(window, problems)
    tab.goto(f"{server.url}/About")
    tab.get_by_role("heading", name="This release").wait_for()

    assert tab.get_by_role("heading", level=1).inner_text() == "About"
    tab.get_by_role("link", name="Read X-rays").wait_for()
    tab.get_by_role("link", name="About").wait_for()
    assert RESEARCH_NOTICE in tab.get_by_role("note").inner_text()
    tab.get_by_role("note").wait_for()
    tab.close()
    assert problems == []


@pytest.mark.browser
def test_on_a_phone_nothing_overflows_or_is_hidden_by_the_notice(chromium, server, tmp_path):
    problems: list[str] = []
    with chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as context:
        tab = open_watched_tab(context, problems)
        tab.goto(server.url)
        tab.get_by_test_id("stFileUploader").wait_for()
        upload_file(tab, phantom_path(tmp_path), 1)
        tab.wait_for_selector(READY)
        assert tab.evaluate(OVERFLOW) <= 0
        notice = tab.get_by_role("note").bounding_box()
        assert notice["y"] + notice["height"] == pytest.approx(844, abs=1)
        tab.evaluate(f"{MAIN}.scrollTop = {MAIN}.scrollHeight")
        last = tab.get_by_text(TABLE_TITLE.format(count=1)).bounding_box()
        assert last["y"] + last["height"] <= notice["y"]

        tab.goto(f"{server.url}/About")
        tab.get_by_role("heading", name="This release").wait_for()
        expect(tab.get_by_test_id("stTable")).to_have_count(3)
        assert tab.evaluate(OVERFLOW) <= 0

        tab.goto(f"{server.url}/Model_performance")
        tab.get_by_role("heading", name="Training", exact=True).wait_for()
        expect(tab.locator(CHART)).to_have_count(9)
        assert tab.evaluate(OVERFLOW) <= 0
    assert problems == []


@pytest.mark.browser
def test_the_uploader_can_be_opened_by_keyboard(tab):
    # Registered early, because Playwright takes a while before it intercepts the dialog.
    tab.on("filechooser", lambda _: None)
    tab.get_by_role("button", name="Upload", exact=True).wait_for()
    for _ in range(15):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.closest('[data-testid=stFileUploader] section') !== null"):
            break
    else:
        pytest.fail("pressing Tab 15 times did not focus the uploader")
    with tab.expect_file_chooser():
        tab.keyboard.press("Enter")
