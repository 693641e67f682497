"""The gate fails closed: no image is read if an admission file is missing, changed or invalid."""

import io
from pathlib import Path

import numpy as np
import pytest

from model.admission.classifier import ADMISSION_CLASSES, LIMIT_NAMES
from model.admission.decision import Decision
from model.admission.gate import AdmissionGate
from model.batch import cli
from model.errors import ReleaseIncompatible, ReleaseMissing
from model.inference.classifier import load_model
from model.messages import Message, MessageCode
from model.release_files import ReleaseFile
from model.sentences import render
from tests.support.gates import asymmetric_radiograph
from tests.support.messages import raises_message
from tests.support.release_files import put_file, read_description, unlist, write_description
from tests.support.synthetic import synthetic_file


def rewrite_admission(directory: Path, **changed) -> None:
    """Replace arrays of the admission file; None removes one."""
    with np.load(directory / ReleaseFile.ADMISSION) as arrays:
        content = dict(arrays) | changed
    file = io.BytesIO()
    np.savez(file, **{name: array for name, array in content.items() if array is not None})
    put_file(directory, ReleaseFile.ADMISSION, file.getvalue())


def assert_nothing_is_read(directory: Path, tmp_path: Path, capsys, code: MessageCode, file: ReleaseFile) -> None:
    """Assert that the command fails with a message and without a row, even with --include-refused."""
    (tmp_path / "radiograph.png").write_bytes(synthetic_file())
    for more in ([], ["--include-refused"]):
        assert cli.main(["read", str(tmp_path / "radiograph.png"), "--release", str(directory), *more]) == 1
        output = capsys.readouterr()
        assert output.out == ""
        assert render([Message(code, {"file": file})]) in output.err


def test_an_unchanged_release_can_be_used(directory):
    gate = AdmissionGate.from_classifier(load_model(directory))
    assert gate.examine(asymmetric_radiograph()).admission.decision in Decision


@pytest.mark.parametrize("name", [ReleaseFile.ADMISSION, ReleaseFile.SIMILAR_CASES])
def test_nothing_is_read_without_the_admission_file_or_the_index(directory, tmp_path, capsys, name):
    unlist(directory, name)
    (directory / name).unlink()
    with raises_message(ReleaseMissing, MessageCode.RELEASE_FILE_UNLISTED, file=name):
        AdmissionGate.from_classifier(load_model(directory))
    assert_nothing_is_read(directory, tmp_path, capsys, MessageCode.RELEASE_FILE_UNLISTED, name)


def test_an_admission_file_that_is_not_listed_is_refused(directory):
    unlist(directory, ReleaseFile.ADMISSION)
    with raises_message(ReleaseMissing, MessageCode.RELEASE_FILE_UNLISTED, file=ReleaseFile.ADMISSION):
        AdmissionGate.from_classifier(load_model(directory))


def test_nothing_is_read_with_a_changed_admission_file(directory, tmp_path, capsys):
    content = bytearray((directory / ReleaseFile.ADMISSION).read_bytes())
    content[len(content) // 2] ^= 1
    (directory / ReleaseFile.ADMISSION).write_bytes(content)
    code = MessageCode.RELEASE_FILE_CHANGED
    assert_nothing_is_read(directory, tmp_path, capsys, code, ReleaseFile.ADMISSION)


@pytest.mark.parametrize(
    "changed",
    [
        {"hidden": None},
        {"hidden": np.zeros((7, 48), np.float16)},
        {"output": np.zeros((48, 2), np.float32)},
        {"output_bias": np.full(len(ADMISSION_CLASSES), np.inf, np.float32)},
        {"mirror_weights": np.zeros(3, np.float32)},
        {"unknown": np.float32(1)},
        {"min_admissible_probability": np.float32(0.5)},
        {"output_bias": np.array(["0.5"] * 7)},
        {"output_bias": np.array([object()] * 7)},
    ],
)
def test_nothing_is_read_with_an_invalid_admission_file(directory, tmp_path, capsys, changed):
    rewrite_admission(directory, **changed)
    with raises_message(ReleaseIncompatible, MessageCode.RELEASE_FILE_DAMAGED, file=ReleaseFile.ADMISSION):
        AdmissionGate.from_classifier(load_model(directory))
    assert_nothing_is_read(directory, tmp_path, capsys, MessageCode.RELEASE_FILE_DAMAGED, ReleaseFile.ADMISSION)


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), 0.1, "0.5", True, [0.5], 10**400])
def test_nothing_is_read_with_a_limit_that_is_not_an_exact_float32_number(directory, value):
    description = read_description(directory)
    description["admission"]["min_admissible_probability"] = value
    write_description(directory, description)
    with raises_message(ReleaseIncompatible, MessageCode.RELEASE_FILE_DAMAGED, file=ReleaseFile.ADMISSION):
        AdmissionGate.from_classifier(load_model(directory))


@pytest.mark.parametrize("key", ["admission", *LIMIT_NAMES])
def test_nothing_is_read_if_a_limit_is_missing(directory, key):
    description = read_description(directory)
    del (description if key == "admission" else description["admission"])[key]
    write_description(directory, description)
    with raises_message(ReleaseIncompatible, MessageCode.RELEASE_FILE_DAMAGED, file=ReleaseFile.ADMISSION):
        AdmissionGate.from_classifier(load_model(directory))


def test_nothing_is_read_with_an_admission_file_that_is_not_an_archive(directory, tmp_path, capsys):
    put_file(directory, ReleaseFile.ADMISSION, b"not an archive")
    assert_nothing_is_read(directory, tmp_path, capsys, MessageCode.RELEASE_FILE_DAMAGED, ReleaseFile.ADMISSION)


def test_nothing_is_read_if_a_network_returns_nan(gate, monkeypatch):
    run = gate.classifier.segmenter._network._run

    def run_with_nan(**inputs):
        return {name: values * np.nan for name, values in run(**inputs).items()}

    monkeypatch.setattr(gate.classifier.segmenter._network, "_run", run_with_nan)
    with raises_message(ReleaseIncompatible, MessageCode.NETWORK_OUTPUT_INVALID):
        gate.examine(asymmetric_radiograph())
