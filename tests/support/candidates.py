"""Publication of the tiny run, and patterns of error messages."""

import re
from pathlib import Path

from dataset.split import Split
from model.codes import Population
from model.inference.release_loader import load_release
from training.release.candidate import CANDIDATE
from training.release.publish import ReleaseNotes, publish

SECOND_RELEASE = ReleaseNotes("1.1.0", "Reads better.", "1" * 40)


def publish_second_release(run: Path, split: Split, target: Path) -> None:
    publish(load_release(run / CANDIDATE), split, target, SECOND_RELEASE, {Population.CHILDREN: 2})


def exactly(message: str) -> str:
    """Return the regular expression that matches a whole error message."""
    return f"^{re.escape(message)}$"
