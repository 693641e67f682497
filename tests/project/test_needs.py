"""What tests need beyond the project: what counts as present, and how a run reports what is missing."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from dataset.download.full_set import EXPECTED
from tests import conftest
from tests.support.browser import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture
def missing(tmp_path, monkeypatch):
    """Return a function that says why tests with a marker cannot run. The data set is in `tmp_path / "set"`."""
    monkeypatch.setenv("CHEST_XRAY_DIR", str(tmp_path / "set"))
    return conftest._missing.__wrapped__


def make_dataset(root: Path, image_counts: dict[str, int]) -> None:
    for folder, count in image_counts.items():
        (root / folder).mkdir(parents=True)
        for number in range(count):
            (root / folder / f"person{number}_virus_1.jpeg").touch()


@pytest.mark.parametrize(
    "image_counts",
    [{}, {"test/NORMAL": 8, "test/PNEUMONIA": 16}, EXPECTED | {"val/NORMAL": 7}],
    ids=["none", "samples", "most"],
)
def test_an_incomplete_data_set_counts_as_missing(missing, tmp_path, image_counts):
    make_dataset(tmp_path / "set", image_counts)
    assert missing("dataset") == (
        f"NOT RUN: not all 5,856 images at {tmp_path / 'set'} (set CHEST_XRAY_DIR or python -m dataset download)"
    )


def test_the_complete_data_set_does_not_need_the_dicom_samples(missing, tmp_path):
    make_dataset(tmp_path / "set", EXPECTED)
    assert missing("dataset") is None
    assert missing("dicom_samples") == f"NOT RUN: no DICOM samples in {tmp_path / 'dicom'}, next to the data set"


def test_the_dicom_samples_do_not_need_the_data_set(missing, tmp_path):
    for folder in ("chest", "not_chest"):
        (tmp_path / "dicom" / folder).mkdir(parents=True)
        assert (missing("dicom_samples") is None) == (folder == "not_chest")


@pytest.mark.parametrize(("require", "status"), [("nginx", 0), ("dataset,dicom_samples", 1)])
def test_a_missing_need_is_reported_and_is_a_failure_if_required(tmp_path, require, status):
    (tmp_path / "test_one.py").write_text("import pytest\n\n@pytest.mark.dicom_samples\ndef test_one():\n    pass\n")
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n")
    environment = os.environ | {"CHEST_XRAY_DIR": str(tmp_path / "set"), "REQUIRE": require, "PYTHONPATH": str(ROOT)}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        str(ROOT / "pyproject.toml"),
        "-p",
        "no:cacheprovider",
        str(tmp_path),
    ]
    finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert finished.returncode == status, finished.stdout
    assert "NOT RUN: no DICOM samples" in finished.stdout
    assert (", and REQUIRE asks for dicom_samples" in finished.stdout) == bool(status)


def test_every_need_is_a_marker_and_is_required_in_ci():
    markers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["markers"]
    assert {marker.split(":")[0] for marker in markers} == {*conftest._NEEDS, "heat_map_check", "slow", "full", "soak"}
    for place in (ROOT / ".ci" / "run", ROOT / "CONTRIBUTING.md", ROOT / "tests" / "conftest.py"):
        asked = re.findall(r"REQUIRE=([a-z_,]+)", place.read_text())
        assert [sorted(names.split(",")) for names in asked] == [sorted(conftest._NEEDS)], place
