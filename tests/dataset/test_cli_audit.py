"""`python -m dataset audit`: output for complete data sets, for samples and for damaged files."""

import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dataset.quality.features
from dataset.cli import main
from dataset.index import load_index
from dataset.quality.audit import DatasetAudit, audit_dataset
from dataset.quality.features import scan_images
from dataset.quality.report import audit_report
from dataset.split import split
from model.inference.classifier import load_model
from tests.support.synthetic import random_radiograph
from tests.support.terminal import Terminal


def save(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(random_radiograph(seed).round().astype(np.uint8)).save(path)


@pytest.fixture
def samples(tmp_path, monkeypatch) -> Path:
    """A data set of six images, in `test/` only, as downloaded samples are."""
    root = tmp_path / "set"
    for n in range(3):
        save(root / "test" / "NORMAL" / f"IM-{n:04}-0001.png", seed=n)
        save(root / "test" / "PNEUMONIA" / f"person{n}_virus_1.png", seed=10 + n)
    monkeypatch.setenv("CHEST_XRAY_DIR", str(root))
    return root


@pytest.fixture
def leaky(samples) -> Path:
    """The samples, and training images with a copy of one of them under another label and name."""
    for label, form in (("NORMAL", "IM-{:04}-0001.png"), ("PNEUMONIA", "person{}_bacteria_1.png")):
        for number in (1, 3, 24, 29):
            save(samples / "train" / label / form.format(number), seed=number + (50 if label == "NORMAL" else 90))
    save(samples / "train" / "PNEUMONIA" / "person400_bacteria_1.png", seed=0)
    return samples


def audit_of(root: Path) -> DatasetAudit:
    parts = {name: records for name, records in split(load_index(root)).parts().items() if records}
    return audit_dataset(scan_images(load_model(), parts))


def test_audit_prints_sentences(leaky, capsys):
    assert main(["audit"]) == 0

    output = capsys.readouterr().out
    assert output.splitlines() == audit_report(audit_of(leaky))
    assert "All 15 pictures can be read." in output
    original, copy = "IM-0000-0001.png", "person400_bacteria_1.png"
    for contradiction in ("1 with different labels", "1 in two official splits", "1 under the names of two patients"):
        assert f"{contradiction} ({copy} and {original})" in output
    assert "person1_virus" not in output


@pytest.mark.usefixtures("samples")
def test_samples_without_training_images_are_audited(capsys):
    assert main(["audit"]) == 0

    first, second, *_ = capsys.readouterr().out.splitlines()
    assert (first, second) == ("All 6 pictures can be read.", "No picture is a copy of another.")


@pytest.mark.usefixtures("samples")
def test_terminal_shows_a_bar_per_split_with_images(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())

    assert main(["audit"]) == 0

    bars = [line.split("\r")[-1] for line in terminal.getvalue().strip().split("\n")]
    assert [re.match(r"reading test pictures: 100%.* 6/6 ", bar) is not None for bar in bars] == [True]


def test_audit_is_written_as_json(leaky, tmp_path, capsys):
    out = tmp_path / "audit.json"

    assert main(["audit", "--out", str(out)]) == 0

    assert json.loads(out.read_text()) == audit_of(leaky)
    assert out.read_text().endswith("\n}\n")
    assert capsys.readouterr().out.splitlines()[-1] == f"Written to {out}."


def test_unreadable_files_are_listed_and_the_others_audited(samples, capsys):
    damaged = samples / "test" / "NORMAL" / "IM-0001-0001.png"
    damaged.write_bytes(damaged.read_bytes()[:300])

    assert main(["audit"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 picture cannot be read (IM-0001-0001.png)."
    assert lines[-1].startswith("IM-0001-0001.png: This picture is damaged or incomplete, so it is not read.")
    assert "by series and number, 5 patients" in lines[3]


def test_data_set_without_readable_files_is_an_error(samples, capsys):
    for path in samples.glob("*/*/*.png"):
        path.write_bytes(b"no picture")

    assert main(["audit"]) == 1

    assert capsys.readouterr().err == (
        "Not one picture of the data set can be read: its files are to be complete PNG or JPEG pictures.\n"
    )


def test_missing_data_set_is_reported_with_how_to_get_one(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CHEST_XRAY_DIR", str(tmp_path / "nowhere"))

    assert main(["audit"]) == 1

    assert capsys.readouterr() == (
        "",
        f"There is no folder {tmp_path / 'nowhere'}. Set CHEST_XRAY_DIR to the folder that holds train/, val/ and "
        "test/, or fetch the set with `python -m dataset download`.\n",
    )


@pytest.mark.parametrize("out_name", ["", "nowhere/audit.json", "set"])
def test_unusable_output_file_is_refused_before_reading(samples, monkeypatch, capsys, out_name):
    monkeypatch.setattr(dataset.quality.features, "scan_images", None)
    out = os.path.join(samples.parent, out_name)

    with pytest.raises(SystemExit) as stop:
        main(["audit", "--out", out])

    assert stop.value.code == 2
    assert capsys.readouterr().err.endswith(f"--out: {out} is not a file in a folder that is there\n")
