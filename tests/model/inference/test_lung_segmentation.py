"""Lung fields: the box they give, how they are measured, and the command that learns them."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as hypothesis
from PIL import Image

from model.imaging.geometry import RelativeBox
from model.inference.lung_segmentation import LungMask, lung_box, lung_mask
from model.release_files import ReleaseFile
from training.cli import main
from training.evaluation.lung_segmentation import compare_masks
from training.fitting.lungs import LUNG_METRICS_FILE, _move
from training.networks.lung_unet import build_lung_unet


def two_lungs(side: int = 64) -> np.ndarray:
    """Lung probability: two ellipses in an upright chest."""
    y, x = np.mgrid[0 : 1 : side * 1j, 0 : 1 : side * 1j]
    return np.maximum.reduce([1.0 * (((x - c) / 0.15) ** 2 + ((y - 0.5) / 0.3) ** 2 < 1) for c in (0.3, 0.7)])


def test_both_lungs_are_kept_and_a_speck_is_not():
    probability = two_lungs()
    speckled = probability.copy()
    speckled[1:3, 1:3] = 1
    assert (lung_mask(speckled) == (probability >= 0.5)).all()


def test_the_box_holds_the_fields_and_touches_them():
    fields = np.zeros((20, 40), bool)
    fields[5:15, 10:30] = True
    assert lung_box(fields) == RelativeBox(left=0.25, top=0.25, right=0.75, bottom=0.75)


def test_without_lungs_there_is_no_box():
    assert lung_box(lung_mask(np.full((16, 16), 0.4))) is None


@settings(derandomize=True, deadline=None)
@given(hypothesis.integers(0, 10**6), hypothesis.floats(0, 1))
def test_a_box_lies_within_the_picture_whatever_the_map(seed, level):
    probability = np.random.default_rng(seed).random((12, 17)) * level
    if box := lung_box(lung_mask(probability)):
        assert 0 <= box.left < box.right <= 1
        assert 0 <= box.top < box.bottom <= 1


def found(fields: np.ndarray) -> LungMask:
    return LungMask(fields, lung_box(fields))


def test_a_speck_alone_is_no_lungs():
    fields = np.zeros((64, 64), bool)
    fields[3:6, 3:6] = True
    assert lung_box(fields) is None


def test_the_drawn_fields_themselves_measure_as_perfect():
    drawn = np.stack([two_lungs() >= 0.5] * 3)
    measured = compare_masks([found(fields) for fields in drawn], drawn)
    assert measured["dice"] == {"mean": 1, "median": 1, "p05": 1}
    assert measured["box_error"] == {"mean": 0, "p95": 0}
    assert measured["not_found"] == 0


def test_a_picture_without_found_lungs_is_counted_and_has_no_box_error():
    drawn = np.stack([two_lungs() >= 0.5] * 2)
    measured = compare_masks([found(drawn[0]), None], drawn)
    assert measured["not_found"] == 1
    assert measured["dice"]["mean"] == 0.5
    assert measured["box_error"]["mean"] == 0


def test_a_box_off_by_a_tenth_has_an_error_of_a_tenth():
    drawn, wider = np.zeros((1, 20, 20), bool), np.zeros((20, 20), bool)
    drawn[0, 4:16, 4:16], wider[4:16, 4:18] = True, True
    assert compare_masks([found(wider)], drawn)["box_error"]["mean"] == pytest.approx(0.1)


def test_picture_and_fields_are_moved_alike():
    fields = np.uint8(255 * two_lungs())
    picture, moved = _move(fields, fields, 1.0, np.random.default_rng(3))
    assert (picture == moved).all()
    assert not (moved == fields).all()


def test_the_network_gives_one_logit_for_each_pixel():
    network = build_lung_unet(32)
    assert network.input_shape == network.output_shape == (None, 32, 32, 1)
    assert network.count_params() < 300_000


def write_masks(data, masks) -> None:
    masks.mkdir()
    for path in data.rglob("*.*"):
        if path.is_file():
            Image.fromarray(two_lungs(40) >= 0.5).save(masks / f"{path.stem}.png")


def arguments(data, masks, run) -> list[str]:
    sizes = ["--size", "32", "--epochs", "1", "--batch-size", "8"]
    return ["lungs", "--data", str(data), "--masks", str(masks), "--run", str(run), *sizes]


def test_the_command_learns_lungs_and_measures_them_on_held_out_patients(tiny_set, tmp_path, capsys):
    write_masks(tiny_set, tmp_path / "masks")
    assert main(arguments(tiny_set, tmp_path / "masks", tmp_path / "run")) == 0
    measured = json.loads((tmp_path / "run" / LUNG_METRICS_FILE).read_text())
    assert json.loads(capsys.readouterr().out) == measured
    assert measured["n"] > 0
    assert 0 <= measured["dice"]["mean"] <= 1
    assert {ReleaseFile.LUNGS_KERAS, ReleaseFile.LUNGS} <= {path.name for path in (tmp_path / "run").iterdir()}


def test_a_folder_without_masks_of_these_pictures_is_told(tiny_set, tmp_path, capsys):
    assert main(arguments(tiny_set, tmp_path, tmp_path / "run")) == 1
    assert f"{tmp_path} holds no mask named as a picture of the set." in capsys.readouterr().err


def test_a_damaged_mask_is_named(tiny_set, tmp_path, capsys):
    masks = tmp_path / "masks"
    write_masks(tiny_set, masks)
    for path in masks.iterdir():
        path.write_bytes(b"no picture")
    assert main(arguments(tiny_set, masks, tmp_path / "run")) == 1
    told = capsys.readouterr().err
    assert f"The mask {masks}" in told
    assert "cannot be read. Replace or remove it." in told
