"""Training of the lung network: augmentation, architecture and command."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.release_files import ReleaseFile
from tests.support.lungs import two_lungs
from tests.support.training import quick_training
from training.cli import main
from training.fitting.lungs import LUNG_METRICS_FILE, _transform
from training.networks.lung_unet import build_lung_unet

pytestmark = pytest.mark.slow


def test_image_and_mask_are_transformed_together():
    fields = np.uint8(255 * two_lungs())
    moved_image, moved_mask = _transform(fields, fields, 1.0, np.random.default_rng(3))
    assert (moved_image == moved_mask).all()
    assert not (moved_mask == fields).all()


def test_the_network_has_one_logit_per_pixel():
    network = build_lung_unet(32)
    assert network.input_shape == network.output_shape == (None, 32, 32, 1)
    assert network.count_params() < 300_000


def write_masks(data: Path, masks: Path) -> None:
    """Write masks for the JPEG files, which are half of the images."""
    masks.mkdir()
    for path in data.rglob("*.jpeg"):
        Image.fromarray(two_lungs(40) >= 0.5).save(masks / f"{path.stem}.png")


def arguments(data: Path, masks: Path, run: Path) -> list[str]:
    sizes = ["--input-size", "32", "--epochs", "1", "--batch-size", "8"]
    return ["fit-lungs", "--data", str(data), "--masks", str(masks), "--run", str(run), *sizes]


def test_the_command_trains_the_lung_network_and_measures_it_on_held_out_patients(tiny_set, tmp_path, capsys):
    write_masks(tiny_set, tmp_path / "masks")
    with quick_training(eager=True):
        assert main(arguments(tiny_set, tmp_path / "masks", tmp_path / "run")) == 0
    metrics = json.loads((tmp_path / "run" / LUNG_METRICS_FILE).read_text())
    assert json.loads(capsys.readouterr().out) == metrics
    assert metrics["n"] > 0
    assert 0 <= metrics["dice"]["mean"] <= 1
    assert {ReleaseFile.LUNGS_KERAS, ReleaseFile.LUNGS} <= {path.name for path in (tmp_path / "run").iterdir()}


def test_a_folder_without_masks_of_the_data_set_is_refused(tiny_set, tmp_path, capsys):
    assert main(arguments(tiny_set, tmp_path, tmp_path / "run")) == 1
    assert f"{tmp_path} contains no mask for an image in the data set." in capsys.readouterr().err


def test_a_damaged_mask_is_named(tiny_set, tmp_path, capsys):
    masks = tmp_path / "masks"
    write_masks(tiny_set, masks)
    for path in masks.iterdir():
        path.write_bytes(b"no image")
    assert main(arguments(tiny_set, masks, tmp_path / "run")) == 1
    error = capsys.readouterr().err
    assert f"The mask {masks}" in error
    assert "cannot be read. Replace or remove it." in error
