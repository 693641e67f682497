"""Fixtures for the command line: shared networks, an open gate, and a folder of files."""

from pathlib import Path

import pytest

from model.batch import file_reader
from model.inference.classifier import Classifier
from model.inference.release_loader import load_release
from tests.support.gates import OpenGate
from tests.support.synthetic import synthetic_file


@pytest.fixture
def shared_classifier(classifier, monkeypatch):
    """Make the command use the networks of the test session; it still verifies the release."""

    def load_model(directory: Path) -> Classifier:
        load_release(directory)
        return classifier

    monkeypatch.setattr(file_reader, "load_model", load_model)


@pytest.fixture(autouse=True)
def stub_heat_map_check(request, monkeypatch):
    """Let every heat map pass without its check, which takes a second, unless the test is marked `heat_map_check`."""
    if request.node.get_closest_marker("heat_map_check") is None:
        monkeypatch.setattr(file_reader, "reliability_warnings", lambda *_: ())


@pytest.fixture
def open_gate(monkeypatch):
    """Admit synthetic images; the tests of the gate cover refusals."""
    monkeypatch.setattr(file_reader, "AdmissionGate", OpenGate)


@pytest.fixture
def scans(tmp_path) -> Path:
    """Return a folder with images of several formats, hidden images, and files that are not images."""
    files = {
        "b.png": synthetic_file(),
        "a.jpg": synthetic_file("JPEG", 120, 90),
        "ward/really an image.txt": synthetic_file(height=64, width=48),
        "ward/not an image.png": b"Dear colleague,",
        "ward/empty.png": b"",
        "ward/.hidden.png": synthetic_file(),
        ".thumbnails/b.png": synthetic_file(),
    }
    for name, content in files.items():
        (tmp_path / "scans" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "scans" / name).write_bytes(content)
    return tmp_path / "scans"
