"""Comparison of the heat maps and overlays of two checkouts."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image


def compare_folders(before: Path, after: Path) -> Iterator[str]:
    """Compare all files in two folders.

    Yields:
        A description of each difference.
    """
    before_files, after_files = files_below(before), files_below(after)
    for name in sorted(before_files - after_files):
        yield f"{name}: not written by AFTER"
    for name in sorted(after_files - before_files):
        yield f"{name}: not written by BEFORE"
    for name in sorted(before_files & after_files):
        if difference := _compare_files(before / name, after / name):
            yield f"{name}: {difference}"


def files_below(folder: Path) -> set[Path]:
    """Return the relative paths of all files in a folder and its sub-folders."""
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def _compare_files(before: Path, after: Path) -> str | None:
    """Compare two files: the numbers of .npy, the pixels of .png, the bytes of others.

    Returns:
        A description of the difference; None if the files are equal.
    """
    if before.read_bytes() == after.read_bytes():
        return None
    load = {".npy": _load_array, ".png": _load_pixels}.get(before.suffix)
    if load is None:
        return "the bytes differ"
    try:
        expected, actual = load(before), load(after)
    except (OSError, ValueError, EOFError, SyntaxError) as error:  # Pillow raises SyntaxError for a broken PNG
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
