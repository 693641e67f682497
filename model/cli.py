"""Read files from the shell: one row per file on standard output, progress on standard error.

Exit status: 0 all files were read, 3 some were refused, 2 wrong usage, 1 the trained model cannot be used.
"""

import argparse
import itertools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from model.decode import MAX_BYTES, decode
from model.errors import FileRefused, FileUnreadable, ReleaseError
from model.heatmap import lay_over, overlay_png
from model.radiograph import Radiograph
from model.reader import Finding, Reader, stated
from model.release import RELEASE_DIR, load_release
from model.rows import finding_row, refusal_row, to_csv, to_jsonl


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `python -m model`; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if problem := _usage_problem(options.paths, options.heatmaps):
        parser.error(problem)
    try:
        reader = Reader(load_release(options.release))
        if options.operating_point not in (None, *(names := [p.name for p in reader.release.operating_points])):
            parser.error(f"--operating-point: the trained model has {', '.join(names)}")
        return _read_all(reader, options)
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1


def find_files(paths: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Every file named, and every file below each folder named, sorted; hidden ones are passed over.

    Yields:
        The file, and its path relative to the folder that was named (its bare name where the file was named).
    """
    for path in paths:
        if path.is_file():
            yield path, Path(path.name)
            continue
        inside = sorted(p.relative_to(path) for p in path.rglob("*") if p.is_file())
        yield from ((path / p, p) for p in inside if not any(part.startswith(".") for part in p.parts))


class HeatMapFolder:
    """A folder that takes the heat map of each picture as numbers and as an overlay, in the pictures' own sub-folders.

    Both are named by the picture's stem; where another picture has had it, by the whole name, and then by a number.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._taken: set[str] = set()

    def write(self, inside: Path, radiograph: Radiograph, finding: Finding) -> None:
        """Write the map of the file `inside`: .npy is float32 (height, width) of the radiograph, 0-1; .png shows it."""
        target = self.folder / self._free(inside)
        target.parent.mkdir(parents=True, exist_ok=True)
        laid = lay_over(finding.heat_map, finding.heat_map_box, radiograph.height, radiograph.width)
        np.save(target.with_name(f"{target.name}.npy"), laid)
        overlay = overlay_png(radiograph, finding)
        target.with_name(f"{target.name}.png").write_bytes(overlay)

    def _free(self, inside: Path) -> Path:
        numbered = (inside.with_name(f"{inside.name}.{number}") for number in itertools.count(2))
        names = itertools.chain([inside.with_suffix(""), inside], numbered)
        free = next(name for name in names if str(name).casefold() not in self._taken)  # as Windows and macOS compare
        self._taken.add(str(free).casefold())
        return free


def _usage_problem(paths: Sequence[Path], heatmaps: Path | None) -> str | None:
    if absent := [str(path) for path in paths if not path.exists()]:
        return f"no such file or folder: {', '.join(absent)}"
    if heatmaps and heatmaps.exists() and not heatmaps.is_dir():
        return f"--heatmaps: {heatmaps} is a file, a folder is wanted"
    if heatmaps and heatmaps.resolve() in {(path.parent if path.is_file() else path).resolve() for path in paths}:
        return "--heatmaps would write over the pictures: name a folder other than theirs"
    return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    read = commands.add_parser("read", help="read radiographs (PNG, JPEG), known by content and not by name")
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
        type=_prevalence,
        metavar="SHARE",
        help="share of pneumonia among those who are filmed, 0-1; default: that of the training pictures",
    )
    read.add_argument("--release", type=Path, default=RELEASE_DIR, help="folder of the trained model")
    return parser


def _prevalence(text: str) -> float:
    """A share between 0 and 1, for argparse, which says what is wrong with any other."""
    share = float(text)
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a share between 0 and 1, such as 0.2")
    return share


def _read_all(reader: Reader, options: argparse.Namespace) -> int:
    heatmaps = HeatMapFolder(options.heatmaps) if options.heatmaps else None
    release = reader.release
    point, prevalence = release.operating_point(options.operating_point), options.prevalence
    refused = 0
    for number, (path, inside) in enumerate(tqdm(list(find_files(options.paths)), unit="file", disable=None)):
        try:
            radiograph = decode(_content(path))
        except FileRefused as reason:
            refused += 1
            row = refusal_row(str(path), reason, release.version)
        else:
            finding = stated(reader.read(radiograph), release, point, prevalence or release.training_prevalence)
            row = finding_row(str(path), finding)
            if heatmaps:
                heatmaps.write(inside, radiograph, finding)
        sys.stdout.write(to_jsonl(row) + "\n" if options.format == "jsonl" else to_csv([row], header=number == 0))
    return 3 if refused else 0


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)  # one byte too many is enough to be refused
    except OSError as error:
        raise FileUnreadable(f"The file cannot be opened ({error.strerror}). Check that you may read it.") from error
