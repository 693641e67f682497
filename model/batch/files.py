"""Find the input files of `python -m model read`, and write heat maps."""

import io
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from model.explanation.heatmap import overlay_png, upsample_to_image
from model.imaging.radiograph import Radiograph
from model.inference.finding import Finding


class InputFile(NamedTuple):
    """A file to read.

    Attributes:
        path: Path of the file.
        relative_path: Path inside the folder on the command line; only the name if the file itself was given.
    """

    path: Path
    relative_path: Path


def find_files(paths: Sequence[Path]) -> Iterator[InputFile]:
    """List the given files, and all files below the given folders, sorted within each folder.

    Hidden files and folders inside a folder are skipped.
    """
    for path in paths:
        if path.is_file():
            yield InputFile(path, Path(path.name))
            continue
        relative_paths = sorted(file.relative_to(path) for file in path.rglob("*") if file.is_file())
        for relative_path in relative_paths:
            if not any(part.startswith(".") for part in relative_path.parts):
                yield InputFile(path / relative_path, relative_path)


class HeatMapWriter:
    """Writes each heat map as numbers and as an overlay, in subfolders like those of the images.

    Both files have the stem of the image. If that name is taken, they have the full name of the image, and if that is
    taken too, a number is added.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._used_names: set[str] = set()

    def write(self, relative_path: Path, radiograph: Radiograph, finding: Finding) -> None:
        """Write the heat map of one file.

        Args:
            relative_path: See `InputFile`.
            radiograph: Decoded file; the .npy file is float32 (height, width) of the same size, 0-1.
            finding: Finding of the radiograph; the .png file shows its heat map as an overlay.

        Raises:
            OSError: The folder cannot be written to, or the disk is full.
        """
        target = self.folder / self._unused_name(relative_path)
        target.parent.mkdir(parents=True, exist_ok=True)
        heat_map = upsample_to_image(finding.heat_map, finding.heat_map_box, radiograph.height, radiograph.width)
        npy = io.BytesIO()
        np.save(npy, heat_map)  # not directly to the file, because np.save does not report a full disk
        target.with_name(f"{target.name}.npy").write_bytes(npy.getbuffer())
        target.with_name(f"{target.name}.png").write_bytes(overlay_png(radiograph, finding))

    def _unused_name(self, relative_path: Path) -> Path:
        numbered = (relative_path.with_name(f"{relative_path.name}.{number}") for number in itertools.count(2))
        candidates = itertools.chain([relative_path.with_suffix(""), relative_path], numbered)
        # Windows and macOS ignore case.
        unused = next(name for name in candidates if str(name).casefold() not in self._used_names)
        self._used_names.add(str(unused).casefold())
        return unused
