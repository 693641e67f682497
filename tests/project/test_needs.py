"""What tests need beyond the project: what counts as there, and that a miss is told, or fails where it is asked for."""

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


@pytest.fixture
def missing(tmp_path, monkeypatch):
    """Ask what a need lacks where the set is in `tmp_path / "set"`, anew each time."""
    monkeypatch.setenv("CHEST_XRAY_DIR", str(tmp_path / "set"))
    return conftest._missing.__wrapped__


def lay_down(root: Path, of_each: dict[str, int]) -> None:
    for part, pictures in of_each.items():
        (root / part).mkdir(parents=True)
        for number in range(pictures):
            (root / part / f"person{number}_virus_1.jpeg").touch()


@pytest.mark.parametrize(
    "there",
    [{}, {"test/NORMAL": 8, "test/PNEUMONIA": 16}, EXPECTED | {"val/NORMAL": 7}],
    ids=["none", "samples", "most"],
)
def test_a_part_of_the_set_is_not_the_set(missing, tmp_path, there):
    lay_down(tmp_path / "set", there)
    assert missing("dataset") == (
        f"NOT RUN: not all 5,856 pictures at {tmp_path / 'set'} (set CHEST_XRAY_DIR or python -m dataset download)"
    )


def test_all_pictures_are_the_set_without_anything_beside_it(missing, tmp_path):
    lay_down(tmp_path / "set", EXPECTED)
    assert missing("dataset") is None
    assert (
        missing("beside") == f"NOT RUN: no DICOM films of chests and others beside the data set in {tmp_path / 'dicom'}"
    )


def test_what_lies_beside_the_set_is_there_without_it(missing, tmp_path):
    for folder in ("chest", "not_chest"):
        (tmp_path / "dicom" / folder).mkdir(parents=True)
        assert (missing("beside") is None) == (folder == "not_chest")


@pytest.mark.parametrize(("require", "status"), [("", 0), ("nginx", 0), ("dataset,beside", 1)])
def test_a_miss_is_told_and_fails_where_it_is_asked_for(tmp_path, require, status):
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
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == status, ended.stdout
    assert "NOT RUN: no DICOM films" in ended.stdout
    assert (", and REQUIRE asks for beside" in ended.stdout) == bool(status)


def test_every_need_is_a_marker_and_is_asked_for_where_all_must_run():
    markers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["markers"]
    assert sorted(marker.split(":")[0] for marker in markers) == sorted(conftest._NEEDS)
    for place in (ROOT / ".ci" / "run", ROOT / "CONTRIBUTING.md", ROOT / "tests" / "conftest.py"):
        asked = re.findall(r"REQUIRE=([a-z,]+)", place.read_text())
        assert [sorted(names.split(",")) for names in asked] == [sorted(conftest._NEEDS)], place
