"""Write beside, then rename: nothing that is read is ever half written."""

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def swap(staged: Path, final: Path) -> None:
    """Put the folder `staged` in the place of `final`; a kill between the renames leaves it to `recover`."""
    old = final.with_name(f"{final.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.rename(old)
    staged.rename(final)
    shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def replacing(final: Path) -> Iterator[Path]:
    """An empty folder to fill: it takes the place of `final` when the block ends, and is removed where it fails."""
    recover(final)
    staged = final.with_name(f"{final.name}.new")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    try:
        yield staged
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    swap(staged, final)


def recover(final: Path) -> None:
    """Undo a `swap` that was killed between its renames; where nothing was, do nothing."""
    old = final.with_name(f"{final.name}.old")
    if old.exists() and not final.exists():
        old.rename(final)


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A path beside to write to, with the same ending; it takes the place of `path` when the block ends."""
    beside = path.with_name(f"new-{path.name}")
    yield beside
    beside.replace(path)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with written_whole(path) as beside:
        beside.write_text(text)


def write_json(path: Path, content: Any) -> None:
    """Write JSON whole or not at all; NaN is refused, since no reader of JSON need understand it."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
