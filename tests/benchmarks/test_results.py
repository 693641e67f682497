"""Results of the benchmarks: rows, replacement of a section, and errors."""

import subprocess
import sys

import pytest

from benchmarks.__main__ import main, with_section
from benchmarks.results import Measurement, median_seconds

DOCUMENT = "# Figures\n\nOf this.\n\n## Speed: `a`\n\nold\n\n| x |\n\n## Load: `b`\n\nkept\n"


@pytest.mark.parametrize(
    ("measurement", "row"),
    [
        (Measurement("a / b", 1.234, 1.5, parts="a 3 ms"), "| a / b | 1.23 | at most 1.5 | yes | a 3 ms |"),
        (Measurement("a / b", 1.6, 1.5), "| a / b | 1.60 | at most 1.5 | **no** |  |"),
        (Measurement("a / b", 30.0, 30, is_minimum=True), "| a / b | 30.00 | at least 30 | yes |  |"),
        (Measurement("a / b", 29.9, 30, is_minimum=True), "| a / b | 29.90 | at least 30 | **no** |  |"),
        (Measurement("a / b", 2.0), "| a / b | 2.00 |  |  |  |"),
    ],
)
def test_a_row_says_whether_the_ratio_meets_its_target(measurement, row):
    assert measurement.row() == row


def test_a_section_replaces_the_one_with_its_heading():
    written = with_section(DOCUMENT, "## Speed: `a`", "new")
    assert written == "# Figures\n\nOf this.\n\n## Speed: `a`\n\nnew\n\n## Load: `b`\n\nkept\n"
    assert with_section(written, "## Speed: `a`", "new") == written


def test_the_last_section_is_replaced_and_a_new_one_is_appended():
    written = with_section(DOCUMENT, "## Load: `b`", "new")
    assert written.endswith("## Load: `b`\n\nnew\n")
    assert written.startswith(DOCUMENT.partition("## Load")[0])
    assert with_section("# Figures\n", "## New", "text") == "# Figures\n\n## New\n\ntext\n"


def test_each_round_runs_every_part_and_warm_up_rounds_do_not_count():
    run = []
    seconds = median_seconds({"a": lambda: run.append("a"), "b": lambda: run.append("b")}, rounds=3, warm_up=2)
    assert run == ["a", "b"] * 5
    assert seconds.keys() == {"a", "b"}


def test_without_the_data_set_nothing_is_measured(monkeypatch, tmp_path):
    monkeypatch.setenv("CHEST_XRAY_DIR", str(tmp_path / "set"))
    monkeypatch.setattr(sys, "argv", ["benchmarks"])
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("started"))
    with pytest.raises(SystemExit, match=r"^There is no data set at .*set, which training is measured on\. Set CHEST_"):
        main()


def test_a_part_that_fails_gives_an_error_message(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "reading"])
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1, ""))
    with pytest.raises(SystemExit, match=r"^python -m benchmarks.reading failed; run it alone to see why"):
        main()
