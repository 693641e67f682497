"""The landing page in a real browser, and the command line to compare it with."""

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.support.browser import IDLE, ROOT, open_watched_tab


@pytest.fixture(name="window", scope="module")
def landing_window(chromium):
    """Open a browser window; its tabs share the cache, so that Streamlit's scripts are loaded once."""
    with chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light") as context:
        yield context


@pytest.fixture(name="tab")
def landing_tab(window, server):
    """Open the landing page; requests to other computers and script errors fail the test."""
    problems: list[str] = []
    tab = open_watched_tab(window, problems)
    tab.goto(server.url)
    tab.get_by_test_id("stFileUploader").wait_for()
    tab.wait_for_selector(IDLE)
    yield tab
    tab.close()
    assert problems == []


def download_by(tab, button: str) -> tuple[str, bytes]:
    """Press a download button and return name and content of the file."""
    with tab.expect_download() as download:
        tab.get_by_role("button", name=button).press(
            "Enter"
        )  # a click misses a button that moves while something opens above it
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def select_operating_point(tab, name: str) -> None:
    """Select an operating point; by keyboard, because a click misses a control that moves while a box opens."""
    tab.get_by_role("radio", name=name).press("Space")


def select_option(tab, box: str, option: str) -> None:
    """Select an option of a box. If the page redraws the box at that moment, it closes and is opened again."""
    option_element = tab.get_by_role("option", name=option)
    for _ in range(20):
        tab.wait_for_selector(IDLE)
        tab.get_by_role("combobox", name=box).press("ArrowDown")
        with contextlib.suppress(PlaywrightTimeoutError):
            return option_element.click(timeout=1500)
    pytest.fail(f"{box} did not stay open")


def all_rows(tab, count: int) -> tuple[str, bytes]:
    """Open the session table and return name and content of its download."""
    tab.get_by_text(f"Read in this session ({count})").click()
    return download_by(tab, "All rows as CSV")


def command_line_csv(folder: Path, *names: str) -> str:
    """Return the CSV of `python -m model read` for files in a folder, heat maps checked as on the page."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as maps:
        command = [sys.executable, "-m", "model", "read", *names, "--format", "csv", "--heatmaps", maps]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False).stdout.decode()
