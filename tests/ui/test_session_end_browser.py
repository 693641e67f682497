"""A tab whose session the server no longer has, in a real browser. This is the behaviour of Streamlit 1.67."""

import pytest
from playwright.sync_api import expect

from tests.support.browser import READY, free_port, serve, upload_file
from tests.support.synthetic import phantom_file
from ui.session_end import SESSION_ENDED_TEXT

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def test_after_a_restart_the_page_says_that_its_session_has_ended_until_the_next_file(chromium, tmp_path):
    chest, port = tmp_path / "chest.png", free_port()
    chest.write_bytes(phantom_file())
    with chromium.new_context() as context:
        tab = context.new_page()
        tab.set_default_timeout(60_000)  # a busy machine is not a failure
        message = tab.get_by_text(SESSION_ENDED_TEXT)
        with serve("serve.py", tmp_path / "first.txt", port=port) as server:
            tab.goto(server.url)
            upload_file(tab, chest, 1)
            tab.wait_for_selector(READY)
            tab.get_by_role("link", name="About").click()
            tab.get_by_role("heading", name="This release").wait_for()
            tab.get_by_role("link", name="Read X-rays").click()
            tab.wait_for_selector(READY)
            expect(message).not_to_be_visible()
        with serve("serve.py", tmp_path / "second.txt", port=port):
            message.wait_for()
            expect(tab.get_by_test_id("stMetricValue")).to_have_count(0)
            expect(tab.get_by_test_id("stFileUploaderFile")).to_have_count(0)
            upload_file(tab, chest, 1)
            tab.wait_for_selector(READY)
            expect(message).not_to_be_visible()
            tab.get_by_role("link", name="About").click()
            tab.get_by_role("heading", name="This release").wait_for()
            expect(message).not_to_be_visible()
