"""One look at every picture: what is kept of it, and what becomes of pictures that cannot be read."""

import hashlib
import itertools
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dataset.index import LabelledImage, load_index
from dataset.quality.features import scan_images
from model.codes import Caution
from model.errors import DatasetError
from model.imaging.decode import decode
from model.imaging.perceptual_hash import perceptual_hash
from model.imaging.preprocessing import WORKING_SIDE, working_image
from model.inference.classifier import Classifier
from model.inference.release_loader import load_release
from tests.support.synthetic import drawn_film

NAMES = {"NORMAL": "IM-{:04}-0001.png", "PNEUMONIA": "person{}_virus_1.png"}


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(load_release())


@pytest.fixture
def root(tmp_path) -> Path:
    """Three films of each class in `train/` and one in `test/`, of several sizes."""
    places = itertools.product([("train", 1), ("train", 2), ("train", 3), ("test", 4)], NAMES)
    for seed, ((split, number), label) in enumerate(places):
        folder = tmp_path / split / label
        folder.mkdir(parents=True, exist_ok=True)
        film = drawn_film(seed, side=224 + 40 * (seed % 3))[: 224 + seed]
        Image.fromarray(film.round().astype(np.uint8)).save(folder / NAMES[label].format(number))
    return tmp_path


def parts_of(root: Path) -> dict[str, list[LabelledImage]]:
    records = load_index(root)
    return {"training": [r for r in records if r.split == "train"], "test": [r for r in records if r.split == "test"]}


def test_every_picture_has_a_row_that_tells_where_it_stands(classifier, root):
    parts = parts_of(root)
    seen = scan_images(classifier, parts)

    columns = ["file", "patient", "group", "folder", "split", "label", "cause"]
    assert seen.rows[columns].to_numpy().tolist() == [
        [r.path.name, r.patient, r.group, r.split, split, r.label, r.cause]
        for split, records in parts.items()
        for r in records
    ]
    assert seen.unreadable == []


def test_films_of_one_name_in_two_folders_are_told_apart_read_or_not(classifier, root):
    normal = root / "train" / "NORMAL"
    shutil.copy(normal / "IM-0001-0001.png", root / "test" / "NORMAL" / "IM-0001-0001.png")
    (root / "test" / "NORMAL" / "IM-0002-0001.png").write_bytes(b"")
    seen = scan_images(classifier, parts_of(root))

    assert {"train/NORMAL/IM-0001-0001.png", "test/NORMAL/IM-0001-0001.png"} <= set(seen.rows["file"])
    assert [one["file"] for one in seen.unreadable] == ["test/NORMAL/IM-0002-0001.png"]
    assert len(set(seen.rows["file"])) == len(seen.rows)


def test_what_is_kept_of_a_picture_is_what_a_reading_of_its_own_gives(classifier, root):
    parts = parts_of(root)
    seen = scan_images(classifier, parts)

    for n, record in enumerate(parts["training"] + parts["test"]):
        radiograph = decode(record.path.read_bytes())
        finding, working, row = classifier.read(radiograph), working_image(radiograph), seen.rows.iloc[n]
        assert row["probability"] == finding.probability
        assert row["lungs_found"] == (Caution.LUNGS_NOT_FOUND not in finding.cautions)
        assert (row["height"], row["width"]) == (radiograph.height, radiograph.width)
        assert (row["intensity"], row["contrast"]) == (pytest.approx(working.mean()), pytest.approx(working.std()))
        assert row["content"] == hashlib.sha256(working.tobytes()).hexdigest()
        np.testing.assert_array_equal(seen.embeddings[n], finding.embedding)
        np.testing.assert_array_equal(seen.fingerprints[n], perceptual_hash(working))


def test_the_mean_of_a_split_and_cause_is_that_of_its_working_pictures(classifier, root):
    parts = parts_of(root)
    seen = scan_images(classifier, parts)

    assert seen.sums.keys() == {(split, cause) for split in parts for cause in ("none", "viral")}
    of_cause = [r for r in parts["training"] if r.cause == "viral"]
    mean, count = seen.mean_picture("training", "viral")
    assert count == len(of_cause) == 3
    assert mean.shape == (WORKING_SIDE, WORKING_SIDE)
    working = [working_image(decode(r.path.read_bytes())) for r in of_cause]
    np.testing.assert_allclose(mean, np.mean(working, axis=0), rtol=1e-5)


def test_pictures_that_cannot_be_read_are_listed_with_the_reason_and_in_nothing_else(classifier, root):
    parts = parts_of(root)
    damaged, gone = parts["training"][0].path, parts["test"][0].path
    damaged.write_bytes(damaged.read_bytes()[:200])
    gone.unlink()

    seen = scan_images(classifier, parts)

    assert seen.unreadable == [
        {
            "file": damaged.name,
            "reason": "This picture is damaged or incomplete, so it is not read. Complete DICOM, PNG and JPEG files "
            "are accepted. Please export or copy it again and choose the new file.",
        },
        {"file": gone.name, "reason": "No such file or directory."},
    ]
    assert not {damaged.name, gone.name} & set(seen.rows["file"])
    assert len(seen.rows) == len(seen.embeddings) == len(seen.fingerprints) == 6
    assert seen.mean_picture("training", "none")[1] == 2
    assert ("test", "none") not in seen.sums


def test_a_set_of_which_nothing_can_be_read_is_told(classifier, root):
    parts = parts_of(root)
    for record in parts["training"] + parts["test"]:
        record.path.write_bytes(b"no picture")

    sentence = "Not one picture of the data set can be read: its files are to be complete PNG or JPEG pictures."
    with pytest.raises(DatasetError, match=f"^{re.escape(sentence)}$"):
        scan_images(classifier, parts)
