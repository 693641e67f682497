"""The training pictures: those that reading sees, in batches that follow from seed, epoch and number alone."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset.index import LabelledImage, load_index
from model.errors import DatasetError
from model.imaging.decode import decode
from model.imaging.geometry import WHOLE_IMAGE, resize
from model.imaging.preprocessing import working_image
from model.inference.input_region import InputRegion, RegionKind
from model.inference.lung_segmentation import LungSegmenter
from model.release_files import ReleaseFile
from tests.support.training import LUNGS, SIZE
from training.config import ClassifierConfig
from training.data.augmentation import Augmenter
from training.data.batches import (
    LOOK_AHEAD,
    ClassifierBatchStream,
    balanced_weights,
    load_images,
    load_region_images,
    read_radiograph,
    targets,
)

few = settings(max_examples=25)


def unreadable(path: Path) -> LabelledImage:
    return LabelledImage(path, "train", "NORMAL", "IM-0001", "IM-0001", "none")


def stream(pictures: int = 23, **settings) -> ClassifierBatchStream:
    """Pictures that tell their own number: picture n is all n."""
    numbered = np.broadcast_to(np.arange(pictures, dtype=np.uint8)[:, None, None], (pictures, 32, 32))
    target = (np.arange(pictures) % 3 > 0).astype(np.float32)[:, None]
    config = ClassifierConfig(**({"batch_size": 4, "size": 32, "augmentation": 0.0} | settings))
    return ClassifierBatchStream(numbered, target, config, [WHOLE_IMAGE] * pictures)


def take(stream: ClassifierBatchStream, count: int, first_epoch: int = 0) -> list:
    batches = stream.batches(first_epoch)
    taken = list(itertools.islice(batches, count))
    batches.close()
    return taken


def same(first: list, second: list) -> bool:
    return len(first) == len(second) and all(
        np.array_equal(one, other)
        for batch, other_batch in zip(first, second, strict=True)
        for one, other in zip(batch, other_batch, strict=True)
    )


@pytest.mark.parametrize("size", [32, 40, 57])
def test_training_sees_what_reading_sees_to_the_nearest_grey_value(tiny_set, size):
    records = load_index(tiny_set)[::7]

    pictures = load_images(records, size, "pictures")

    read = [resize(working_image(decode(record.path.read_bytes())), size, size) for record in records]
    assert (pictures.shape, pictures.dtype) == ((len(records), size, size, 1), np.uint8)
    assert np.array_equal(pictures[..., 0], np.round(read))


@pytest.mark.parametrize("part", RegionKind)
def test_films_are_what_reading_sees_through_the_view(tiny_set, part):
    records, view = load_index(tiny_set)[::9], InputRegion(part, 0.1)
    segmenter = LungSegmenter((tiny_set / LUNGS / ReleaseFile.LUNGS).read_bytes(), SIZE)

    seen = load_region_images(records, segmenter, view, "pictures").at_side(24)

    working = [working_image(decode(record.path.read_bytes())) for record in records]
    expected = np.concatenate([view.network_input(one, segmenter.segment(one), 24) for one in working])
    assert (seen.shape, seen.dtype) == ((len(records), 24, 24, 1), np.float32)
    np.testing.assert_allclose(seen, expected, atol=2)  # films are kept in whole grey values


def test_mixing_blends_pictures_and_leaves_both_classes_the_weight_they_have():
    mixed, plain = (take(stream(batch_size=23, mixup=mixup), 6) for mixup in (0.4, 0.0))
    for (pictures, target, weights), (unmixed, usual, weighed) in zip(mixed, plain, strict=True):
        assert pictures.sum() == pytest.approx(unmixed.sum(), rel=1e-5)
        assert ((target >= 0) & (target <= 1)).all()
        assert weights.sum() == pytest.approx(weighed.sum(), rel=1e-5)
        assert (weights * target).sum() == pytest.approx((weighed * usual).sum(), rel=1e-5)
    assert any(0 < value < 1 for _, target, _ in mixed for value in target.ravel())


def test_a_picture_that_cannot_be_read_is_named(tmp_path):
    damaged = tmp_path / "IM-0001-0001.jpeg"
    damaged.write_bytes(b"not a picture")

    sentence = (
        f"{damaged} cannot be read: This is another kind of file, which is not read. DICOM, PNG and JPEG files "
        "are accepted. Please export the radiograph as a PNG or JPEG picture and choose that file. Replace or remove "
        "the file."
    )
    with pytest.raises(DatasetError, match=f"^{re.escape(sentence)}$"):
        load_images([unreadable(damaged)], 32, "pictures")


def test_a_picture_that_is_gone_is_named(tmp_path):
    gone = tmp_path / "IM-0001-0001.jpeg"

    sentence = f"{gone} cannot be read (No such file or directory). Replace or remove the file."
    with pytest.raises(DatasetError, match=f"^{re.escape(sentence)}$"):
        read_radiograph(unreadable(gone))


def test_targets_are_1_for_pneumonia(tiny_set):
    records = load_index(tiny_set)

    assert targets(records).shape == (len(records), 1)
    assert targets(records)[:, 0].tolist() == [float(record.label == "PNEUMONIA") for record in records]


@few
@given(target=st.lists(st.integers(0, 1), min_size=2, max_size=50).filter(lambda t: 0 < sum(t) < len(t)))
def test_both_classes_weigh_the_same_and_a_picture_weighs_1_on_average(target):
    target = np.array(target, np.float32)[:, None]

    weights = balanced_weights(target)

    assert weights.shape == target.shape
    assert weights.mean() == pytest.approx(1)
    assert weights[target == 1].sum() == pytest.approx(weights[target == 0].sum(), rel=1e-5)


def test_a_batch_is_plain_arrays_of_pictures_targets_and_weights():
    ((pictures, target, weights),) = take(stream(), 1)

    assert (pictures.shape, pictures.dtype) == ((4, 32, 32, 1), np.float32)
    assert (target.shape, target.dtype) == ((4, 1), np.float32)
    assert (weights.shape, weights.dtype) == ((4, 1), np.float32)


def test_targets_and_weights_are_those_of_the_pictures_beside_them():
    every = stream()
    for pictures, target, weights in take(every, 12):
        members = pictures[:, 0, 0, 0].astype(int)
        assert np.array_equal(target, every.target[members])
        assert np.array_equal(weights, balanced_weights(every.target)[members])


@few
@given(pictures=st.integers(2, 40), batch_size=st.integers(1, 12), seed=st.integers(0, 5))
def test_an_epoch_shows_each_picture_at_most_once_and_leaves_out_less_than_a_batch(pictures, batch_size, seed):
    every = stream(pictures, batch_size=batch_size, seed=seed)
    steps = every.steps_per_epoch
    batches = take(every, 2 * steps)
    for epoch in (batches[:steps], batches[steps:]):
        shown = [n for batch, _, _ in epoch for n in batch[:, 0, 0, 0]]
        assert len(set(shown)) == len(shown)
        assert pictures - len(shown) < batch_size


def test_epochs_are_shuffled_differently():
    every = stream()
    batches = take(every, 2 * every.steps_per_epoch)
    first, second = batches[: every.steps_per_epoch], batches[every.steps_per_epoch :]

    assert not same(first, second)


@pytest.mark.parametrize("first_epoch", [1, 3])
def test_a_stream_from_a_later_epoch_goes_on_with_the_very_batches_of_a_run_from_the_start(first_epoch):
    every = stream(augmentation=1.0)
    steps = every.steps_per_epoch

    from_the_start = take(every, (first_epoch + 2) * steps)
    resumed = take(every, 2 * steps, first_epoch)

    assert same(resumed, from_the_start[first_epoch * steps :])


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_batches_do_not_depend_on_how_many_threads_prepare_them(workers):
    assert same(take(stream(augmentation=1.0, workers=workers), 11), take(stream(augmentation=1.0, workers=3), 11))


def test_another_seed_gives_other_batches():
    assert not same(take(stream(seed=1), 3), take(stream(seed=2), 3))


def test_each_picture_is_augmented_anew_in_each_epoch():
    every = stream(pictures=2, batch_size=2, augmentation=1.0)
    shown = {batch.tobytes() for batch, _, _ in take(every, 10)}

    assert len(shown) == 10


def test_augmentation_has_the_strength_of_the_settings(monkeypatch):
    strengths = []

    def note(self, pixels, *_):
        strengths.append(self.strength)
        return pixels

    monkeypatch.setattr(Augmenter, "__call__", note)
    take(stream(augmentation=0.3), 1)

    assert set(strengths) == {0.3}


def test_no_more_than_a_few_batches_are_held_ahead(monkeypatch):
    prepared = []
    prepare = ClassifierBatchStream.batch

    def counted(self, *arguments):
        prepared.append(arguments)
        return prepare(self, *arguments)

    monkeypatch.setattr(ClassifierBatchStream, "batch", counted)
    take(stream(), 5)

    assert len(prepared) <= 5 + LOOK_AHEAD
