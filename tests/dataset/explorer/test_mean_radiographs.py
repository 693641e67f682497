"""Mean radiographs of at least a hundred training images, as saved in and loaded from a release."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from dataset.adults import Appearance
from dataset.explorer.mean_radiographs import (
    SATURATING_DIFFERENCE,
    MeanRadiograph,
    difference_image,
    load_mean_radiographs,
)
from dataset.quality.features import ImageInventory
from model.codes import Population, SplitName
from model.errors import ReleaseCorrupted, ReleaseIncompatible
from model.imaging.preprocessing import WORKING_SIDE
from model.inference.release_loader import Release, load_release
from model.release_files import ReleaseFile
from tests.support.inventories import make_inventory
from training.release.mean_radiographs import MIN_IMAGES, save_mean_radiographs

HALF_A_STEP = 1 / 16  # half the spacing of float16 values below 256
SQUARE = (WORKING_SIDE, WORKING_SIDE)


def inventory_of(counts: dict[tuple[str, str], int]) -> ImageInventory:
    """Return an inventory with the given number of images per split and cause. All images of a cause are equal."""
    images = [{"split": split, "cause": cause} for (split, cause), count in counts.items() for _ in range(count)]
    sums = {key: count * image_of(key[1]).astype(float) for key, count in counts.items()}
    return make_inventory(images, embeddings=np.zeros((len(images), 1), np.float32), sums=sums)


def image_of(cause: str) -> np.ndarray:
    return np.random.default_rng(len(cause)).uniform(0, 255, SQUARE)


def release_with(inventory: ImageInventory, folder: Path) -> Release:
    save_mean_radiographs(inventory, folder)
    files = {
        ReleaseFile.MEAN_RADIOGRAPHS: hashlib.sha256((folder / ReleaseFile.MEAN_RADIOGRAPHS).read_bytes()).hexdigest()
    }
    return replace(load_release(), directory=folder, checksums=files)


def test_means_are_computed_per_cause_from_training_images(tmp_path):
    counts = {
        (SplitName.TRAINING, "none"): 130,
        (SplitName.TRAINING, "bacterial"): 120,
        (SplitName.TRAINING, "viral"): MIN_IMAGES,
    }
    other_splits = {(SplitName.VALIDATION, "none"): 200, (SplitName.TEST, "viral"): 300}

    means = load_mean_radiographs(release_with(inventory_of(counts | other_splits), tmp_path))

    assert [path.name for path in tmp_path.iterdir()] == [ReleaseFile.MEAN_RADIOGRAPHS]
    assert {title: mean.n for title, mean in means.items()} == {
        "NORMAL": 130,
        "PNEUMONIA, bacterial": 120,
        "PNEUMONIA, viral": 100,
        "PNEUMONIA": 220,
    }
    for title, cause in (("NORMAL", "none"), ("PNEUMONIA, bacterial", "bacterial"), ("PNEUMONIA, viral", "viral")):
        assert (means[title].pixels.dtype, means[title].pixels.shape) == (np.float32, SQUARE)
        np.testing.assert_allclose(means[title].pixels, image_of(cause), atol=HALF_A_STEP)
    pooled = (120 * image_of("bacterial") + 100 * image_of("viral")) / 220
    np.testing.assert_allclose(means["PNEUMONIA"].pixels, pooled, atol=HALF_A_STEP)


def test_adults_have_no_mean(tmp_path):
    children = inventory_of({(SplitName.TRAINING, "none"): MIN_IMAGES})
    adults = inventory_of({(SplitName.TRAINING, Appearance.TYPICAL): MIN_IMAGES})
    rows = pd.concat([children.rows, adults.rows.assign(population=Population.ADULTS)])

    save_mean_radiographs(replace(children, rows=rows, sums=children.sums | adults.sums), tmp_path)

    with np.load(tmp_path / ReleaseFile.MEAN_RADIOGRAPHS) as arrays:
        assert set(arrays) == {"none_mean", "none_count"}


def test_groups_of_fewer_than_a_hundred_images_have_no_mean(tmp_path):
    assert MIN_IMAGES == 100
    few = inventory_of(
        {(SplitName.TRAINING, "none"): 99, (SplitName.TRAINING, "bacterial"): 100, (SplitName.TRAINING, "viral"): 99}
    )

    release = release_with(few, tmp_path)

    assert load_mean_radiographs(release).keys() == {"PNEUMONIA, bacterial"}
    with np.load(tmp_path / ReleaseFile.MEAN_RADIOGRAPHS) as arrays:
        assert set(arrays) == {"bacterial_mean", "bacterial_count"}


def test_small_data_set_has_no_mean_radiographs(tmp_path):
    assert load_mean_radiographs(release_with(inventory_of({(SplitName.TRAINING, "none"): 5}), tmp_path)) == {}


@pytest.mark.parametrize(
    ("counts", "titles"),
    [
        ({"unknown": 150}, {"PNEUMONIA": 150}),
        ({"unknown": 150, "viral": 100}, {"PNEUMONIA, viral": 100, "PNEUMONIA": 250}),
        (
            {"unknown": 150, "bacterial": 110, "viral": 100},
            {"PNEUMONIA, bacterial": 110, "PNEUMONIA, viral": 100, "PNEUMONIA": 360},
        ),
    ],
)
def test_images_of_unknown_cause_count_as_pneumonia(tmp_path, counts, titles):
    means = load_mean_radiographs(
        release_with(inventory_of({(SplitName.TRAINING, cause): n for cause, n in counts.items()}), tmp_path)
    )

    assert {title: mean.n for title, mean in means.items()} == titles
    pooled = sum(n * image_of(cause) for cause, n in counts.items()) / sum(counts.values())
    np.testing.assert_allclose(means["PNEUMONIA"].pixels, pooled, atol=HALF_A_STEP)


groups = npst.arrays(
    np.float32, st.tuples(st.integers(1, 9), st.just(2), st.just(3)), elements=st.floats(0, 255, width=32)
)


@pytest.mark.slow
@given(pair=st.tuples(groups, groups))
def test_pooled_mean_is_the_mean_of_all_images(pair):
    first, second = (MeanRadiograph(group.mean(axis=0), len(group)) for group in pair)

    pooled, images = first.pooled(second), np.concatenate(pair)

    assert (pooled.n, pooled.pixels.dtype) == (len(images), np.float32)
    np.testing.assert_allclose(pooled.pixels, images.mean(axis=0), atol=1e-3)


def test_altered_file_is_refused(tmp_path):
    release = release_with(inventory_of({(SplitName.TRAINING, "none"): 100}), tmp_path)
    (tmp_path / ReleaseFile.MEAN_RADIOGRAPHS).write_bytes((tmp_path / ReleaseFile.MEAN_RADIOGRAPHS).read_bytes()[:-1])

    with pytest.raises(ReleaseCorrupted) as raised:
        load_mean_radiographs(release)
    assert raised.value.messages[0].params == {"file": ReleaseFile.MEAN_RADIOGRAPHS}


def test_mean_without_a_count_is_refused(tmp_path):
    np.savez_compressed(tmp_path / ReleaseFile.MEAN_RADIOGRAPHS, none_mean=np.zeros(SQUARE, np.float16))
    files = {
        ReleaseFile.MEAN_RADIOGRAPHS: hashlib.sha256((tmp_path / ReleaseFile.MEAN_RADIOGRAPHS).read_bytes()).hexdigest()
    }
    release = replace(load_release(), directory=tmp_path, checksums=files)

    with pytest.raises(ReleaseIncompatible) as raised:
        load_mean_radiographs(release)
    assert raised.value.messages[0].params == {"file": ReleaseFile.MEAN_RADIOGRAPHS}


def test_shipped_release_has_a_mean_for_every_cause():
    release = load_release()
    means = load_mean_radiographs(release)

    assert means.keys() == {"NORMAL", "PNEUMONIA", "PNEUMONIA, bacterial", "PNEUMONIA, viral"}
    assert all(mean.pixels.shape == SQUARE and 50 < mean.pixels.mean() < 200 for mean in means.values())
    n_images = release.description["populations"][Population.CHILDREN]["dataset"]["images"]
    assert means["NORMAL"].n + means["PNEUMONIA"].n == n_images[SplitName.TRAINING]


def test_difference_is_white_if_equal_orange_if_denser_and_blue_if_lighter():
    levels = np.array(
        [[0, SATURATING_DIFFERENCE, -SATURATING_DIFFERENCE, SATURATING_DIFFERENCE / 2, 2 * SATURATING_DIFFERENCE]],
        np.float32,
    )
    image = difference_image(MeanRadiograph(100 + levels, 1), MeanRadiograph(np.full_like(levels, 100), 1))

    assert image.dtype == np.uint8
    same, denser, lighter, half, beyond = image[0].astype(int)
    assert same.tolist() == [255, 255, 255]
    assert denser[0] > denser[1] > denser[2]
    assert lighter[0] < lighter[1] < lighter[2]
    assert np.abs(half - (255 + denser) / 2).max() <= 0.5
    assert beyond.tolist() == denser.tolist()
