"""`python -m dataset audit`: what it prints and writes of whole sets, of samples and of sets with damaged files."""

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
from dataset.quality.audit import audit_dataset
from dataset.quality.features import scan_images
from dataset.quality.report import audit_report
from dataset.split import split
from model.inference.classifier import Classifier
from model.inference.release_loader import load_release
from tests.support.synthetic import drawn_film
from tests.support.terminal import Terminal


def save(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(drawn_film(seed).round().astype(np.uint8)).save(path)


@pytest.fixture
def samples(tmp_path, monkeypatch) -> Path:
    """A set of six films in `test/` alone, as a handful of samples is."""
    root = tmp_path / "set"
    for n in range(3):
        save(root / "test" / "NORMAL" / f"IM-{n:04}-0001.png", seed=n)
        save(root / "test" / "PNEUMONIA" / f"person{n}_virus_1.png", seed=10 + n)
    monkeypatch.setenv("CHEST_XRAY_DIR", str(root))
    return root


@pytest.fixture
def leaky(samples) -> Path:
    """The samples, and a set for training that holds a copy of one of them under another label and name."""
    for label, form in (("NORMAL", "IM-{:04}-0001.png"), ("PNEUMONIA", "person{}_bacteria_1.png")):
        for number in (1, 3, 24, 29):
            save(samples / "train" / label / form.format(number), seed=number + (50 if label == "NORMAL" else 90))
    save(samples / "train" / "PNEUMONIA" / "person400_bacteria_1.png", seed=0)
    return samples


def found_in(root: Path) -> dict:
    parts = {name: part for name, part in vars(split(load_index(root))).items() if part}
    return audit_dataset(scan_images(Classifier(load_release()), parts))


def test_a_set_is_audited_in_sentences(leaky, capsys):
    assert main(["audit"]) == 0

    said = capsys.readouterr()
    assert said.out.splitlines() == audit_report(found_in(leaky))
    assert "All 15 pictures can be read." in said.out
    original, copy = "IM-0000-0001.png", "person400_bacteria_1.png"
    for words in ("1 with different labels", "1 in two official splits", "1 under the names of two patients"):
        assert f"{words} ({copy} and {original})" in said.out
    assert "person1_virus" not in said.out


@pytest.mark.usefixtures("samples")
def test_samples_that_no_training_could_be_cut_from_are_audited_too(capsys):
    assert main(["audit"]) == 0

    first, second, *_ = capsys.readouterr().out.splitlines()
    assert (first, second) == ("All 6 pictures can be read.", "No picture is a copy of another.")


@pytest.mark.usefixtures("samples")
def test_a_terminal_shows_a_bar_for_each_part_that_has_pictures(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())

    assert main(["audit"]) == 0

    bars = [line.split("\r")[-1] for line in terminal.getvalue().strip().split("\n")]
    assert [re.match(r"reading test pictures: 100%.* 6/6 ", bar) is not None for bar in bars] == [True]


def test_all_that_was_found_is_written_as_json_where_it_is_asked_for(leaky, tmp_path, capsys):
    out = tmp_path / "audit.json"

    assert main(["audit", "--out", str(out)]) == 0

    assert json.loads(out.read_text()) == found_in(leaky)
    assert out.read_text().endswith("\n}\n")
    assert capsys.readouterr().out.splitlines()[-1] == f"Written to {out}."


def test_pictures_that_cannot_be_read_are_listed_and_the_others_audited(samples, capsys):
    damaged = samples / "test" / "NORMAL" / "IM-0001-0001.png"
    damaged.write_bytes(damaged.read_bytes()[:300])

    assert main(["audit"]) == 0

    said = capsys.readouterr().out.splitlines()
    assert said[0] == "1 picture cannot be read (IM-0001-0001.png)."
    assert said[-1].startswith("IM-0001-0001.png: This picture is damaged or incomplete, so it is not read.")
    assert "by series and number, 5 patients" in said[3]


def test_a_set_of_which_nothing_can_be_read_is_one_sentence(samples, capsys):
    for path in samples.glob("*/*/*.png"):
        path.write_bytes(b"no picture")

    assert main(["audit"]) == 1

    assert capsys.readouterr().err == (
        "Not one picture of the data set can be read: its files are to be complete PNG or JPEG pictures.\n"
    )


def test_without_a_set_the_way_to_one_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CHEST_XRAY_DIR", str(tmp_path / "nowhere"))

    assert main(["audit"]) == 1

    assert capsys.readouterr() == (
        "",
        f"There is no folder {tmp_path / 'nowhere'}. Set CHEST_XRAY_DIR to the folder that holds train/, val/ and "
        "test/, or fetch the set with `python -m dataset download`.\n",
    )


@pytest.mark.parametrize("place", ["", "nowhere/audit.json", "set"])
def test_a_place_that_cannot_be_written_to_is_told_before_anything_is_read(samples, monkeypatch, capsys, place):
    monkeypatch.setattr(dataset.quality.features, "scan_images", None)
    out = os.path.join(samples.parent, place)

    with pytest.raises(SystemExit) as ended:
        main(["audit", "--out", out])

    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"--out: {out} is not a file in a folder that is there\n")
