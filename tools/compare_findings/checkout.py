"""Running `python -m model read` in a checkout and parsing its output."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODES: dict[str, tuple[str, ...]] = {"plain": (), "read anyway": ("--read-anyway",)}  # name -> additional options
_NORMAL_STATUSES = (0, 3)  # 3: some files were refused

Row = dict[str, Any]


class ComparisonFailed(Exception):
    """No comparison was possible. The message states the reason."""


@dataclass(frozen=True)
class Checkout:
    """One version of the project.

    Attributes:
        label: BEFORE or AFTER, as shown in messages.
        folder: Root of the checkout, absolute.
        python: Interpreter that runs the checkout, absolute.
    """

    label: str
    folder: Path
    python: str


@dataclass(frozen=True)
class Output:
    """Output of one run of a checkout.

    Attributes:
        status: Exit status.
        rows: One row per file.
        heat_maps: Folder with heat maps and overlays.
    """

    status: int
    rows: list[Row]
    heat_maps: Path


def read_files(checkout: Checkout, paths: Sequence[Path], heat_maps: Path, mode: str) -> Output:
    """Run `python -m model read` in a checkout.

    Args:
        checkout: Checkout to run.
        paths: Files and folders to read, absolute.
        heat_maps: Folder to create for heat maps and overlays.
        mode: Key of `MODES`.

    Raises:
        ComparisonFailed: The command failed, or a line of its output is not a JSON object.
    """
    heat_maps.mkdir()
    command = [checkout.python, "-m", "model", "read", *map(str, paths), "--format", "jsonl"]
    command += ["--heatmaps", str(heat_maps), *MODES[mode]]
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    environment.pop("PYTHONSAFEPATH", None)  # it would hide the checkout from its own interpreter
    done = subprocess.run(  # noqa: S603 (the developer names the interpreter)
        command, cwd=checkout.folder, env=environment, capture_output=True, check=False
    )
    if done.returncode not in _NORMAL_STATUSES:
        errors = done.stderr.decode(errors="replace").strip()
        raise ComparisonFailed(f"{checkout.label} ({mode}) failed with status {done.returncode}:\n{errors}")
    return Output(done.returncode, _parse_rows(done.stdout, checkout.label), heat_maps)


def _parse_rows(stdout: bytes, label: str) -> list[Row]:
    """Parse JSON lines. Only a line feed ends a line, because file names may contain other line separators."""
    rows = []
    for line in stdout.split(b"\n"):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise ComparisonFailed(f"{label} printed a line that is not a row: {line.decode(errors='replace')}")
        rows.append(row)
    return rows
