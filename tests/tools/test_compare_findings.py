"""The comparison of two checkouts, with checkouts that print prepared rows and copy prepared heat maps."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tools import compare_findings

PROGRAM = """
import pathlib, shutil, sys

root = pathlib.Path.cwd()
mode = "anyway" if "--read-anyway" in sys.argv else "plain"
with (root / "calls.txt").open("a", encoding="utf-8") as calls:
    print(*sys.argv[1:], file=calls)
(root / "python.txt").write_text(sys.executable)
shutil.copytree(root / mode / "maps", sys.argv[sys.argv.index("--heatmaps") + 1], dirs_exist_ok=True)
sys.stdout.buffer.write((root / mode / "rows.jsonl").read_bytes())
print((root / mode / "errors.txt").read_text(), file=sys.stderr)
sys.exit(int((root / mode / "status.txt").read_text()))
"""
READ: dict[str, Any] = {
    "path": "a.png",
    "status": "read",
    "probability": 0.1,
    "verdict": "normal",
    "reason_code": "",
    "reason": "",
    "cautions": ["low_quality", "unfamiliar"],
    "read_anyway": False,
}
REFUSED: dict[str, Any] = READ | {
    "path": "b.png",
    "status": "refused",
    "probability": None,
    "verdict": "",
    "reason_code": "several_pictures",
    "reason": "It holds two pictures.",
    "cautions": [],
}
ROWS = [READ, REFUSED]
Run = Callable[..., int]


class FakeCheckout:
    """A checkout whose command line answers as prepared."""

    def __init__(self, folder: Path):
        self.folder = folder
        (folder / "model").mkdir(parents=True)
        (folder / "model" / "__main__.py").write_text(PROGRAM)
        for mode in ("plain", "anyway"):
            (folder / mode / "maps").mkdir(parents=True)
            self.prepare(ROWS, mode)
            self.write_array("a.npy", np.zeros((2, 3), np.float32), mode)
            self.write_image("a.png", Image.new("RGB", (3, 2), (1, 2, 3)), mode)

    def prepare(self, rows: list[dict[str, Any]], mode: str = "plain", status: int = 3, errors: str = "") -> None:
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (self.folder / mode / "rows.jsonl").write_text(lines, encoding="utf-8")
        (self.folder / mode / "status.txt").write_text(str(status))
        (self.folder / mode / "errors.txt").write_text(errors)

    def map_path(self, name: str, mode: str = "plain") -> Path:
        return self.folder / mode / "maps" / name

    def write_array(self, name: str, array: np.ndarray, mode: str = "plain") -> None:
        np.save(self.map_path(name, mode), array)

    def write_image(self, name: str, image: Image.Image, mode: str = "plain", **options: int) -> None:
        image.save(self.map_path(name, mode), **options)

    def interpreter(self) -> str:
        return (self.folder / "python.txt").read_text()

    def calls(self) -> list[str]:
        return (self.folder / "calls.txt").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def before(tmp_path) -> FakeCheckout:
    return FakeCheckout(tmp_path / "before")


@pytest.fixture
def after(tmp_path) -> FakeCheckout:
    return FakeCheckout(tmp_path / "after")


@pytest.fixture
def run(before, after, tmp_path) -> Run:
    """Compare the two checkouts; returns the exit status."""
    (tmp_path / "images").mkdir()

    def compare(*options: str) -> int:
        paths = [before.folder, after.folder, tmp_path / "images"]
        return compare_findings.main([*map(str, paths), *options])

    return compare


def differences(capsys) -> list[str]:
    """The differences that were reported."""
    return [line.strip() for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]


def test_equal_checkouts_are_reported_with_counts(run, capsys):
    assert run() == 0
    assert capsys.readouterr().out.splitlines() == [
        "files: 2",
        "plain: rows 2, read 1, refused 1, verdict normal 1, heat maps 1",
        "read anyway: rows 2, read 1, refused 1, verdict normal 1, heat maps 1",
        "equal",
    ]


def test_each_checkout_reads_twice_with_heat_maps_in_a_folder_of_their_own(run, before, after, tmp_path):
    run()
    calls = before.calls() + after.calls()
    pattern = rf"read {re.escape(str(tmp_path / 'images'))} --format jsonl --heatmaps (\S+)( --read-anyway)?"
    found = [re.fullmatch(pattern, call) for call in calls]
    assert [bool(match and match[2]) for match in found] == [False, True, False, True]
    assert len({match[1] for match in found if match}) == 4


@pytest.mark.usefixtures("run")
def test_relative_paths_are_those_of_the_caller(before, after, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert compare_findings.main(["before", "after", "images"]) == 0
    assert all(call.startswith(f"read {tmp_path / 'images'} ") for call in before.calls() + after.calls())


@pytest.mark.parametrize(
    ("column", "expected", "actual"),
    [
        ("probability", 0.1, 0.10000000000000002),
        ("probability", 1, 1.0),
        ("probability", float("nan"), 0.5),
        ("verdict", "normal", "pneumonia"),
        ("reason", "Turn it.", "Rotate it."),
        ("cautions", ["low_quality", "unfamiliar"], ["unfamiliar", "low_quality"]),
        ("read_anyway", False, 0),
    ],
)
def test_any_other_value_is_a_difference(run, before, after, capsys, column, expected, actual):
    before.prepare([READ | {column: expected}, REFUSED])
    after.prepare([READ | {column: actual}, REFUSED])
    assert run() == 1
    shown = f"{json.dumps(expected)} in BEFORE, {json.dumps(actual)} in AFTER"
    assert differences(capsys) == [f"plain: a.png: {column}: {shown}"]


def test_no_number_equals_no_number(run, before, after):
    for checkout in (before, after):
        checkout.prepare([READ | {"probability": float("nan")}, REFUSED])
    assert run() == 0


def test_the_second_mode_is_compared_as_well(run, after, capsys):
    after.prepare([READ, REFUSED | {"read_anyway": True}], "anyway")
    assert run() == 1
    assert differences(capsys) == ["read anyway: b.png: read_anyway: false in BEFORE, true in AFTER"]


def test_columns_behind_the_known_ones_are_allowed(run, after):
    after.prepare([row | {"site": "x"} for row in ROWS])
    assert run() == 0


@pytest.mark.parametrize(
    "columns",
    [
        [column for column in READ if column != "cautions"],
        [*list(READ)[1:], "path"],
        ["site", *READ],
    ],
    ids=["removed", "reordered", "inserted"],
)
def test_other_columns_are_one_difference_for_all_rows(run, after, capsys, columns):
    after.prepare([{column: row.get(column, "") for column in columns} for row in ROWS])
    assert run() == 1
    assert differences(capsys) == [f"plain: columns: {', '.join(READ)} in BEFORE, {', '.join(columns)} in AFTER"]


def test_renamed_codes_are_equal_alone_and_in_lists(run, after):
    renamed_caution = READ | {"cautions": ["low_quality", "out_of_distribution"]}
    after.prepare([renamed_caution, REFUSED | {"reason_code": "multi_frame"}])
    after.prepare([renamed_caution, REFUSED | {"reason_code": "multi_frame"}], "anyway")
    assert run() == 1
    assert run("--renamed", "unfamiliar=out_of_distribution", "several_pictures=multi_frame") == 0


def test_a_code_that_keeps_its_old_name_is_a_difference(run, capsys):
    assert run("--renamed", "several_pictures=multi_frame") == 1
    shown = 'b.png: reason_code: "several_pictures" in BEFORE, "several_pictures" in AFTER (expected "multi_frame")'
    assert differences(capsys) == [f"plain: {shown}", f"read anyway: {shown}"]


def test_renamed_codes_do_not_excuse_other_columns(run, before, after, capsys):
    before.prepare([READ | {"reason": "old"}, REFUSED])
    after.prepare([READ | {"reason": "new"}, REFUSED])
    assert run("--renamed", "old=new") == 1
    assert differences(capsys) == ['plain: a.png: reason: "old" in BEFORE, "new" in AFTER']


def test_a_new_name_that_was_in_use_is_a_difference(run, after, capsys):
    for mode in ("plain", "anyway"):
        after.prepare([READ | {"cautions": ["low_quality", "low_quality"]}, REFUSED], mode)
    assert run("--renamed", "unfamiliar=low_quality") == 1
    message = "renamed code unfamiliar=low_quality: BEFORE uses low_quality as well"
    assert differences(capsys) == [f"plain: {message}", f"read anyway: {message}"]


def test_two_codes_may_swap_their_names(run, after):
    for mode in ("plain", "anyway"):
        after.prepare([READ | {"cautions": ["unfamiliar", "low_quality"]}, REFUSED], mode)
    assert run("--renamed", "unfamiliar=low_quality", "low_quality=unfamiliar") == 0


def test_sentences_may_differ_when_asked_for(run, after):
    after.prepare([READ, REFUSED | {"reason": "It holds several images."}])
    assert run("--ignore-sentences") == 0


def test_rows_of_other_files_are_differences(run, after, capsys):
    after.prepare([READ | {"probability": 0.2}, REFUSED | {"path": "c.png"}])
    assert run() == 1
    assert differences(capsys) == [
        "plain: b.png: no row in AFTER",
        "plain: c.png: no row in BEFORE",
        "plain: a.png: probability: 0.1 in BEFORE, 0.2 in AFTER",
    ]


def test_a_repeated_row_is_a_difference(run, after, capsys):
    after.prepare([READ, REFUSED, REFUSED])
    assert run() == 1
    assert differences(capsys) == ["plain: b.png: no row in BEFORE"]


def test_rows_in_another_order_are_a_difference(run, after, capsys):
    after.prepare([REFUSED, READ])
    assert run() == 1
    assert differences(capsys) == ["plain: the rows are in another order"]


def test_another_exit_status_is_a_difference(run, after, capsys):
    after.prepare(ROWS, status=0)
    assert run() == 1
    assert differences(capsys) == ["plain: exit status: 3 in BEFORE, 0 in AFTER"]


def test_a_row_may_hold_separators_of_lines(run, before, after):
    for checkout in (before, after):
        checkout.prepare([READ | {"reason": "one\u2028two\x85three"}, REFUSED])
    assert run() == 0


@pytest.mark.parametrize(
    ("array", "difference"),
    [
        (np.full((2, 3), -0.0, np.float32), "the values differ"),
        (np.zeros((3, 2), np.float32), "float32 (2, 3) in BEFORE, float32 (3, 2) in AFTER"),
        (np.zeros((2, 3)), "float32 (2, 3) in BEFORE, float64 (2, 3) in AFTER"),
    ],
    ids=["one bit", "shape", "dtype"],
)
def test_heat_maps_are_compared_to_the_bit(run, after, capsys, array, difference):
    after.write_array("a.npy", array)
    assert run() == 1
    assert differences(capsys) == [f"plain: a.npy: {difference}"]


def test_heat_maps_may_be_laid_out_otherwise_in_their_file(run, after):
    after.write_array("a.npy", np.asfortranarray(np.zeros((2, 3), np.float32)))
    assert run() == 0


def test_overlays_are_compared_by_their_pixels(run, after, capsys):
    overlay = Image.new("RGB", (3, 2), (1, 2, 3))
    after.write_image("a.png", overlay, compress_level=0)
    assert run() == 0
    overlay.putpixel((2, 1), (1, 2, 4))
    after.write_image("a.png", overlay)
    assert run() == 1
    assert differences(capsys) == ["plain: a.png: the values differ"]


@pytest.mark.parametrize("name", ["a.npy", "a.png"])
@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"\x93NUMPY"])
def test_a_broken_heat_map_file_is_a_difference(run, after, capsys, name, content):
    after.map_path(name).write_bytes(content)
    assert run() == 1
    [difference] = differences(capsys)
    assert difference.startswith(f"plain: {name}: cannot be decoded (")


def test_heat_maps_of_other_files_are_differences(run, after, capsys):
    after.map_path("a.npy").rename(after.map_path("c.npy"))
    assert run() == 1
    assert differences(capsys) == ["plain: a.npy: not written by AFTER", "plain: c.npy: not written by BEFORE"]


def test_other_files_are_compared_by_their_bytes(run, before, after, capsys):
    before.map_path("a.txt").write_text("one")
    after.map_path("a.txt").write_text("two")
    assert run() == 1
    assert differences(capsys) == ["plain: a.txt: the bytes differ"]


def test_only_the_first_differences_are_shown(run, before, after, capsys):
    before.prepare([READ | {"path": f"{number}.png"} for number in range(23)])
    after.prepare([READ | {"path": f"{number}.png", "probability": 0.5} for number in range(23)])
    assert run() == 1
    lines = capsys.readouterr().out.splitlines()
    assert "differences: 23" in lines
    assert sum(line.startswith("  plain: ") for line in lines) == 20
    assert lines[-1] == "  and 3 more"


@pytest.mark.parametrize("status", [1, 2, 4])
def test_a_checkout_that_fails_is_an_error_with_its_own_message(run, after, capsys, status):
    after.prepare([], status=status, errors="The trained model is missing.\nFetch it.")
    assert run() == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == f"AFTER (plain) ended with status {status}:\nThe trained model is missing.\nFetch it.\n"


@pytest.mark.parametrize("line", ["Warning: slow disk", "[1]", "\ud800"])
def test_a_line_that_is_no_row_is_an_error(run, before, capsys, line):
    before_rows = before.folder / "plain" / "rows.jsonl"
    before_rows.write_bytes(line.encode("utf-8", "surrogatepass"))
    assert run() == 2
    assert capsys.readouterr().err.startswith("BEFORE printed a line that is not a row: ")


def test_nothing_to_read_is_an_error(run, before, after, capsys):
    for checkout in (before, after):
        checkout.prepare([], status=0)
    assert run() == 2
    assert capsys.readouterr().err == "There is nothing to compare: no files were found.\n"


def test_rows_that_only_one_checkout_has_are_differences(run, after, capsys):
    after.prepare([])
    assert run() == 1
    assert differences(capsys) == ["plain: a.png: no row in AFTER", "plain: b.png: no row in AFTER"]


def test_an_interpreter_may_be_named_for_each_checkout(run, before, after, tmp_path, monkeypatch):
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
def test_wrong_options_are_told_before_anything_runs(run, before, capsys, options, message):
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
def test_missing_folders_are_named(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        compare_findings.main(arguments)
    assert message in capsys.readouterr().err
