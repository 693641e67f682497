"""The landing page in a real browser, what tests do with it, and the shell beside it."""

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import TimeoutError as TookTooLong

from tests.support.browser import IDLE, ROOT, watched


@pytest.fixture(name="window", scope="module")
def landing_window(chromium):
    """A browser window; its tabs share the cache, so Streamlit's own scripts are loaded once."""
    with chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light") as context:
        yield context


@pytest.fixture(name="tab")
def landing_tab(window, server):
    """The landing page, opened; what it asked of other computers or complained of fails the test."""
    seen: list[str] = []
    tab = watched(window, seen)
    tab.goto(server.url)
    tab.get_by_test_id("stFileUploader").wait_for()
    tab.wait_for_selector(IDLE)
    yield tab
    tab.close()
    assert seen == []


def downloaded(tab, button: str) -> tuple[str, bytes]:
    """Name and content of what a download button gives."""
    with tab.expect_download() as download:
        tab.get_by_role("button", name=button).press("Enter")  # a mouse misses what moves while something opens above
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def pick(tab, operating_point: str) -> None:
    """Choose an operating point; by keyboard, for a mouse misses what moves while a box opens."""
    tab.get_by_role("radio", name=operating_point).press("Space")


def pick_from(tab, box: str, option: str) -> None:
    """Choose from a box that opens; a box that the page draws anew at that moment closes, and is opened again."""
    wanted = tab.get_by_role("option", name=option)
    for _ in range(20):
        tab.wait_for_selector(IDLE)
        tab.get_by_role("combobox", name=box).press("ArrowDown")
        with contextlib.suppress(TookTooLong):
            return wanted.click(timeout=1500)
    pytest.fail(f"{box} did not stay open")


def all_rows(tab, count: int) -> tuple[str, bytes]:
    """The download of the session's table, which is opened for it."""
    tab.get_by_text(f"Read in this session ({count})").click()
    return downloaded(tab, "All rows as CSV")


def shell(folder: Path, *names: str) -> str:
    """What `python -m model read` prints as CSV of files in this folder, their heat maps checked as the page does."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as maps:
        command = [sys.executable, "-m", "model", "read", *names, "--format", "csv", "--heatmaps", maps]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False).stdout.decode()
