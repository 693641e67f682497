"""Features of every image, and unreadable files."""

import hashlib
import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dataset.errors import DatasetUnusable
from dataset.index import LabelledImage, load_index
from dataset.quality.features import scan_images
from model.codes import Caution, Label, SplitName
from model.imaging.decode import decode
from model.imaging.perceptual_hash import perceptual_hash
from model.imaging.preprocessing import WORKING_SIDE, working_image
from model.inference.classifier import Classifier, load_model
from model.messages import MessageCode
from model.sentences import render_codes
from tests.support.synthetic import random_radiograph

NAMES = {Label.NORMAL: "IM-{:04}-0001.png", Label.PNEUMONIA: "person{}_virus_1.png"}


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return load_model()


@pytest.fixture
def root(tmp_path) -> Path:
    """Create a data set with three images of each class in `train/` and one in `test/`, of several sizes."""
    locations = itertools.product([("train", 1), ("train", 2), ("train", 3), ("test", 4)], NAMES)
    for seed, ((split, number), label) in enumerate(locations):
        folder = tmp_path / split / label
        folder.mkdir(parents=True, exist_ok=True)
        image = random_radiograph(seed, side=224 + 40 * (seed % 3))[: 224 + seed]
        Image.fromarray(image.round().astype(np.uint8)).save(folder / NAMES[label].format(number))
    return tmp_path


def parts_of(root: Path) -> dict[str, list[LabelledImage]]:
    records = load_index(root)
    return {
        SplitName.TRAINING: [record for record in records if record.split == "train"],
        SplitName.TEST: [record for record in records if record.split == "test"],
    }


def test_every_image_has_a_row_with_its_identity(classifier, root):
    parts = parts_of(root)
    inventory = scan_images(classifier, parts)

    columns = ["file", "patient", "group", "folder", "split", "label", "cause"]
    assert inventory.rows[columns].to_numpy().tolist() == [
        [r.path.name, r.patient, r.group, r.split, split, r.label, r.cause]
        for split, records in parts.items()
        for r in records
    ]
    assert inventory.unreadable == []


def test_repeated_file_names_become_relative_paths_even_if_unreadable(classifier, root):
    normal = root / "train" / "NORMAL"
    shutil.copy(normal / "IM-0001-0001.png", root / "test" / "NORMAL" / "IM-0001-0001.png")
    (root / "test" / "NORMAL" / "IM-0002-0001.png").write_bytes(b"")
    inventory = scan_images(classifier, parts_of(root))

    assert {"train/NORMAL/IM-0001-0001.png", "test/NORMAL/IM-0001-0001.png"} <= set(inventory.rows["file"])
    assert [file["file"] for file in inventory.unreadable] == ["test/NORMAL/IM-0002-0001.png"]
    assert len(set(inventory.rows["file"])) == len(inventory.rows)


def test_features_equal_those_of_a_single_inference(classifier, root):
    parts = parts_of(root)
    inventory = scan_images(classifier, parts)

    for n, record in enumerate(parts[SplitName.TRAINING] + parts[SplitName.TEST]):
        radiograph = decode(record.path.read_bytes())
        finding, working, row = classifier.read(radiograph), working_image(radiograph), inventory.rows.iloc[n]
        assert row["probability"] == finding.probability
        assert row["lungs_found"] == (Caution.LUNGS_NOT_FOUND not in finding.cautions)
        assert (row["height"], row["width"]) == (radiograph.height, radiograph.width)
        assert (row["intensity"], row["contrast"]) == (pytest.approx(working.mean()), pytest.approx(working.std()))
        assert row["content"] == hashlib.sha256(working.tobytes()).hexdigest()
        np.testing.assert_array_equal(inventory.embeddings[n], finding.embedding)
        np.testing.assert_array_equal(inventory.fingerprints[n], perceptual_hash(working))


def test_mean_image_is_the_mean_of_the_working_images(classifier, root):
    parts = parts_of(root)
    inventory = scan_images(classifier, parts)

    assert inventory.sums.keys() == {(split, cause) for split in parts for cause in ("none", "viral")}
    viral = [r for r in parts[SplitName.TRAINING] if r.cause == "viral"]
    mean, count = inventory.mean_image(SplitName.TRAINING, "viral")
    assert count == len(viral) == 3
    assert mean.shape == (WORKING_SIDE, WORKING_SIDE)
    working = [working_image(decode(r.path.read_bytes())) for r in viral]
    np.testing.assert_allclose(mean, np.mean(working, axis=0), rtol=1e-5)


def test_unreadable_files_are_listed_with_the_reason(classifier, root):
    parts = parts_of(root)
    damaged, missing = parts[SplitName.TRAINING][0].path, parts[SplitName.TEST][0].path
    damaged.write_bytes(damaged.read_bytes()[:200])
    missing.unlink()

    inventory = scan_images(classifier, parts)

    assert inventory.unreadable == [
        {"file": damaged.name, "reason": render_codes([MessageCode.FILE_DAMAGED])},
        {"file": missing.name, "reason": "No such file or directory."},
    ]
    assert not {damaged.name, missing.name} & set(inventory.rows["file"])
    assert len(inventory.rows) == len(inventory.embeddings) == len(inventory.fingerprints) == 6
    assert inventory.mean_image(SplitName.TRAINING, "none")[1] == 2
    assert (SplitName.TEST, "none") not in inventory.sums


def test_data_set_without_readable_images_is_an_error(classifier, root):
    parts = parts_of(root)
    for record in parts[SplitName.TRAINING] + parts[SplitName.TEST]:
        record.path.write_bytes(b"not an image")

    with pytest.raises(DatasetUnusable) as caught:
        scan_images(classifier, parts)
    assert caught.value.messages[0].code == MessageCode.NO_READABLE_IMAGES
