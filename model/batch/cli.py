"""Read files from the shell: one row per file on standard output, progress on standard error.

Exit status: 0 all files were read, 3 some were refused, 2 wrong usage, 1 it could not go on, and says why.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from tqdm import tqdm

from model.batch.file_reader import FileReader, ReadOptions
from model.batch.files import HeatMapWriter, find_files
from model.batch.ordered_reading import read_files
from model.batch.worker_pool import worker_pool
from model.console import run_with_messages
from model.inference.finding_rows import Row, to_csv, to_jsonl
from model.inference.release_loader import RELEASE_DIR


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `python -m model`; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    return run_with_messages(lambda: _read_paths(options, parser), "Stopped. Rows that were written are complete.")


def _usage_error(paths: Sequence[Path], heatmaps: Path | None) -> str | None:
    if absent := [str(path) for path in paths if not _exists(path)]:
        return f"no such file or folder: {', '.join(absent)}"
    if other := [str(path) for path in paths if not (path.is_file() or path.is_dir())]:
        return f"neither a file nor a folder: {', '.join(other)}"
    if heatmaps and heatmaps.exists() and not heatmaps.is_dir():
        return f"--heatmaps: {heatmaps} is a file, a folder is wanted"
    if heatmaps and heatmaps.resolve() in {(path.parent if path.is_file() else path).resolve() for path in paths}:
        return "--heatmaps would write over the pictures: name a folder other than theirs"
    return None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # in a folder that may not be entered, or with a name longer than the system allows
        return False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    read = commands.add_parser("read", help="read radiographs (DICOM, PNG, JPEG), known by content and not by name")
    read.add_argument("paths", nargs="+", type=Path, metavar="FILE_OR_FOLDER", help="folders are read with all below")
    read.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help="default %(default)s")
    read.add_argument(
        "--heatmaps",
        type=Path,
        metavar="DIR",
        help="write <stem>.npy and <stem>.png of each heat map; <name>.npy, <name>.png where two files share a stem",
    )
    read.add_argument("--operating-point", metavar="NAME", help="of the trained model; default: its own")
    read.add_argument(
        "--prevalence",
        type=_parse_prevalence,
        metavar="SHARE",
        help="share of pneumonia among those who are filmed, 0-1; default: that of the training pictures",
    )
    read.add_argument(
        "--read-anyway",
        action="store_true",
        help="read pictures, too, that are refused as no upright frontal chest radiograph; their rows say so",
    )
    read.add_argument("--release", type=Path, default=RELEASE_DIR, help="folder of the trained model")
    return parser


def _parse_prevalence(text: str) -> float:
    """A share between 0 and 1, for argparse, which says what is wrong with any other."""
    share = float(text)
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a share between 0 and 1, such as 0.2")
    return share


def _read_paths(options: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Read all that was named; the exit status."""
    if problem := _usage_error(options.paths, options.heatmaps):
        parser.error(problem)
    files = list(find_files(options.paths))
    asked = ReadOptions(
        options.release, options.operating_point, options.prevalence, options.read_anyway, bool(options.heatmaps)
    )
    heatmaps = HeatMapWriter(options.heatmaps) if options.heatmaps else None
    refused = 0
    with worker_pool(asked, len(files)) as started:  # before this process opens the release, so that all do so at once
        reader = FileReader(asked)
        names = [point.name for point in reader.gate.classifier.release.operating_points]
        if options.operating_point not in (None, *names):
            parser.error(f"--operating-point: the trained model has {', '.join(names)}")
        with closing(read_files(reader, started, (path for path, _ in files))) as done:
            shown = tqdm(done, total=len(files), unit="file", disable=None)
            for number, ((_, inside), read) in enumerate(zip(files, shown, strict=True)):
                refused += read.row["status"] == "refused"
                if read.finding:
                    heatmaps.write(inside, read.radiograph, read.finding)
                sys.stdout.write(_format_row(read.row, options.format, first=number == 0))
    sys.stdout.flush()  # here, where a full disk is told in a sentence
    return 3 if refused else 0


def _format_row(row: Row, written_as: str, first: bool) -> str:
    return to_jsonl(row) + "\n" if written_as == "jsonl" else to_csv([row], header=first)
