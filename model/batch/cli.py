"""The command `python -m model read`: one row per file on standard output, progress on standard error.

Exit status: 0 all files were read, 3 some were refused, 2 wrong usage, 1 the command stopped with a message.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from tqdm import tqdm

from model.batch.file_reader import FileReader, ReadOptions
from model.batch.files import HeatMapWriter, find_files
from model.batch.worker_pool import read_files, worker_pool
from model.console import run_with_messages
from model.inference.finding_rows import Row, to_csv, to_jsonl
from model.inference.release_loader import RELEASE_DIR

_DESCRIPTION = "Read files from the shell: one row per file on standard output, progress on standard error."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `python -m model` and return its exit status.

    Args:
        arguments: Command line without the program; that of this process by default.
    """
    parser = _create_parser()
    options = parser.parse_args(arguments)
    return run_with_messages(lambda: _read_paths(options, parser), "Stopped. Rows that were written are complete.")


def _usage_error(paths: Sequence[Path], heatmaps: Path | None) -> str | None:
    if missing := [str(path) for path in paths if not _exists(path)]:
        return f"no such file or folder: {', '.join(missing)}"
    if special := [str(path) for path in paths if not (path.is_file() or path.is_dir())]:
        return f"neither a file nor a folder: {', '.join(special)}"
    if heatmaps and heatmaps.exists() and not heatmaps.is_dir():
        return f"--heatmaps: {heatmaps} is a file, a folder is wanted"
    if heatmaps and heatmaps.resolve() in {(path.parent if path.is_file() else path).resolve() for path in paths}:
        return "--heatmaps would write over the pictures: name a folder other than theirs"
    return None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # the folder may not be entered, or the name is longer than the system allows
        return False


def _create_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model", description=_DESCRIPTION)
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
        "--include-refused",
        "--read-anyway",  # the name of earlier versions
        action="store_true",
        help="read pictures, too, that are refused as no upright frontal chest radiograph; their rows say so",
    )
    read.add_argument("--release", type=Path, default=RELEASE_DIR, help="folder of the trained model")
    return parser


def _parse_prevalence(text: str) -> float:
    """Parse a share between 0 and 1 for argparse, which reports the error."""
    share = float(text)
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a share between 0 and 1, such as 0.2")
    return share


def _read_paths(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Read all files that were named and return the exit status."""
    if problem := _usage_error(arguments.paths, arguments.heatmaps):
        parser.error(problem)
    options = ReadOptions(
        release=arguments.release,
        operating_point=arguments.operating_point,
        prevalence=arguments.prevalence,
        include_refused=arguments.include_refused,
        heatmaps=bool(arguments.heatmaps),
    )
    files = list(find_files(arguments.paths))
    heatmap_writer = HeatMapWriter(arguments.heatmaps) if arguments.heatmaps else None
    n_refused = 0
    with worker_pool(options, len(files)) as workers:  # started first, so that all processes open the release at once
        reader = FileReader(options)
        _check_operating_point(reader, parser)
        with closing(read_files(reader, workers, (file.path for file in files))) as results:
            progress = tqdm(results, total=len(files), unit="file", disable=None)
            for number, (file, result) in enumerate(zip(files, progress, strict=True)):
                n_refused += result.row["status"] == "refused"
                if heatmap_writer and result.radiograph and result.finding:
                    heatmap_writer.write(file.relative_path, result.radiograph, result.finding)
                sys.stdout.write(_format_row(result.row, arguments.format, first=number == 0))
    sys.stdout.flush()  # inside `run_with_messages`, which reports a full disk
    return 3 if n_refused else 0


def _check_operating_point(reader: FileReader, parser: argparse.ArgumentParser) -> None:
    """Exit with a usage error if the release lacks the operating point that was asked for."""
    names = [point.name for point in reader.gate.classifier.release.operating_points]
    if reader.options.operating_point not in (None, *names):
        parser.error(f"--operating-point: the trained model has {', '.join(names)}")


def _format_row(row: Row, row_format: str, first: bool) -> str:
    return to_jsonl(row) + "\n" if row_format == "jsonl" else to_csv([row], header=first)
