"""`python -m training evaluate`: output, files, and error messages."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from dataset.index import load_index
from model.codes import SplitName
from tests.support.training import error_message
from training.cli import _parser, main

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("small_samples")]


def test_evaluate_prints_the_metrics_and_the_folder_they_were_written_to(tiny_set, packaged_run, tmp_path, capsys):
    arguments = ["evaluate", "--data", str(tiny_set), "--run", str(packaged_run), "--split", SplitName.VALIDATION]
    assert main([*arguments, "--out", str(tmp_path / "out"), "--test-log", str(tmp_path / "TEST_LOG.csv")]) == 0

    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "Operating point: balanced. 95% confidence intervals by patient."
    assert printed[1].startswith("validation: n = 20, 10 patients, {'tp': ")
    auc = metrics["splits"][SplitName.VALIDATION]["auc"]
    assert f"  auc          {auc['value']:.4f} ({auc['low']:.4f} to {auc['high']:.4f})" in printed
    assert printed[-1] == f"Metrics written to {tmp_path / 'out'}."
    assert not (tmp_path / "TEST_LOG.csv").exists()


def test_former_option_names_are_aliases():
    options = _parser().parse_args(["evaluate", "--full-size", "originals", "--sizes", "sizes.csv"])

    assert (options.originals, options.original_sizes) == (Path("originals"), Path("sizes.csv"))


def test_masks_originals_and_sizes_add_the_lungs_and_the_complete_audit(tiny_set, packaged_run, tmp_path):
    records = load_index(tiny_set)
    for record in records:
        (tmp_path / "masks").mkdir(exist_ok=True)
        Image.new("1", (40, 40), 1).save(tmp_path / "masks" / f"{record.path.stem}.png")
        (tmp_path / "originals").mkdir(exist_ok=True)
        Image.open(record.path).resize((400, 400)).save(tmp_path / "originals" / record.path.name)
    rows = [f"{record.path.name},{1000 + number},900" for number, record in enumerate(records)]
    (tmp_path / "sizes.csv").write_text("\n".join(["file,width,height", *rows]))
    arguments = ["evaluate", "--data", str(tiny_set), "--run", str(packaged_run), "--split", "validation"]
    auxiliary = {"--masks": "masks", "--originals": "originals", "--original-sizes": "sizes.csv"}
    options = [part for option, name in auxiliary.items() for part in (option, str(tmp_path / name))]

    assert main([*arguments, *options, "--out", str(tmp_path / "out")]) == 0

    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["lungs"]["n"] == 20
    assert metrics["lungs"]["dice"]["mean"] > 0.8  # the masks cover everything, and most of each image is dark
    inside = metrics["drawn_lungs"]["class_activation_map"]
    assert (inside["value"], inside["n"] > 0) == (1, True)  # of images with pneumonia and positive evidence
    missing = [name for name, measured in metrics["shortcut_audit"].items() if not measured]
    assert missing == ["population_alone"], "which needs adults, too"
    assert metrics["shortcut_audit"]["scaled_copies"]["n"] == 20


def test_a_split_without_images_gives_an_error_message(own_set, packaged_run, tmp_path, capsys):
    shutil.rmtree(own_set / "test")
    log = tmp_path / "TEST_LOG.csv"

    assert main(["evaluate", "--data", str(own_set), "--run", str(packaged_run), "--test-log", str(log)]) == 1

    assert error_message(capsys) == "The data set contains no test images. Choose other splits with --split."
    assert not log.exists()


def test_a_run_that_was_not_packaged_gives_an_error_message(tiny_set, tiny_run, capsys):
    assert main(["evaluate", "--data", str(tiny_set), "--run", str(tiny_run)]) == 1

    assert error_message(capsys) == (
        f"{tiny_run} has not been packaged. Run `python -m training package --run {tiny_run}` first."
    )
