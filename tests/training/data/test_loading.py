"""Training images are the same as in inference, and batches are deterministic."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataset.index import LabelledImage, load_index
from model.errors import TrainingError
from model.imaging.decode import decode
from model.imaging.geometry import WHOLE_IMAGE, resize
from model.imaging.preprocessing import working_image
from model.inference.input_region import InputRegion, RegionKind
from model.inference.lung_segmentation import LungSegmenter
from model.release_files import ReleaseFile
from tests.support.training import LUNGS, SIZE
from training.config import ClassifierConfig
from training.data.augmentation import Augmenter
from training.data.batches import LOOK_AHEAD, ClassifierBatchStream, balanced_weights
from training.data.loading import load_images, load_region_images, read_radiograph, targets

pytestmark = pytest.mark.slow

few_examples = settings(max_examples=25)


def record_of(path: Path) -> LabelledImage:
    return LabelledImage(path, "train", "NORMAL", "IM-0001", "IM-0001", "none")


def make_stream(n_images: int = 23, **settings) -> ClassifierBatchStream:
    """Return a stream whose image n has the grey value n everywhere."""
    numbered = np.broadcast_to(np.arange(n_images, dtype=np.uint8)[:, None, None], (n_images, 32, 32))
    target = (np.arange(n_images) % 3 > 0).astype(np.float32)[:, None]
    config = ClassifierConfig(**({"batch_size": 4, "input_size": 32, "augmentation": 0.0} | settings))
    return ClassifierBatchStream(numbered, target, config, [WHOLE_IMAGE] * n_images)


def take(stream: ClassifierBatchStream, count: int, first_epoch: int = 0) -> list:
    batches = stream.batches(first_epoch)
    first_batches = list(itertools.islice(batches, count))
    batches.close()
    return first_batches


def equal(first: list, second: list) -> bool:
    return len(first) == len(second) and all(
        np.array_equal(array, other_array)
        for batch, other_batch in zip(first, second, strict=True)
        for array, other_array in zip(batch, other_batch, strict=True)
    )


@pytest.mark.parametrize("side", [32, 40, 57])
def test_training_images_are_those_of_inference_to_the_nearest_grey_value(tiny_set, side):
    records = load_index(tiny_set)[::7]

    images = load_images(records, side, "images")

    expected = [resize(working_image(decode(record.path.read_bytes())), side, side) for record in records]
    assert (images.shape, images.dtype) == ((len(records), side, side, 1), np.uint8)
    assert np.array_equal(images[..., 0], np.round(expected))


@pytest.mark.parametrize("kind", RegionKind)
def test_region_images_are_the_network_inputs_of_inference(tiny_set, kind):
    records, region = load_index(tiny_set)[::9], InputRegion(kind, 0.1)
    segmenter = LungSegmenter((tiny_set / LUNGS / ReleaseFile.LUNGS).read_bytes(), SIZE)

    images = load_region_images(records, segmenter, region, "images").at_side(24)

    working_images = [working_image(decode(record.path.read_bytes())) for record in records]
    expected = np.concatenate(
        [region.network_input(working, segmenter.segment(working), 24) for working in working_images]
    )
    assert (images.shape, images.dtype) == ((len(records), 24, 24, 1), np.float32)
    np.testing.assert_allclose(images, expected, atol=2)  # region images are rounded to whole grey values


def test_mixup_keeps_the_total_grey_and_the_weight_of_both_classes():
    mixed, plain = (take(make_stream(batch_size=23, mixup=mixup), 6) for mixup in (0.4, 0.0))
    for (images, target, weights), (plain_images, plain_target, plain_weights) in zip(mixed, plain, strict=True):
        assert images.sum() == pytest.approx(plain_images.sum(), rel=1e-5)
        assert ((target >= 0) & (target <= 1)).all()
        assert weights.sum() == pytest.approx(plain_weights.sum(), rel=1e-5)
        assert (weights * target).sum() == pytest.approx((plain_weights * plain_target).sum(), rel=1e-5)
    assert any(0 < value < 1 for _, target, _ in mixed for value in target.ravel())


def test_an_image_that_cannot_be_read_is_named(tmp_path):
    damaged = tmp_path / "IM-0001-0001.jpeg"
    damaged.write_bytes(b"not an image")

    pattern = rf"^{re.escape(str(damaged))} cannot be read: .+\. Replace or remove the file\.$"
    with pytest.raises(TrainingError, match=pattern):
        load_images([record_of(damaged)], 32, "images")


def test_a_missing_image_is_named(tmp_path):
    missing = tmp_path / "IM-0001-0001.jpeg"

    message = f"{missing} cannot be read (No such file or directory). Replace or remove the file."
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        read_radiograph(record_of(missing))


def test_targets_are_1_for_pneumonia(tiny_set):
    records = load_index(tiny_set)

    assert targets(records).shape == (len(records), 1)
    assert targets(records)[:, 0].tolist() == [float(record.label == "PNEUMONIA") for record in records]


@few_examples
@given(target=st.lists(st.integers(0, 1), min_size=2, max_size=50).filter(lambda t: 0 < sum(t) < len(t)))
def test_both_classes_have_the_same_weight_and_the_mean_weight_is_1(target):
    target = np.array(target, np.float32)[:, None]

    weights = balanced_weights(target)

    assert weights.shape == target.shape
    assert weights.mean() == pytest.approx(1)
    assert weights[target == 1].sum() == pytest.approx(weights[target == 0].sum(), rel=1e-5)


def test_a_batch_has_arrays_of_images_targets_and_weights():
    ((images, target, weights),) = take(make_stream(), 1)

    assert (images.shape, images.dtype) == ((4, 32, 32, 1), np.float32)
    assert (target.shape, target.dtype) == ((4, 1), np.float32)
    assert (weights.shape, weights.dtype) == ((4, 1), np.float32)


def test_targets_and_weights_are_those_of_the_images_in_the_batch():
    stream = make_stream()
    for images, target, weights in take(stream, 12):
        members = images[:, 0, 0, 0].astype(int)
        assert np.array_equal(target, stream.target[members])
        assert np.array_equal(weights, balanced_weights(stream.target)[members])


@few_examples
@given(n_images=st.integers(2, 40), batch_size=st.integers(1, 12), seed=st.integers(0, 5))
def test_an_epoch_has_each_image_at_most_once_and_omits_less_than_a_batch(n_images, batch_size, seed):
    stream = make_stream(n_images, batch_size=batch_size, seed=seed)
    steps = stream.steps_per_epoch
    batches = take(stream, 2 * steps)
    for epoch in (batches[:steps], batches[steps:]):
        shown = [n for batch, _, _ in epoch for n in batch[:, 0, 0, 0]]
        assert len(set(shown)) == len(shown)
        assert n_images - len(shown) < batch_size


def test_epochs_are_shuffled_differently():
    stream = make_stream()
    batches = take(stream, 2 * stream.steps_per_epoch)
    first, second = batches[: stream.steps_per_epoch], batches[stream.steps_per_epoch :]

    assert not equal(first, second)


@pytest.mark.parametrize("first_epoch", [1, 3])
def test_a_stream_from_a_later_epoch_has_the_batches_of_a_stream_from_the_start(first_epoch):
    stream = make_stream(augmentation=1.0)
    steps = stream.steps_per_epoch

    from_the_start = take(stream, (first_epoch + 2) * steps)
    resumed = take(stream, 2 * steps, first_epoch)

    assert equal(resumed, from_the_start[first_epoch * steps :])


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_batches_do_not_depend_on_how_many_threads_prepare_them(workers):
    assert equal(
        take(make_stream(augmentation=1.0, workers=workers), 11), take(make_stream(augmentation=1.0, workers=3), 11)
    )


def test_a_different_seed_gives_different_batches():
    assert not equal(take(make_stream(seed=1), 3), take(make_stream(seed=2), 3))


def test_augmentation_differs_between_epochs():
    stream = make_stream(n_images=2, batch_size=2, augmentation=1.0)
    shown = {batch.tobytes() for batch, _, _ in take(stream, 10)}

    assert len(shown) == 10


def test_augmentation_has_the_strength_of_the_settings(monkeypatch):
    strengths = []

    def record_strength(self, pixels, *_):
        strengths.append(self.strength)
        return pixels

    monkeypatch.setattr(Augmenter, "__call__", record_strength)
    take(make_stream(augmentation=0.3), 1)

    assert set(strengths) == {0.3}


def test_only_a_few_batches_are_prepared_in_advance(monkeypatch):
    prepared = []
    original = ClassifierBatchStream.batch

    def record_call(self, *arguments):
        prepared.append(arguments)
        return original(self, *arguments)

    monkeypatch.setattr(ClassifierBatchStream, "batch", record_call)
    take(make_stream(), 5)

    assert len(prepared) <= 5 + LOOK_AHEAD
