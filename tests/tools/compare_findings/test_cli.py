"""Command line: modes, paths, interpreters, report and errors."""

import re
import sys
from pathlib import Path

import pytest

from tests.support.fake_checkout import ADMITTED
from tools.compare_findings.cli import main

pytestmark = pytest.mark.slow


def test_equal_checkouts_are_reported_with_counts(run, capsys):
    assert run() == 0
    assert capsys.readouterr().out.splitlines() == [
        "files: 2",
        "plain: rows 2, read 1, refused 1, verdict normal 1, heat maps 1",
        "read anyway: rows 2, read 1, refused 1, verdict normal 1, heat maps 1",
        "equal",
    ]


def test_each_checkout_reads_twice_with_separate_heat_map_folders(run, before, after, tmp_path):
    run()
    calls = before.calls() + after.calls()
    pattern = rf"read {re.escape(str(tmp_path / 'images'))} --format jsonl --heatmaps (\S+)( --read-anyway)?"
    found = [re.fullmatch(pattern, call) for call in calls]
    assert [bool(match and match[2]) for match in found] == [False, True, False, True]
    assert len({match[1] for match in found if match}) == 4


@pytest.mark.usefixtures("run")
def test_relative_paths_are_resolved_in_the_current_folder(before, after, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["before", "after", "images"]) == 0
    assert all(call.startswith(f"read {tmp_path / 'images'} ") for call in before.calls() + after.calls())


def test_only_the_first_differences_are_shown(run, before, after, capsys):
    before.prepare([ADMITTED | {"path": f"{number}.png"} for number in range(23)])
    after.prepare([ADMITTED | {"path": f"{number}.png", "probability": 0.5} for number in range(23)])
    assert run() == 1
    lines = capsys.readouterr().out.splitlines()
    assert "differences: 23" in lines
    assert sum(line.startswith("  plain: ") for line in lines) == 20
    assert lines[-1] == "  and 3 more"


@pytest.mark.parametrize("status", [1, 2, 4])
def test_error_message_of_a_failed_checkout_is_shown(run, after, capsys, status):
    after.prepare([], status=status, errors="The trained model is missing.\nFetch it.")
    assert run() == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"AFTER (plain) failed with status {status}:\nThe trained model is missing.\nFetch it.\n"


@pytest.mark.parametrize("line", ["Warning: slow disk", "[1]", "\ud800"])
def test_line_that_is_not_a_row_is_an_error(run, before, capsys, line):
    before_rows = before.folder / "plain" / "rows.jsonl"
    before_rows.write_bytes(line.encode("utf-8", "surrogatepass"))
    assert run() == 2
    assert capsys.readouterr().err.startswith("BEFORE printed a line that is not a row: ")


def test_missing_input_files_are_an_error(run, before, after, capsys):
    for checkout in (before, after):
        checkout.prepare([], status=0)
    assert run() == 2
    assert capsys.readouterr().err == "There is nothing to compare: no files were found.\n"


def test_each_checkout_may_have_its_own_interpreter(run, before, after, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("python").symlink_to(sys.executable)
    assert run("--python-before", "./python") == 0
    assert before.interpreter() == str(tmp_path / "python")
    assert after.interpreter() == sys.executable


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--renamed", "old"], "--renamed: old is not OLD=NEW"),
        (["--renamed", "=new"], "--renamed: =new is not OLD=NEW"),
        (["--renamed", "a=c", "b=c"], "--renamed: two codes have the same new name"),
        (["--python-after", "/no/python"], "--python-after: /no/python cannot be run"),
    ],
)
def test_invalid_options_are_reported_before_anything_runs(run, before, capsys, options, message):
    with pytest.raises(SystemExit) as ended:
        run(*options)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
    assert not (before.folder / "calls.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["images", "after", "images"], "BEFORE: images is not a checkout (it has no model/__main__.py)"),
        (["before", "nowhere", "images"], "AFTER: nowhere is not a checkout (it has no model/__main__.py)"),
        (["before", "after", "images", "absent"], "no such file or folder: "),
    ],
)
@pytest.mark.usefixtures("run")
def test_missing_folders_are_reported(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(arguments)
    assert message in capsys.readouterr().err
