"""`python -m dataset audit`: output for complete data sets, samples and damaged files."""

import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dataset.quality.features
from dataset.adult_tables import BOXES_FILE
from dataset.cli import main
from dataset.index import load_index
from dataset.quality.audit import DatasetAudit, audit_dataset
from dataset.quality.features import scan_images
from dataset.quality.report import audit_report
from dataset.split import split
from model.codes import Label
from model.inference.classifier import load_model
from model.messages import Message, MessageCode
from model.sentences import render, render_codes
from tests.support.synthetic import random_radiograph
from tests.support.terminal import Terminal

ADULTS_HEADING = "adults (SIIM-FISABIO-RSNA 2021)"


def save(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(random_radiograph(seed).round().astype(np.uint8)).save(path)


@pytest.fixture
def samples(tmp_path, monkeypatch) -> Path:
    """Create a data set of six images in `test/` only, as after a download of samples."""
    root = tmp_path / "set"
    for n in range(3):
        save(root / "test" / "NORMAL" / f"IM-{n:04}-0001.png", seed=n)
        save(root / "test" / "PNEUMONIA" / f"person{n}_virus_1.png", seed=10 + n)
    monkeypatch.setenv("CHEST_XRAY_DIR", str(root))
    monkeypatch.setenv("ADULT_XRAY_DIR", str(tmp_path / "no adults"))
    return root


@pytest.fixture
def leaky(samples) -> Path:
    """Add training images to the samples, including a duplicate with a different label and patient."""
    for label, form in ((Label.NORMAL, "IM-{:04}-0001.png"), (Label.PNEUMONIA, "person{}_bacteria_1.png")):
        for number in (1, 3, 24, 29):
            save(samples / "train" / label / form.format(number), seed=number + (50 if label == Label.NORMAL else 90))
    save(samples / "train" / "PNEUMONIA" / "person400_bacteria_1.png", seed=0)
    return samples


def audit_of(root: Path) -> DatasetAudit:
    parts = {name: records for name, records in split(load_index(root)).parts().items() if records}
    return audit_dataset(scan_images(load_model(), parts))


@pytest.mark.slow
def test_audit_prints_the_report(leaky, capsys):
    assert main(["audit"]) == 0

    output = capsys.readouterr().out
    assert output.splitlines() == audit_report(audit_of(leaky))
    assert output.count("(person400_bacteria_1.png and IM-0000-0001.png)") == 4  # label, both kinds of split, patient
    assert "person1_virus" not in output


@pytest.mark.usefixtures("samples")
def test_samples_without_training_images_are_audited(capsys):
    assert main(["audit"]) == 0

    assert capsys.readouterr().out.startswith("All 6 images can be read.\n")


@pytest.mark.usefixtures("samples")
def test_terminal_shows_a_progress_bar_per_split_with_images(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())

    assert main(["audit"]) == 0

    bars = [line.split("\r")[-1] for line in terminal.getvalue().strip().split("\n")]
    assert [re.match(r"reading test images: 100%.* 6/6 ", bar) is not None for bar in bars] == [True]


@pytest.mark.slow
def test_audit_is_written_as_json(leaky, tmp_path, capsys):
    out = tmp_path / "audit.json"

    assert main(["audit", "--out", str(out)]) == 0

    assert json.loads(out.read_text()) == audit_of(leaky)
    assert out.read_text().endswith("\n}\n")
    assert capsys.readouterr().out.splitlines()[-1] == f"Written to {out}."


@pytest.mark.slow
@pytest.mark.parametrize("has_children", [True, False])
def test_both_data_sets_are_audited_each_on_its_own(samples, adult_set, tmp_path, monkeypatch, capsys, has_children):
    monkeypatch.setenv("ADULT_XRAY_DIR", str(adult_set))
    if not has_children:
        monkeypatch.setenv("CHEST_XRAY_DIR", str(tmp_path / "nowhere"))
    out = tmp_path / "audit.json"

    assert main(["audit", "--out", str(out)]) == 0

    audit, lines = json.loads(out.read_text()), capsys.readouterr().out.splitlines()
    assert audit["adults"]["images"] == 32
    assert audit["adults"]["patients"] == {"table": {"patients": 16, "in_two_folders": 0, "in_two_splits": 0}}
    assert "All 32 images can be read." in lines
    children = {name: content for name, content in audit.items() if name != "adults"}
    assert children == (audit_of(samples) if has_children else {})
    headings = [line for line in lines if line in ("children (Kermany, Zhang and Goldbaum 2018)", ADULTS_HEADING)]
    assert len(headings) == 2 * has_children


def test_a_malformed_adult_data_set_is_reported_before_any_image_is_read(samples, monkeypatch, capsys):
    monkeypatch.setattr(dataset.quality.features, "scan_images", None)
    monkeypatch.setenv("ADULT_XRAY_DIR", str(samples))

    assert main(["audit"]) == 1

    params = {"folder": str(samples), "table": BOXES_FILE}
    assert capsys.readouterr() == ("", f"{render([Message(MessageCode.ADULT_DATASET_UNUSABLE, params)])}\n")


def test_unreadable_files_are_listed_and_the_others_audited(samples, capsys):
    damaged = samples / "test" / "NORMAL" / "IM-0001-0001.png"
    damaged.write_bytes(damaged.read_bytes()[:300])

    assert main(["audit"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 image cannot be read (IM-0001-0001.png)."
    assert lines[-1] == f"IM-0001-0001.png: {render_codes([MessageCode.FILE_DAMAGED])}"
    assert "by series and number in the file name: 5." in lines[3]


def test_data_set_without_readable_files_is_an_error(samples, capsys):
    for path in samples.glob("*/*/*.png"):
        path.write_bytes(b"not an image")

    assert main(["audit"]) == 1

    assert capsys.readouterr().err == f"{render_codes([MessageCode.NO_READABLE_IMAGES])}\n"


def test_missing_data_set_is_reported(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CHEST_XRAY_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("ADULT_XRAY_DIR", str(tmp_path / "no adults"))

    assert main(["audit"]) == 1

    message = Message(MessageCode.DATASET_MISSING, {"folder": str(tmp_path / "nowhere")})
    assert capsys.readouterr() == ("", f"{render([message])}\n")


@pytest.mark.parametrize("out_name", ["", "nowhere/audit.json", "set"])
def test_unusable_output_file_is_refused_before_reading(samples, monkeypatch, capsys, out_name):
    monkeypatch.setattr(dataset.quality.features, "scan_images", None)
    out = os.path.join(samples.parent, out_name)

    with pytest.raises(SystemExit) as stop:
        main(["audit", "--out", out])

    assert stop.value.code == 2
    assert capsys.readouterr().err.endswith(f"--out: {out} must be a file name in an existing folder\n")
