"""Results of the benchmarks: rows, replaced sections and errors."""

import subprocess
import sys

import pytest

from benchmarks.__main__ import main, with_section
from benchmarks.results import Measurement, median_seconds

DOCUMENT = "# Results\n\nIntroduction.\n\n## Speed: `a`\n\nold\n\n| x |\n\n## Load: `b`\n\nkept\n"


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
def test_row_states_whether_the_ratio_meets_its_target(measurement, row):
    assert measurement.row() == row


def test_section_with_the_same_heading_is_replaced():
    written = with_section(DOCUMENT, "## Speed: `a`", "new")
    assert written == "# Results\n\nIntroduction.\n\n## Speed: `a`\n\nnew\n\n## Load: `b`\n\nkept\n"
    assert with_section(written, "## Speed: `a`", "new") == written


def test_last_section_is_replaced_and_new_section_is_appended():
    written = with_section(DOCUMENT, "## Load: `b`", "new")
    assert written.endswith("## Load: `b`\n\nnew\n")
    assert written.startswith(DOCUMENT.partition("## Load")[0])
    assert with_section("# Results\n", "## New", "text") == "# Results\n\n## New\n\ntext\n"


def test_each_round_runs_every_part_and_warm_up_is_not_measured():
    run = []
    seconds = median_seconds({"a": lambda: run.append("a"), "b": lambda: run.append("b")}, rounds=3, warm_up=2)
    assert run == ["a", "b"] * 5
    assert seconds.keys() == {"a", "b"}


def test_missing_data_set_stops_before_any_measurement(monkeypatch, tmp_path):
    monkeypatch.setenv("CHEST_XRAY_DIR", str(tmp_path / "set"))
    monkeypatch.setattr(sys, "argv", ["benchmarks"])
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("started"))
    with pytest.raises(
        SystemExit, match=r"^The training benchmark needs the data set, which is not at .*set\. Set CHEST_"
    ):
        main()


def test_failed_part_is_an_error(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "reading"])
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1, ""))
    with pytest.raises(SystemExit, match=r"^python -m benchmarks\.reading failed\. Run it alone to see its error"):
        main()
