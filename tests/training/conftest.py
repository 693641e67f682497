"""Fixtures of the tiny run, its candidate and its metrics. They import the training program only when used."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from dataset.index import load_index
from dataset.split import Split, split_for_training
from model.inference.release_loader import Release, load_release
from model.release_files import ReleaseFile
from tests.support.training import reduce_sample_sizes


@pytest.fixture
def small_samples(monkeypatch) -> None:
    """Use few images and draws, as in `measured_run`."""
    reduce_sample_sizes(monkeypatch)


@pytest.fixture(scope="module")
def split(tiny_set) -> Split:
    """The splits of the tiny data set."""
    return split_for_training(load_index(tiny_set))


@pytest.fixture(scope="module")
def candidate(measured_run) -> Release:
    """The evaluated candidate."""
    return load_release(measured_run / "candidate")


@pytest.fixture(scope="module")
def metrics(candidate) -> dict:
    """Content of metrics.json of the candidate."""
    return json.loads((candidate.directory / ReleaseFile.METRICS).read_text())


@pytest.fixture(scope="module")
def predictions(candidate) -> pd.DataFrame:
    """Content of predictions.csv of the candidate."""
    return pd.read_csv(candidate.directory / ReleaseFile.PREDICTIONS)


@pytest.fixture
def old_release(published, tmp_path) -> Path:
    """A release to be replaced."""
    return shutil.copytree(published, tmp_path / "release")
