"""Compare the findings of two checkouts on the same files, to prove that a refactoring changed no behaviour.

python -m tools.compare_findings BEFORE AFTER FILE_OR_FOLDER... [--renamed OLD=NEW ...]

Only the command line of the checkouts is used, so names inside them may differ. Each reads the files twice, without and
with --read-anyway. Rows, heat maps and overlays must be equal; AFTER may append columns.

Exit status: 0 equal, 1 different, 2 no comparison was possible, and the message says why.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

CODE_COLUMNS = ("status", "verdict", "operating_point", "reason_code", "cautions")
SENTENCE_COLUMNS = ("reason",)
MODES: dict[str, tuple[str, ...]] = {"plain": (), "read anyway": ("--read-anyway",)}  # name -> further options
MAX_DIFFERENCES_SHOWN = 20
_NORMAL_STATUSES = (0, 3)  # 3: some files were refused

Row = dict[str, Any]


class ComparisonFailed(Exception):
    """No comparison was possible; the message says why."""


@dataclass(frozen=True)
class Checkout:
    """One version of the project.

    label: BEFORE or AFTER, as messages name it.
    folder: root of the checkout, absolute.
    python: interpreter that runs it, absolute.
    """

    label: str
    folder: Path
    python: str


@dataclass(frozen=True)
class Rules:
    """Differences that are intended.

    renamed: code in BEFORE -> code in AFTER.
    ignore_sentences: whether sentences for people may differ.
    """

    renamed: Mapping[str, str]
    ignore_sentences: bool = False


@dataclass(frozen=True)
class Output:
    """What one run of a checkout produced: exit status, rows, and the folder of heat maps."""

    status: int
    rows: list[Row]
    heat_maps: Path


@dataclass(frozen=True)
class Comparison:
    """Both checkouts in one mode: what BEFORE produced, in a line, its file names, and how AFTER differs."""

    summary: str
    files: frozenset[str]
    differences: list[str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `python -m tools.compare_findings`.

    Args:
        arguments: command line without the program's name; None for the one of this process.

    Returns:
        The exit status: 0 equal, 1 different, 2 no comparison was possible.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    rules = Rules(_parse_renamed(options.renamed, parser), options.ignore_sentences)
    before = _parse_checkout("BEFORE", options.before, options.python_before, parser)
    after = _parse_checkout("AFTER", options.after, options.python_after, parser)
    paths = [path.absolute() for path in options.paths]  # the checkouts run in folders of their own
    if absent := [str(path) for path in paths if not path.exists()]:
        parser.error(f"no such file or folder: {', '.join(absent)}")
    try:
        comparisons = [compare_mode(before, after, paths, mode, rules) for mode in MODES]
    except ComparisonFailed as failure:
        print(failure, file=sys.stderr)
        return 2
    return _print_report(comparisons)


def compare_mode(before: Checkout, after: Checkout, paths: Sequence[Path], mode: str, rules: Rules) -> Comparison:
    """Run both checkouts in one of the `MODES` and compare what they produce.

    Args:
        before: the reference.
        after: what must be equal to it.
        paths: files and folders to read, absolute.
        mode: key of `MODES`.
        rules: differences that are intended.

    Raises:
        ComparisonFailed: a checkout failed, or there was nothing to read.
    """
    with tempfile.TemporaryDirectory(prefix="compare_findings_") as folder:
        outputs = [read_files(checkout, paths, Path(folder) / checkout.label, mode) for checkout in (before, after)]
        if not any(output.rows for output in outputs):
            raise ComparisonFailed("There is nothing to compare: no files were found.")
        differences = [f"{mode}: {difference}" for difference in compare_outputs(*outputs, rules)]
        files = frozenset(str(row.get("path")) for row in outputs[0].rows)
        return Comparison(f"{mode}: {_summarise(outputs[0])}", files, differences)


def read_files(checkout: Checkout, paths: Sequence[Path], heat_maps: Path, mode: str) -> Output:
    """Read files with `python -m model read` in a checkout.

    Args:
        checkout: runs the command.
        paths: files and folders to read, absolute.
        heat_maps: folder for heat maps and overlays; created here.
        mode: key of `MODES`.

    Raises:
        ComparisonFailed: the command failed, or a line of its output is not a JSON object.
    """
    heat_maps.mkdir()
    command = [checkout.python, "-m", "model", "read", *map(str, paths), "--format", "jsonl"]
    command += ["--heatmaps", str(heat_maps), *MODES[mode]]
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    environment.pop("PYTHONSAFEPATH", None)  # it would hide the checkout from its own interpreter
    done = subprocess.run(  # noqa: S603 (the developer names the interpreter)
        command, cwd=checkout.folder, env=environment, capture_output=True, check=False
    )
    if done.returncode not in _NORMAL_STATUSES:
        errors = done.stderr.decode(errors="replace").strip()
        raise ComparisonFailed(f"{checkout.label} ({mode}) ended with status {done.returncode}:\n{errors}")
    return Output(done.returncode, _parse_rows(done.stdout, checkout.label), heat_maps)


def compare_outputs(before: Output, after: Output, rules: Rules) -> Iterator[str]:
    """Compare one run of each checkout.

    Yields:
        Each difference, in words.
    """
    if before.status != after.status:
        yield f"exit status: {before.status} in BEFORE, {after.status} in AFTER"
    yield from _merged_codes(before.rows, rules)
    pairs, unpaired = _pair_rows(before.rows, after.rows)
    yield from unpaired
    yield from dict.fromkeys(difference for pair in pairs for difference in _compare_columns(*pair))
    for pair in pairs:
        yield from _compare_values(*pair, rules)
    yield from _compare_folders(before.heat_maps, after.heat_maps)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.compare_findings", description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path, metavar="BEFORE", help="checkout that is the reference")
    parser.add_argument("after", type=Path, metavar="AFTER", help="checkout that must give the same findings")
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE_OR_FOLDER", help="what both read")
    parser.add_argument(
        "--renamed",
        nargs="+",
        action="extend",
        default=[],
        metavar="OLD=NEW",
        help="codes that were renamed between the checkouts, such as unfamiliar=out_of_distribution",
    )
    parser.add_argument("--ignore-sentences", action="store_true", help="do not compare the sentences for people")
    for label in ("before", "after"):
        parser.add_argument(f"--python-{label}", default=sys.executable, metavar="PYTHON", help="default: this one")
    return parser


def _parse_renamed(texts: Sequence[str], parser: argparse.ArgumentParser) -> dict[str, str]:
    renamed: dict[str, str] = {}
    for text in texts:
        old, _, new = text.partition("=")
        if not (old and new):
            parser.error(f"--renamed: {text} is not OLD=NEW")
        renamed[old] = new
    if len(set(renamed.values())) < len(renamed):
        parser.error("--renamed: two codes have the same new name")
    return renamed


def _parse_checkout(label: str, folder: Path, python: str, parser: argparse.ArgumentParser) -> Checkout:
    if not (folder / "model" / "__main__.py").is_file():  # another installed `model` must not run in its place
        parser.error(f"{label}: {folder} is not a checkout (it has no model/__main__.py)")
    if not (executable := shutil.which(python)):
        parser.error(f"--python-{label.lower()}: {python} cannot be run")
    # absolute, but not resolved: a virtual environment is known by its link
    return Checkout(label, folder.absolute(), os.path.abspath(executable))


def _parse_rows(stdout: bytes, label: str) -> list[Row]:
    """Parse JSON lines; only a line feed ends a line, as names of files may hold other separators."""
    rows = []
    for line in stdout.split(b"\n"):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise ComparisonFailed(f"{label} printed a line that is not a row: {line.decode(errors='replace')}")
        rows.append(row)
    return rows


def _merged_codes(rows: Sequence[Row], rules: Rules) -> Iterator[str]:
    """Yield new names that BEFORE uses already: two of its codes could not be told apart any more."""
    used = {code for row in rows for column in CODE_COLUMNS for code in _as_list(row.get(column))}
    for old, new in rules.renamed.items():
        if old != new and new in used and new not in rules.renamed:
            yield f"renamed code {old}={new}: BEFORE uses {new} as well"


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _pair_rows(before: Sequence[Row], after: Sequence[Row]) -> tuple[list[tuple[Row, Row]], list[str]]:
    """Pair the rows of the same file.

    Returns:
        The pairs, and the differences in which files have rows, and in which order.
    """
    before_paths, after_paths = ([row.get("path") for row in rows] for rows in (before, after))
    if before_paths == after_paths:
        return list(zip(before, after, strict=True)), []
    after_of = dict(zip(after_paths, after, strict=True))
    pairs = [(row, after_of[row.get("path")]) for row in before if row.get("path") in after_of]
    missing, added = Counter(before_paths) - Counter(after_paths), Counter(after_paths) - Counter(before_paths)
    unpaired = [f"{path}: no row in AFTER" for path in missing] + [f"{path}: no row in BEFORE" for path in added]
    return pairs, unpaired or ["the rows are in another order"]


def _compare_columns(before: Row, after: Row) -> Iterator[str]:
    """Yield a difference unless AFTER has the columns of BEFORE in the same order, and perhaps others behind them."""
    if list(after)[: len(before)] != list(before):
        yield f"columns: {', '.join(before)} in BEFORE, {', '.join(after)} in AFTER"


def _compare_values(before: Row, after: Row, rules: Rules) -> Iterator[str]:
    ignored = SENTENCE_COLUMNS if rules.ignore_sentences else ()
    for column in before:
        if column not in after or column in ignored:
            continue
        expected = _renamed(before[column], rules.renamed) if column in CODE_COLUMNS else before[column]
        if _json(expected) != _json(after[column]):
            values = f"{_json(before[column])} in BEFORE, {_json(after[column])} in AFTER"
            hint = f" (expected {_json(expected)})" if _json(expected) != _json(before[column]) else ""
            yield f"{before.get('path')}: {column}: {values}{hint}"


def _json(value: Any) -> str:
    """Return a value as JSON, in which floats are exact and 1, 1.0 and true are different."""
    return json.dumps(value, ensure_ascii=False)


def _renamed(value: Any, renamed: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(entry, renamed) for entry in value]
    return renamed.get(value, value) if isinstance(value, str) else value


def _compare_folders(before: Path, after: Path) -> Iterator[str]:
    before_files, after_files = _files_below(before), _files_below(after)
    for name in sorted(before_files - after_files):
        yield f"{name}: not written by AFTER"
    for name in sorted(after_files - before_files):
        yield f"{name}: not written by BEFORE"
    for name in sorted(before_files & after_files):
        if difference := _compare_files(before / name, after / name):
            yield f"{name}: {difference}"


def _files_below(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def _compare_files(before: Path, after: Path) -> str | None:
    """Compare a file by what it holds: numbers of .npy, pixels of .png, bytes of others.

    Returns:
        The difference, in words; None where there is none.
    """
    if before.read_bytes() == after.read_bytes():
        return None
    load = {".npy": _load_array, ".png": _load_pixels}.get(before.suffix)
    if load is None:
        return "the bytes differ"
    try:
        expected, actual = load(before), load(after)
    except (OSError, ValueError, EOFError, SyntaxError) as error:  # SyntaxError: Pillow's word for a broken PNG
        return f"cannot be decoded ({error})"
    descriptions = [f"{array.dtype} {array.shape}" for array in (expected, actual)]
    if descriptions[0] != descriptions[1]:
        return f"{descriptions[0]} in BEFORE, {descriptions[1]} in AFTER"
    return None if expected.tobytes() == actual.tobytes() else "the values differ"


def _load_array(path: Path) -> np.ndarray:
    return np.load(path, allow_pickle=False)


def _load_pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA") if image.mode == "P" else image)  # P: indices into a palette


def _summarise(output: Output) -> str:
    statuses = Counter(row.get("status") for row in output.rows)
    verdicts = Counter(row["verdict"] for row in output.rows if row.get("verdict"))
    heat_maps = sum(name.suffix == ".npy" for name in _files_below(output.heat_maps))
    parts = [f"rows {len(output.rows)}"]
    parts += [f"{status} {count}" for status, count in sorted(statuses.items(), key=str)]
    parts += [f"verdict {verdict} {count}" for verdict, count in sorted(verdicts.items(), key=str)]
    return ", ".join([*parts, f"heat maps {heat_maps}"])


def _print_report(comparisons: Sequence[Comparison]) -> int:
    """Print what was compared and how it differs.

    Returns:
        The exit status: 0 equal, 1 different.
    """
    print(f"files: {len(frozenset().union(*(comparison.files for comparison in comparisons)))}")
    for comparison in comparisons:
        print(comparison.summary)
    differences = [difference for comparison in comparisons for difference in comparison.differences]
    if not differences:
        print("equal")
        return 0
    print(f"differences: {len(differences)}")
    for difference in differences[:MAX_DIFFERENCES_SHOWN]:
        print(f"  {difference}")
    if len(differences) > MAX_DIFFERENCES_SHOWN:
        print(f"  and {len(differences) - MAX_DIFFERENCES_SHOWN} more")
    return 1


if __name__ == "__main__":
    sys.exit(main())
