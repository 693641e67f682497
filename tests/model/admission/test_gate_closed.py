"""The gate fails closed: a check that is missing, altered or unfit reads nothing."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from model.admission.classifier import ADMISSION_CLASSES
from model.admission.decision import Decision
from model.admission.gate import AdmissionGate
from model.batch import cli
from model.errors import ReleaseCorrupted, ReleaseIncompatible, ReleaseMissing
from model.inference.classifier import Classifier
from model.inference.release_loader import load_release
from model.release_files import ReleaseFile
from tests.support.gates import admitting_gate, film  # noqa: F401 (a fixture)
from tests.support.synthetic import synthetic_file


@pytest.fixture
def release(published, tmp_path) -> Path:
    """A copy of a small release that a test may spoil."""
    return shutil.copytree(published, tmp_path / "release")


def vouch(release: Path, name: str) -> None:
    """Write the file's checksum into model.json, as if it had been released like that."""
    description = json.loads((release / ReleaseFile.DESCRIPTION).read_text())
    description["files"][name] = hashlib.sha256((release / name).read_bytes()).hexdigest()
    (release / ReleaseFile.DESCRIPTION).write_text(json.dumps(description))


def rewrite(release: Path, **changed) -> None:
    """Put other arrays into the check's file; None takes one out."""
    with np.load(release / ReleaseFile.ADMISSION) as arrays:
        content = dict(arrays) | changed
    np.savez(release / ReleaseFile.ADMISSION, **{name: array for name, array in content.items() if array is not None})
    vouch(release, ReleaseFile.ADMISSION)


def nothing_is_read(release: Path, tmp_path: Path, capsys) -> str:
    """Exit status 1 and no row, read anyway or not; what is said."""
    (tmp_path / "film.png").write_bytes(synthetic_file())
    for more in ([], ["--read-anyway"]):
        assert cli.main(["read", str(tmp_path / "film.png"), "--release", str(release), *more]) == 1
        said = capsys.readouterr()
        assert said.out == ""
    return said.err


def test_a_whole_release_opens(release):
    assert (
        AdmissionGate.from_classifier(Classifier(load_release(release))).examine(film()).admission.decision in Decision
    )


@pytest.mark.parametrize("name", [ReleaseFile.ADMISSION, ReleaseFile.SIMILAR_CASES])
def test_without_its_check_or_index_a_release_reads_nothing(release, tmp_path, capsys, name):
    description = json.loads((release / ReleaseFile.DESCRIPTION).read_text())
    del description["files"][name]
    (release / ReleaseFile.DESCRIPTION).write_text(json.dumps(description))
    (release / name).unlink()
    with pytest.raises(ReleaseMissing, match=f"{name} is missing"):
        AdmissionGate.from_classifier(Classifier(load_release(release)))
    assert f"{name} is missing" in nothing_is_read(release, tmp_path, capsys)


def test_a_check_that_the_release_does_not_list_is_not_trusted(release):
    description = json.loads((release / ReleaseFile.DESCRIPTION).read_text())
    del description["files"][ReleaseFile.ADMISSION]
    (release / ReleaseFile.DESCRIPTION).write_text(json.dumps(description))
    with pytest.raises(ReleaseCorrupted, match=ReleaseFile.ADMISSION):
        AdmissionGate.from_classifier(Classifier(load_release(release)))


def test_an_altered_check_reads_nothing(release, tmp_path, capsys):
    content = bytearray((release / ReleaseFile.ADMISSION).read_bytes())
    content[len(content) // 2] ^= 1
    (release / ReleaseFile.ADMISSION).write_bytes(content)
    assert f"{ReleaseFile.ADMISSION} has changed" in nothing_is_read(release, tmp_path, capsys)


@pytest.mark.parametrize(
    "changed",
    [
        {"least_fine": None},
        {"least_fine": np.float32(np.nan)},
        {"least_fine": np.zeros(2, np.float32)},
        {"hidden": np.zeros((7, 48), np.float16)},
        {"kinds": np.zeros((48, 2), np.float32)},
        {"kinds_bias": np.full(len(ADMISSION_CLASSES), np.inf, np.float32)},
        {"mirror": np.zeros(3, np.float32)},
        {"unknown": np.float32(1)},
        {"least_fine": np.array("0.5")},
        {"least_fine": np.array(object())},
    ],
)
def test_a_check_that_does_not_fit_reads_nothing(release, tmp_path, capsys, changed):
    rewrite(release, **changed)
    with pytest.raises(ReleaseIncompatible, match="The check of what may be read cannot be opened"):
        AdmissionGate.from_classifier(Classifier(load_release(release)))
    assert "cannot be opened" in nothing_is_read(release, tmp_path, capsys)


def test_what_is_no_archive_reads_nothing(release, tmp_path, capsys):
    (release / ReleaseFile.ADMISSION).write_bytes(b"no archive")
    vouch(release, ReleaseFile.ADMISSION)
    assert "cannot be opened" in nothing_is_read(release, tmp_path, capsys)


def test_a_network_that_gives_no_number_reads_nothing(gate, monkeypatch):
    run = gate.classifier.segmenter._network._run
    spoilt = lambda **inputs: {name: values * np.nan for name, values in run(**inputs).items()}  # noqa: E731
    monkeypatch.setattr(gate.classifier.segmenter._network, "_run", spoilt)
    with pytest.raises(ReleaseIncompatible, match="gave no number"):
        gate.examine(film())
