"""Files of a release: verified reads, NumPy archives, and atomic replacement of files and directories.

Everything is written to a sibling path first and then renamed, so a partly written file is never read.
"""

import contextlib
import hashlib
import io
import json
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from model.errors import ReleaseCorrupted, ReleaseIncompatible, ReleaseMissing
from model.messages import MessageCode
from model.release_files import ReleaseFile

# Raised by NumPy and zipfile for bytes that are not a valid .npz, and by callers for unexpected arrays.
_INVALID_ARCHIVE = (ValueError, TypeError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)

# One line of SHA256SUMS, as `sha256sum` writes it. A name can only be that of a file in the same directory.
_CHECKSUM_LINE = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<name>\w[\w.-]*)", re.ASCII)


def read_file(directory: Path, name: str) -> bytes:
    """Read one file of a release.

    Raises:
        ReleaseMissing: The file does not exist or cannot be opened.
    """
    try:
        return (directory / name).read_bytes()
    except OSError as error:
        raise ReleaseMissing(MessageCode.RELEASE_FILE_MISSING, file=name) from error


def read_verified(directory: Path, name: str, sha256: str) -> bytes:
    """Read one file of a release and compare its SHA-256 with the expected one.

    Raises:
        ReleaseMissing: The file does not exist or cannot be opened.
        ReleaseCorrupted: The checksum differs.
    """
    content = read_file(directory, name)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ReleaseCorrupted(MessageCode.RELEASE_FILE_CHANGED, file=name)
    return content


def parse_checksums(content: bytes) -> dict[str, str]:
    """Parse the content of SHA256SUMS strictly: accept only what `format_checksums` writes.

    Args:
        content: Bytes of the file.

    Returns:
        SHA-256 of each file in lower-case hexadecimal, by file name in sorted order.

    Raises:
        ReleaseCorrupted: A line is malformed, a name is listed twice or is not a plain file name, the names are not
            sorted, or the last line does not end with a newline.
    """
    *lines, after_last_line = content.decode("ascii", errors="replace").split("\n")
    matches = [match for line in lines if (match := _CHECKSUM_LINE.fullmatch(line))]
    names = [match["name"] for match in matches]
    is_valid = lines and not after_last_line and len(matches) == len(lines) and names == sorted(set(names))
    if not is_valid or ReleaseFile.CHECKSUMS in names:
        raise ReleaseCorrupted(MessageCode.RELEASE_FILE_DAMAGED, file=ReleaseFile.CHECKSUMS)
    return {match["name"]: match["digest"] for match in matches}


def format_checksums(directory: Path) -> str:
    """Return the content of SHA256SUMS for the files of a release, in the format of `sha256sum`."""
    names = sorted(path.name for path in directory.iterdir() if path.name != ReleaseFile.CHECKSUMS)
    return "".join(f"{sha256(directory / name)}  {name}\n" for name in names)


def write_checksums(directory: Path) -> None:
    """Write SHA256SUMS for the files that are now in a release directory."""
    write_text(directory / ReleaseFile.CHECKSUMS, format_checksums(directory))


@contextlib.contextmanager
def open_arrays(content: bytes, name: str) -> Iterator[Mapping[str, np.ndarray]]:
    """Open the arrays of a .npz file inside a `with` block.

    Args:
        content: Bytes of the file.
        name: Name of the file, for the error message.

    Raises:
        ReleaseIncompatible: The bytes are not a .npz file, or the block expects other arrays.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            yield arrays
    except _INVALID_ARCHIVE as error:
        raise ReleaseIncompatible(MessageCode.RELEASE_FILE_DAMAGED, file=name) from error


def swap_directories(staged: Path, final: Path) -> None:
    """Replace the directory `final` with `staged`; `recover_directory` undoes a swap killed between its renames."""
    old = _old_directory(final)
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.rename(old)
    staged.rename(final)
    shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def replace_directory(final: Path) -> Iterator[Path]:
    """Yield an empty directory that replaces `final` when the block ends, or is removed after an error."""
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
    """Undo a `swap_directories` that was killed between its renames; otherwise do nothing."""
    old = _old_directory(final)
    if old.exists() and not final.exists():
        old.rename(final)


def _old_directory(final: Path) -> Path:
    return final.with_name(f"{final.name}.old")


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a sibling path to write to, with the same suffix; that file replaces `path` when the block ends."""
    staged = path.with_name(f"new-{path.name}")
    yield staged
    staged.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    with atomic_path(path) as staged:
        staged.write_text(text)


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file atomically.

    Raises:
        ValueError: The content contains NaN or infinity, which JSON does not define.
    """
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a compressed .npz file atomically."""
    with atomic_path(path) as staged:
        np.savez_compressed(staged, **arrays)  # type: ignore[arg-type]  # mypy expects that a name may be allow_pickle


def sha256(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
