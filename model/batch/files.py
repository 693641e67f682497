"""Find the input files of `python -m model read`, and write heat maps."""

import io
import itertools
import os
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import numpy as np

from model.explanation.heatmap import FindingMap, MapKind, finding_maps, overlay_png, upsample_to_image
from model.imaging.radiograph import Radiograph
from model.inference.finding import Finding

GRAD_CAM_SUFFIX = "_gradcam"  # of the class-activation map, if the opacity map has the name of the image


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
    """Writes the maps of each finding as numbers and as overlays, in subfolders like those of the images.

    The files of the first map have the stem of the image; if that name is taken, the full name of the image, and if
    that is taken too, a number is added. If there is an opacity map, it is first, and the names of the files of the
    class-activation map end in GRAD_CAM_SUFFIX.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._used_names: set[str] = set()

    def write(self, relative_path: Path, radiograph: Radiograph, finding: Finding) -> None:
        """Write the maps of one file.

        Args:
            relative_path: See `InputFile`.
            radiograph: Decoded file; the .npy files are float32 (height, width) of the same size, 0-1.
            finding: Finding of the radiograph; the .png files show its maps as overlays.

        Raises:
            OSError: The folder cannot be written to, or the disk is full.
        """
        maps = finding_maps(finding)
        suffixes = [_suffix(each, maps) for each in maps]
        target = self.folder / self._unused_name(relative_path, suffixes)
        target.parent.mkdir(parents=True, exist_ok=True)
        for each, suffix in zip(maps, suffixes, strict=True):
            values = upsample_to_image(each.values, finding.heat_map_box, radiograph.height, radiograph.width)
            npy = io.BytesIO()
            np.save(npy, values)  # not directly to the file, because np.save does not report a full disk
            target.with_name(f"{target.name}{suffix}.npy").write_bytes(npy.getbuffer())
            target.with_name(f"{target.name}{suffix}.png").write_bytes(overlay_png(radiograph, finding, each.kind))

    def _unused_name(self, relative_path: Path, suffixes: Sequence[str]) -> Path:
        """Return a name that no earlier file has with any of the suffixes, and use it with all of them."""
        numbered = (relative_path.with_name(f"{relative_path.name}.{number}") for number in itertools.count(2))
        candidates = itertools.chain([relative_path.with_suffix(""), relative_path], numbered)
        for name in candidates:
            wanted = {f"{name}{suffix}".casefold() for suffix in suffixes}  # Windows and macOS ignore case
            if not wanted & self._used_names:
                break
        self._used_names |= wanted
        return name


def _suffix(finding_map: FindingMap, maps: Sequence[FindingMap]) -> str:
    return GRAD_CAM_SUFFIX if finding_map.kind is MapKind.GRAD_CAM and len(maps) > 1 else ""
