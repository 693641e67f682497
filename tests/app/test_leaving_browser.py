"""Opening another page while a file is read, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.support.browser import READING_MAY_END, READY, open_watched_tab, serve
from tests.support.synthetic import phantom_file
from ui.reading.session_table import TABLE_TITLE

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.mark.parametrize("ends", ["on the other page", "after the return"])
def test_a_file_is_read_although_the_user_opens_another_page_meanwhile(chromium, tmp_path, ends):
    may_end, chest = tmp_path / "may_end", tmp_path / "chest.png"
    chest.write_bytes(phantom_file())
    problems: list[str] = []
    slow_app = serve("tests/support/slow_reading.py", tmp_path / "log.txt", **{READING_MAY_END: str(may_end)})
    with slow_app as server, chromium.new_context() as context:
        tab = open_watched_tab(context, problems)
        tab.goto(server.url)
        tab.locator("input[type=file]").set_input_files(chest)
        tab.get_by_text("Reading the X-ray").wait_for()
        tab.get_by_role("link", name="About").click()
        tab.get_by_role("heading", name="This release").wait_for()
        if ends == "on the other page":
            may_end.touch()
        tab.get_by_role("link", name="Read X-rays").click()
        if ends == "after the return":
            tab.get_by_text("Reading the X-ray").wait_for()
            may_end.touch()
        tab.wait_for_selector(READY)
        tab.get_by_text(TABLE_TITLE.format(count=1)).wait_for()
        expect(tab.get_by_test_id("stMetricValue")).to_have_count(1)
    assert problems == []
