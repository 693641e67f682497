"""Files of a release: verified reads, NumPy archives, and replacement of files and folders as a whole.

Everything that is written goes to a sibling path first and is renamed, so nothing is ever read half written.
"""

import contextlib
import hashlib
import io
import json
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from model.errors import RESTORE_RELEASE_TEXT, ReleaseCorrupted, ReleaseIncompatible, ReleaseMissing

# What NumPy and zipfile raise on bytes that are no .npz, and a caller on arrays that it does not expect.
_INVALID_ARCHIVE = (ValueError, TypeError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)


def read_file(directory: Path, name: str) -> bytes:
    """Read one file of a release.

    Raises:
        ReleaseMissing: the file does not exist or cannot be opened.
    """
    try:
        return (directory / name).read_bytes()
    except OSError as error:
        raise ReleaseMissing(f"The trained model is incomplete: {name} is missing. {RESTORE_RELEASE_TEXT}") from error


def read_verified(directory: Path, name: str, sha256: str) -> bytes:
    """Read one file of a release and compare its SHA-256 with the expected one.

    Raises:
        ReleaseMissing: the file does not exist or cannot be opened.
        ReleaseAltered: the checksum differs.
    """
    content = read_file(directory, name)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ReleaseCorrupted(
            f"The trained model is not the one that was released: {name} has changed. {RESTORE_RELEASE_TEXT}"
        )
    return content


@contextlib.contextmanager
def open_arrays(content: bytes, subject: str) -> Iterator[Mapping[str, np.ndarray]]:
    """Open the arrays of a .npz file for the body of a `with` block.

    Args:
        content: bytes of the file.
        subject: what the file holds, as the first words of an error message.

    Raises:
        ReleaseMismatch: the bytes are no .npz file, or the block expects other arrays.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            yield arrays
    except _INVALID_ARCHIVE as error:
        raise ReleaseIncompatible(f"{subject} cannot be opened. {RESTORE_RELEASE_TEXT}") from error


def swap_directories(staged: Path, final: Path) -> None:
    """Put the folder `staged` in the place of `final`; a kill between the renames leaves it to `recover_directory`."""
    old = final.with_name(f"{final.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.rename(old)
    staged.rename(final)
    shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def replace_directory(final: Path) -> Iterator[Path]:
    """An empty folder to fill: it takes the place of `final` when the block ends, and is removed where it fails."""
    recover_directory(final)
    staged = final.with_name(f"{final.name}.new")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    try:
        yield staged
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    swap_directories(staged, final)


def recover_directory(final: Path) -> None:
    """Undo a `swap_directories` that was killed between its renames; where nothing was, do nothing."""
    old = final.with_name(f"{final.name}.old")
    if old.exists() and not final.exists():
        old.rename(final)


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A path beside to write to, with the same ending; it takes the place of `path` when the block ends."""
    beside = path.with_name(f"new-{path.name}")
    yield beside
    beside.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with atomic_path(path) as beside:
        beside.write_text(text)


def write_json(path: Path, content: Any) -> None:
    """Write JSON whole or not at all; NaN is refused, since no reader of JSON need understand it."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
