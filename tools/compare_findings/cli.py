"""Command line of `python -m tools.compare_findings`."""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.compare_findings.checkout import MODES, Checkout, ComparisonFailed, read_files
from tools.compare_findings.comparison import ExpectedChanges, compare_outputs
from tools.compare_findings.report import Comparison, print_report, summarise


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare two checkouts and print the differences.

    Args:
        arguments: Command line without the program name; None for that of this process.

    Returns:
        Exit status: 0 if equal, 1 if different, 2 if no comparison was possible.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    expected = ExpectedChanges(_parse_renamed(options.renamed, parser), options.ignore_sentences)
    before = _parse_checkout("BEFORE", options.before, options.python_before, parser)
    after = _parse_checkout("AFTER", options.after, options.python_after, parser)
    paths = [path.absolute() for path in options.paths]  # each checkout runs in its own folder
    if missing := [str(path) for path in paths if not path.exists()]:
        parser.error(f"no such file or folder: {', '.join(missing)}")
    try:
        comparisons = [compare_mode(before, after, paths, mode, expected) for mode in MODES]
    except ComparisonFailed as failure:
        print(failure, file=sys.stderr)
        return 2
    return print_report(comparisons)


def compare_mode(
    before: Checkout, after: Checkout, paths: Sequence[Path], mode: str, expected: ExpectedChanges
) -> Comparison:
    """Run both checkouts in one mode and compare their output.

    Args:
        before: Reference.
        after: Checkout that must produce the same output.
        paths: Files and folders to read, absolute.
        mode: Key of `MODES`.
        expected: Differences that are intended.

    Raises:
        ComparisonFailed: A checkout failed, or there were no files to read.
    """
    with tempfile.TemporaryDirectory(prefix="compare_findings_") as folder:
        outputs = [read_files(checkout, paths, Path(folder) / checkout.label, mode) for checkout in (before, after)]
        if not any(output.rows for output in outputs):
            raise ComparisonFailed("There is nothing to compare: no files were found.")
        differences = [f"{mode}: {difference}" for difference in compare_outputs(*outputs, expected)]
        files = frozenset(str(row.get("path")) for row in outputs[0].rows)
        return Comparison(f"{mode}: {summarise(outputs[0])}", files, differences)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.compare_findings", description="Compare the findings of two checkouts on the same files."
    )
    parser.add_argument("before", type=Path, metavar="BEFORE", help="checkout that is the reference")
    parser.add_argument("after", type=Path, metavar="AFTER", help="checkout that must produce the same findings")
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE_OR_FOLDER", help="images that both checkouts read")
    parser.add_argument(
        "--renamed",
        nargs="+",
        action="extend",
        default=[],
        metavar="OLD=NEW",
        help="codes that were renamed between the checkouts, such as unfamiliar=out_of_distribution",
    )
    parser.add_argument("--ignore-sentences", action="store_true", help="do not compare human-readable text")
    for label in ("before", "after"):
        parser.add_argument(
            f"--python-{label}",
            default=sys.executable,
            metavar="PYTHON",
            help=f"interpreter for {label.upper()} (default: the one that runs this command)",
        )
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
    if not (folder / "model" / "__main__.py").is_file():  # otherwise another installed `model` would run
        parser.error(f"{label}: {folder} is not a checkout (it has no model/__main__.py)")
    if not (executable := shutil.which(python)):
        parser.error(f"--python-{label.lower()}: {python} cannot be run")
    # absolute, but not resolved: the path of the link identifies a virtual environment
    return Checkout(label, folder.absolute(), os.path.abspath(executable))
