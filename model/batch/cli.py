"""The command `python -m model read`: one row per file on standard output, progress on standard error.

Exit status: 0 if all files were read, 3 if some were refused or a folder was empty or could not be read, 2 for
incorrect usage, 1 if an error stopped the command.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from tqdm import tqdm

from model.batch.file_reader import FileReader, ReadOptions
from model.batch.files import HeatMapWriter, Obstacle, SkippedPath, find_files
from model.batch.worker_pool import read_files, worker_pool
from model.codes import POPULATIONS, Population
from model.console import CommandParser, print_lines, run_with_messages
from model.inference.finding_rows import Row, to_csv, to_jsonl
from model.inference.release_loader import RELEASE_DIR
from model.plain_text import printable
from model.translation import N_
from model.translation import gettext as _

_DESCRIPTION = N_("Read chest X-rays: one row per file on standard output, progress on standard error.")
_STOPPED = N_("Stopped. The rows written so far are complete.")
_SKIPPED = {
    Obstacle.UNREADABLE: N_("Not read: {path} cannot be opened ({error})."),
    Obstacle.LINKED_FOLDER: N_("Not read: {path} is a link to a folder. To read it, name it in the command."),
    Obstacle.EMPTY_FOLDER: N_("Nothing to read: {path} contains no files."),
    Obstacle.NOT_A_FILE: N_("Not read: {path} is a broken link, or neither a file nor a folder."),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `python -m model` and return its exit status.

    Args:
        arguments: Command-line arguments; by default, those of this process.
    """
    parser = _create_parser()
    options = parser.parse_args(arguments)
    return run_with_messages(lambda: _read_paths(options, parser), _(_STOPPED))


def _usage_error(paths: Sequence[Path], heatmaps: Path | None) -> str | None:
    if missing := [str(path) for path in paths if not _exists(path)]:
        return _("no such file or folder: {paths}").format(paths=", ".join(missing))
    if special := [str(path) for path in paths if not (path.is_file() or path.is_dir())]:
        return _("neither a file nor a folder: {paths}").format(paths=", ".join(special))
    if heatmaps and heatmaps.exists() and not heatmaps.is_dir():
        return _("--heatmaps: {path} is a file, but a folder is required").format(path=heatmaps)
    if heatmaps and heatmaps.resolve() in {(path.parent if path.is_file() else path).resolve() for path in paths}:
        return _("--heatmaps would overwrite the images: choose a different folder")
    return None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # access to the folder is denied, or the name is longer than the system allows
        return False


def _create_parser() -> argparse.ArgumentParser:
    parser = CommandParser(prog="python -m model", description=_(_DESCRIPTION))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    read = commands.add_parser("read", help=_("read chest X-rays (DICOM, PNG, JPEG; detected by content)"))
    read.add_argument(
        "paths", nargs="+", type=_parse_path, metavar="FILE_OR_FOLDER", help=_("folders are read with all subfolders")
    )
    read.add_argument(
        "--format", choices=("jsonl", "csv"), default="jsonl", help=_("format of the rows (default: %(default)s)")
    )
    read.add_argument(
        "--heatmaps",
        type=_parse_path,
        metavar="DIR",
        help=_(
            "write each heat map to <stem>.npy and <stem>.png; <name>.npy and <name>.png if files share a stem; if the "
            "model has an opacity map, that is this map, and <stem>_gradcam.npy and .png are the class-activation map"
        ),
    )
    read.add_argument(
        "--operating-point", metavar="NAME", help=_("name of the operating point; default: that of the model")
    )
    read.add_argument(
        "--prevalence",
        type=_parse_prevalence,
        metavar="SHARE",
        help=_("share of the X-rayed patients who have pneumonia, 0.2 or 20%%; default: that in the training images"),
    )
    read.add_argument(
        "--population",
        choices=list(map(str, POPULATIONS)),
        help=_("population of the patients whose age is not in the file; an age in the file overrides this option"),
    )
    read.add_argument(
        "--include-refused",
        "--read-anyway",  # name in earlier versions
        action="store_true",
        help=_("also read images that the admission check refuses; their rows are marked"),
    )
    read.add_argument("--release", type=_parse_path, default=RELEASE_DIR, help=_("folder of the trained model"))
    return parser


def _parse_path(text: str) -> Path:
    """Parse a path for argparse, which reports errors. Path("") would be the current folder."""
    if not text.strip():
        raise argparse.ArgumentTypeError(_("the path is empty; use a dot for the current folder"))
    return Path(text)


def _parse_prevalence(text: str) -> float:
    """Parse a share between 0 and 1, or a percentage, for argparse, which reports errors."""
    number, percent = text.strip().removesuffix("%"), text.strip().endswith("%")
    with suppress(ValueError):
        share = float(number.replace(",", ".")) / (100 if percent else 1)
        if 0 < share < 1:
            return share
    message = _("{text} is not a share between 0 and 1, such as 0.2 or 20%")
    raise argparse.ArgumentTypeError(message.format(text=text))


def _read_paths(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """Read all files of the command line and return the exit status."""
    if problem := _usage_error(arguments.paths, arguments.heatmaps):
        parser.error(problem)
    options = ReadOptions(
        release=arguments.release,
        operating_point=arguments.operating_point,
        prevalence=arguments.prevalence,
        include_refused=arguments.include_refused,
        heatmaps=bool(arguments.heatmaps),
        population=Population(arguments.population) if arguments.population else None,
    )
    files, skipped = find_files(arguments.paths)
    for each in skipped:
        print_lines(_skipped_sentence(each), sys.stderr)
    heatmap_writer = HeatMapWriter(arguments.heatmaps) if arguments.heatmaps else None
    n_refused = 0
    with worker_pool(options, len(files)) as workers:
        reader = FileReader(options)  # while the workers load the release, too
        _check_release(reader, parser)
        with closing(read_files(reader, workers, (file.path for file in files))) as results:
            progress = tqdm(results, total=len(files), unit="file", disable=None)
            for number, (file, result) in enumerate(zip(files, progress, strict=True)):
                n_refused += result.row["status"] == "refused"
                if heatmap_writer and result.radiograph and result.finding:
                    heatmap_writer.write(file.relative_path, result.radiograph, result.finding)
                sys.stdout.write(_format_row(result.row, arguments.format, first=number == 0))
    sys.stdout.flush()  # here, because `run_with_messages` reports a full disk
    return 3 if n_refused or skipped else 0


def _skipped_sentence(skipped: SkippedPath) -> str:
    return _(_SKIPPED[skipped.obstacle]).format(path=printable(str(skipped.path)), error=skipped.error)


def _check_release(reader: FileReader, parser: argparse.ArgumentParser) -> None:
    """Exit with a usage error if the release does not have the requested operating point or population."""
    release = reader.gate.classifier.release
    names = release.operating_point_names
    if reader.options.operating_point not in (None, *names):
        parser.error(_("--operating-point: the trained model has {names}").format(names=", ".join(names)))
    if reader.options.population not in (None, *release.populations):
        parser.error(
            _("--population: the trained model was trained on {names}").format(names=", ".join(release.populations))
        )


def _format_row(row: Row, row_format: str, first: bool) -> str:
    return to_jsonl(row) + "\n" if row_format == "jsonl" else to_csv([row], header=first)
