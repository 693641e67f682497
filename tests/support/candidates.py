"""The tiny run measured, its candidate, and a release that a new one is to replace."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from dataset.index import load_index
from dataset.split import Split, split_for_training
from model.inference.release_loader import load_release
from model.release_files import ReleaseFile
from tests.support.training import measure_little
from training.release.candidate import CANDIDATE
from training.release.publish import ReleaseNotes, publish

PARTS = ("training", "validation", "test")
SECOND = ReleaseNotes("1.1.0", "Reads better.", "1" * 40)


@pytest.fixture(autouse=True)
def as_measured(monkeypatch):
    """Few pictures and draws, as `measured_run` was measured."""
    measure_little(monkeypatch)


@pytest.fixture(name="parts", scope="module")
def tiny_parts(tiny_set) -> Split:
    return split_for_training(load_index(tiny_set))


@pytest.fixture(name="candidate", scope="module")
def tiny_candidate(measured_run):
    return load_release(measured_run / CANDIDATE)


@pytest.fixture(name="metrics", scope="module")
def tiny_metrics(candidate) -> dict:
    return json.loads((candidate.directory / ReleaseFile.METRICS).read_text())


@pytest.fixture(name="predictions", scope="module")
def tiny_predictions(candidate) -> pd.DataFrame:
    return pd.read_csv(candidate.directory / ReleaseFile.PREDICTIONS)


@pytest.fixture(name="old_release")
def release_to_replace(published, tmp_path) -> Path:
    """A release that lies where a new one is to go."""
    return shutil.copytree(published, tmp_path / "release")


def publishing(run: Path, parts: Split, target: Path) -> None:
    publish(load_release(run / CANDIDATE), parts, target, SECOND, times_tested=2)


def sentence(words: str) -> str:
    return f"^{re.escape(words)}$"
