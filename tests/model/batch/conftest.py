"""Fixtures of the command line: one set of open networks, an open gate, and a folder of files."""

from pathlib import Path

import pytest

from model.batch import file_reader
from model.inference.classifier import Classifier
from model.inference.release_loader import load_release
from tests.support.gates import OpenGate
from tests.support.synthetic import synthetic_file


@pytest.fixture
def shared_classifier(classifier, monkeypatch):
    """The command uses the open networks of the test session; it still verifies the release."""

    def load_model(directory: Path) -> Classifier:
        load_release(directory)
        return classifier

    monkeypatch.setattr(file_reader, "load_model", load_model)


@pytest.fixture
def open_gate(monkeypatch):
    """Synthetic images are admitted; tests of the gate cover what is refused."""
    monkeypatch.setattr(file_reader, "AdmissionGate", OpenGate)


@pytest.fixture
def scans(tmp_path) -> Path:
    """A folder with images of several formats, hidden ones, and files that are not images."""
    files = {
        "b.png": synthetic_file(),
        "a.jpg": synthetic_file("JPEG", 120, 90),
        "ward/really a picture.txt": synthetic_file(height=64, width=48),
        "ward/no picture.png": b"Dear colleague,",
        "ward/empty.png": b"",
        "ward/.hidden.png": synthetic_file(),
        ".thumbnails/b.png": synthetic_file(),
    }
    for name, content in files.items():
        (tmp_path / "scans" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "scans" / name).write_bytes(content)
    return tmp_path / "scans"
