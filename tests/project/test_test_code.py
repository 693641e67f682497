"""Tests and tools wait for conditions, not for a time, and pick elements of a page by key, label or text."""

import re
from pathlib import Path

import pytest

from tests.support.browser import ROOT

MAY_SLEEP = ROOT / "tests" / "support" / "waiting.py"
FILES = sorted({*ROOT.glob("tests/**/*.py"), *ROOT.glob("tools/**/*.py")} - {Path(__file__)})
SLEEP = re.compile(r"\b(sleep|wait_for_timeout)\(")  # also in the code of child processes, which is in strings
PICK_BY_POSITION = re.compile(
    r"""\.(
        (button|button_group|caption|checkbox|dataframe|error|expander|file_uploader|info|markdown|metric|multiselect
        |number_input|radio|selectbox|slider|subheader|table|tabs|text_input|title|toggle|warning)\[-?\d # AppTest
        |get\("[a-z_]+"\)\[-?\d
        |nth\(|(first|last)\b(?!\() # Playwright
    )""",
    re.VERBOSE,
)


def matching_lines(file: Path, pattern: re.Pattern[str]) -> list[str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return [f"{file.name}:{number}: {line}" for number, line in enumerate(lines, 1) if pattern.search(line)]


def test_no_test_sleeps():
    assert [line for file in FILES if file != MAY_SLEEP for line in matching_lines(file, SLEEP)] == []


def test_no_test_picks_an_element_by_its_position():
    assert [line for file in FILES for line in matching_lines(file, PICK_BY_POSITION)] == []


@pytest.mark.parametrize(
    "line",
    [
        "time.sleep(0.5)",
        'child("import time; time.sleep(600)")',
        "tab.wait_for_timeout(500)",
    ],
)
def test_a_sleep_is_found(line, tmp_path):
    assert_found(line, SLEEP, tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "app.button[0].click()",
        "app.expander[-1].label",
        'app.get("html")[0]',
        'tab.get_by_text("Model").nth(3)',
        'tab.get_by_text("Model").first.wait_for()',
    ],
)
def test_a_pick_by_position_is_found(line, tmp_path):
    assert_found(line, PICK_BY_POSITION, tmp_path)


def assert_found(line: str, pattern: re.Pattern[str], folder: Path) -> None:
    file = folder / "test_page.py"
    file.write_text(f"first = 1\n{line}\n")
    assert matching_lines(file, pattern) == [f"test_page.py:2: {line}"]
