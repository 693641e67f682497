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
    ("line", "pattern"),
    [
        ("time.sleep(0.5)", SLEEP),
        ('child("import time; time.sleep(600)")', SLEEP),
        ("tab.wait_for_timeout(500)", SLEEP),
        ("app.button[0].click()", PICK_BY_POSITION),
        ("app.expander[-1].label", PICK_BY_POSITION),
        ('app.get("html")[0]', PICK_BY_POSITION),
        ('tab.get_by_text("Model").nth(3)', PICK_BY_POSITION),
        ('tab.get_by_text("Model").first.wait_for()', PICK_BY_POSITION),
    ],
)
def test_a_sleep_or_a_pick_by_position_is_found(line, pattern, tmp_path):
    file = tmp_path / "test_page.py"
    file.write_text(f"first = 1\n{line}\n")
    assert matching_lines(file, pattern) == [f"test_page.py:2: {line}"]
