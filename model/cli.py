"""Read files from the shell: one row per file on standard output, progress on standard error.

Exit status: 0 all files were read, 3 some were refused, 2 wrong usage, 1 the trained model cannot be used.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from model.decode import decode
from model.errors import FileRefused, FileUnreadable, ReleaseError
from model.heatmap import lay_over, overlay_png
from model.radiograph import Radiograph
from model.reader import Finding, Reader
from model.release import RELEASE_DIR, load_release
from model.rows import Row, finding_row, refusal_row, to_csv, to_jsonl


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `python -m model`; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if absent := [str(path) for path in options.paths if not path.exists()]:
        parser.error(f"no such file or folder: {', '.join(absent)}")
    try:
        reader = Reader(load_release(options.release))
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    files = list(find_files(options.paths))
    refused = 0
    for number, (path, inside) in enumerate(tqdm(files, unit="file", disable=None)):
        row = _read_file(reader, path, options.heatmaps / inside if options.heatmaps else None)
        refused += row["status"] == "refused"
        text = to_jsonl(row) + "\n" if options.format == "jsonl" else to_csv([row], header=number == 0)
        sys.stdout.write(text)
    return 3 if refused else 0


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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    read = commands.add_parser("read", help="read radiographs (PNG, JPEG), known by content and not by name")
    read.add_argument("paths", nargs="+", type=Path, metavar="FILE_OR_FOLDER", help="folders are read with all below")
    read.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help="default %(default)s")
    read.add_argument("--heatmaps", type=Path, metavar="DIR", help="write <stem>.npy and <stem>.png of each heat map")
    read.add_argument("--release", type=Path, default=RELEASE_DIR, help="folder of the trained model")
    return parser


def _read_file(reader: Reader, path: Path, heatmap: Path | None) -> Row:
    try:
        radiograph = decode(_content(path))
    except FileRefused as refused:
        return refusal_row(str(path), refused, reader.release.version)
    finding = reader.read(radiograph)
    if heatmap:
        _write_heatmap(heatmap, radiograph, finding)
    return finding_row(str(path), finding)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileUnreadable(f"The file cannot be opened ({error.strerror}). Check that you may read it.") from error


def _write_heatmap(target: Path, radiograph: Radiograph, finding: Finding) -> None:
    """Write the map as numbers (float32, height x width of the radiograph, 0-1) and as an overlay."""
    target.parent.mkdir(parents=True, exist_ok=True)
    np.save(target.with_suffix(".npy"), lay_over(finding.heat_map, radiograph.height, radiograph.width))
    target.with_suffix(".png").write_bytes(overlay_png(radiograph, finding.heat_map, finding.model_version))
