"""The landing page in a real browser, and the command line for comparison."""

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.support.browser import IDLE, ROOT, open_watched_tab
from ui.reading.session_table import DOWNLOAD_ALL, TABLE_TITLE


@pytest.fixture(name="window", scope="module")
def landing_window(chromium):
    """Open a browser window. Its tabs share a cache, so Streamlit's scripts are loaded only once."""
    with chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light") as context:
        yield context


@pytest.fixture(name="tab")
def landing_tab(window, server):
    """Open the landing page. Requests to other hosts and script errors fail the test."""
    problems: list[str] = []
    tab = open_watched_tab(window, problems)
    tab.goto(server.url)
    tab.get_by_test_id("stFileUploader").wait_for()
    tab.wait_for_selector(IDLE)
    yield tab
    tab.close()
    assert problems == []


def download_by(tab, button: str) -> tuple[str, bytes]:
    """Press a download button and return the name and content of the file."""
    with tab.expect_download() as download:
        # by keyboard, because a click misses a button that moves while an element opens above it
        tab.get_by_role("button", name=button).press("Enter")
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def select_operating_point(tab, name: str) -> None:
    """Select an operating point by keyboard, because a click misses a control that moves while a box opens."""
    tab.get_by_role("radio", name=name).press("Space")


def select_option(tab, box: str, option: str) -> None:
    """Select an option in a select box. Open the box again if the page redraws it in the meantime."""
    option_element = tab.get_by_role("option", name=option)
    for _ in range(20):
        tab.wait_for_selector(IDLE)
        tab.get_by_role("combobox", name=box).press("ArrowDown")
        with contextlib.suppress(PlaywrightTimeoutError):
            return option_element.click(timeout=1500)
    pytest.fail(f"{box} did not stay open")


def all_rows(tab, count: int) -> tuple[str, bytes]:
    """Open the session table and return the name and content of its download."""
    tab.get_by_text(TABLE_TITLE.format(count=count)).click()
    return download_by(tab, DOWNLOAD_ALL)


def command_line_csv(folder: Path, *names: str) -> str:
    """Return the CSV of `python -m model read` for files in a folder. Heat maps are checked as on the page."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as maps:
        command = [sys.executable, "-m", "model", "read", *names, "--format", "csv", "--heatmaps", maps]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False).stdout.decode()
