"""Find the input files of `python -m model read`, and write heat maps."""

import io
import itertools
import os
from collections.abc import Sequence
from enum import StrEnum
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


class Obstacle(StrEnum):
    """Why something inside a folder, or the folder itself, is not read."""

    UNREADABLE = "unreadable"
    LINKED_FOLDER = "linked_folder"  # not followed, because it may lead back to a folder above it
    EMPTY_FOLDER = "empty_folder"
    NOT_A_FILE = "not_a_file"  # a broken link, a pipe or a device


class SkippedPath(NamedTuple):
    """A file or folder that is not read.

    Attributes:
        path: Its path.
        obstacle: Why it is not read.
        error: Error of the operating system, if there is one.
    """

    path: Path
    obstacle: Obstacle
    error: str = ""


def find_files(paths: Sequence[Path]) -> tuple[list[InputFile], list[SkippedPath]]:
    """List the given files, and all files below the given folders, sorted within each folder.

    Hidden files and folders inside a folder are skipped.

    Returns:
        The files to read, and the paths that are skipped. Hidden files and folders, and folders that contain anything
        else, are in neither list.
    """
    files: list[InputFile] = []
    skipped: list[SkippedPath] = []
    for path in paths:
        if path.is_file():
            files.append(InputFile(path, Path(path.name)))
            continue
        found, skipped_below = _search(path)
        files += (InputFile(path / name, name) for name in sorted(file.relative_to(path) for file in found))
        skipped += sorted(skipped_below)
    return files, skipped


def _search(top: Path) -> tuple[list[Path], list[SkippedPath]]:
    """Return the files below a folder, and the paths that are skipped."""
    files: list[Path] = []
    skipped: list[SkippedPath] = []
    folders = [top]  # not by recursion: a path may have more parts than Python allows nested calls
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                visible = [entry for entry in entries if not entry.name.startswith(".")]
            if not visible:
                skipped.append(SkippedPath(folder, Obstacle.EMPTY_FOLDER))
            folders += (folder / entry.name for entry in visible if entry.is_dir(follow_symlinks=False))
        except OSError as error:
            skipped.append(SkippedPath(folder, Obstacle.UNREADABLE, str(error.strerror)))
            continue
        for path in (folder / entry.name for entry in visible if not entry.is_dir(follow_symlinks=False)):
            if os.path.isfile(path):  # also False if a link leads into a folder to which access is denied
                files.append(path)
            else:
                skipped.append(
                    SkippedPath(path, Obstacle.LINKED_FOLDER if os.path.isdir(path) else Obstacle.NOT_A_FILE)
                )
    return files, skipped


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
