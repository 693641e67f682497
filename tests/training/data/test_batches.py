"""Batches are balanced, and depend only on seed, epoch and batch number."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.codes import POPULATIONS
from model.imaging.geometry import WHOLE_IMAGE
from model.release_files import LOGIT, OPACITY_MAP
from training.config import ClassifierConfig
from training.data.augmentation import Augmenter
from training.data.batches import LOOK_AHEAD, ClassifierBatchStream, _draw_from_cell, cell_weights
from training.data.samples import MASK_SIDE, TrainingSamples

pytestmark = pytest.mark.slow

few_examples = settings(max_examples=25)
BOTH = (11, 5, 7, 9)  # images per cell: children without and with pneumonia, adults without and with
CELLS = st.tuples(*[st.integers(1, 30)] * 2) | st.tuples(*[st.integers(1, 30)] * 4)
MAP_SIDE = 4


def make_samples(images_per_cell: tuple[int, ...] = BOTH) -> TrainingSamples:
    """Return samples whose image n has the grey value n, and whose masks have those of a fixed function of n."""
    cell = np.repeat(np.arange(len(images_per_cell)), images_per_cell)
    count = len(cell)
    numbered = np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None], (count, 32, 32))
    masks = np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None], (count, MASK_SIDE, MASK_SIDE))
    return TrainingSamples(
        images=numbered,
        boxes=[WHOLE_IMAGE] * count,
        target=(cell % 2).astype(np.float32)[:, None],
        population=[POPULATIONS[number // 2] for number in cell],
        cell=cell,
        opacities=masks * 3,
        annotated=255 - masks,
    )


def make_stream(images_per_cell: tuple[int, ...] = BOTH, **changes) -> ClassifierBatchStream:
    plain = {"batch_size": 8, "epoch_size": 24, "input_size": 32, "augmentation": 0.0, "intensity": "unchanged"}
    return ClassifierBatchStream(ClassifierConfig(**(plain | changes)), make_samples(images_per_cell), MAP_SIDE)


def take(stream: ClassifierBatchStream, count: int, first_epoch: int = 0) -> list:
    batches = stream.batches(first_epoch)
    first_batches = list(itertools.islice(batches, count))
    batches.close()
    return first_batches


def arrays(batch: tuple) -> list[np.ndarray]:
    images, *by_output = batch
    return [images, *(part[name] for part in by_output for name in (LOGIT, OPACITY_MAP))]


def equal(first: list, second: list) -> bool:
    return len(first) == len(second) and all(
        np.array_equal(array, other_array)
        for batch, other_batch in zip(first, second, strict=True)
        for array, other_array in zip(arrays(batch), arrays(other_batch), strict=True)
    )


def members_of(batch: tuple) -> np.ndarray:
    return batch[0][:, 0, 0, 0].astype(int)


def test_a_batch_has_images_and_targets_and_weights_of_both_outputs():
    ((images, targets, weights),) = take(make_stream(), 1)

    assert (images.shape, images.dtype) == ((8, 32, 32, 1), np.float32)
    for part in (targets, weights):
        assert {name: (array.shape, array.dtype) for name, array in part.items()} == {
            LOGIT: ((8, 1), np.float32),
            OPACITY_MAP: ((8, MAP_SIDE, MAP_SIDE), np.float32),
        }


def test_targets_and_weights_are_those_of_the_images_in_the_batch():
    stream = make_stream()
    for batch in take(stream, 12):
        members = members_of(batch)
        _, targets, weights = batch
        assert np.array_equal(targets[LOGIT], stream.samples.target[members])
        assert (weights[LOGIT] == 1).all()
        np.testing.assert_allclose(targets[OPACITY_MAP][:, 1, 2] * 255, 3 * members, rtol=1e-5)
        np.testing.assert_allclose(weights[OPACITY_MAP][:, 2, 1] * 255, 255 - members, rtol=1e-5)


@few_examples
@given(cells=CELLS, pairs=st.integers(2, 12), share=st.floats(0.05, 0.95), seed=st.integers(0, 5))
def test_the_label_says_nothing_about_the_population(cells, pairs, share, seed):
    """In every batch, each population has as many images with as without pneumonia, and both occur."""
    stream = make_stream(cells, batch_size=2 * pairs, children_share=share, seed=seed)
    for members in stream.order(np.random.default_rng(seed)):
        counts = Counter(stream.samples.cell[members].tolist())
        assert len(members) == 2 * pairs
        assert len(counts) == len(cells)
        assert counts[0] == counts[1]
        if len(cells) == 4:
            assert counts[2] == counts[3]
            assert abs(counts[0] - share * pairs) <= 1


def test_by_default_all_cells_have_the_same_number_of_images():
    stream = make_stream(batch_size=32)

    counts = [Counter(stream.samples.cell[members].tolist()) for members in stream.order(np.random.default_rng(0))]
    assert all(count == {0: 8, 1: 8, 2: 8, 3: 8} for count in counts)


def test_children_may_be_more_frequent_than_adults():
    stream = make_stream(batch_size=32, children_share=0.75)

    counts = Counter(stream.samples.cell[stream.order(np.random.default_rng(0))[0]].tolist())
    assert counts == {0: 12, 1: 12, 2: 4, 3: 4}


@given(n_images=st.integers(1, 40), count=st.integers(1, 200), seed=st.integers(0, 1000))
def test_an_image_recurs_only_after_all_others_of_its_cell(n_images, count, seed):
    members = np.arange(100, 100 + n_images)
    drawn = _draw_from_cell(members, count, np.random.default_rng(seed))

    assert len(drawn) == count
    for first in range(0, count, n_images):
        part = drawn[first : first + n_images]
        assert len(set(part)) == len(part)
        assert set(part) <= set(members)


@few_examples
@given(epoch_size=st.integers(1, 100), batch_size=st.sampled_from([4, 8, 10]))
def test_an_epoch_has_the_steps_of_the_settings_and_at_least_one(epoch_size, batch_size):
    stream = make_stream(epoch_size=epoch_size, batch_size=batch_size)

    assert stream.steps_per_epoch == len(stream.order(np.random.default_rng(0))) == max(1, epoch_size // batch_size)


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


def test_another_seed_gives_other_batches():
    assert not equal(take(make_stream(seed=1), 3), take(make_stream(seed=2), 3))


def test_augmentation_differs_between_epochs():
    stream = make_stream((2, 2), batch_size=4, epoch_size=4, augmentation=1.0)
    shown = {batch[0].tobytes() for batch in take(stream, 10)}

    assert len(shown) == 10


def test_images_are_normalised_after_augmentation(monkeypatch):
    dark = np.linspace(20, 60, 32 * 32).reshape(32, 32).astype(np.uint8)
    monkeypatch.setattr(Augmenter, "perturb_appearance", lambda *_: dark)

    ((images, *_),) = take(make_stream(intensity="range"), 1)

    assert (images.min(), images.max()) == (0, 255)


def test_augmentation_has_the_strength_of_the_settings(monkeypatch):
    strengths = []

    def record_strength(self, pixels, _):
        strengths.append((self.strength, self.max_crop))
        return pixels

    monkeypatch.setattr(Augmenter, "perturb_appearance", record_strength)
    take(make_stream(augmentation=0.3, max_crop=0.2), 1)

    assert set(strengths) == {(0.3, 0.2)}


def test_only_a_few_batches_are_prepared_in_advance(monkeypatch):
    prepared = []
    original = ClassifierBatchStream.batch

    def record_call(self, *arguments):
        prepared.append(arguments)
        return original(self, *arguments)

    monkeypatch.setattr(ClassifierBatchStream, "batch", record_call)
    take(make_stream(), 5)

    assert len(prepared) <= 5 + LOOK_AHEAD


@given(cell=st.lists(st.integers(0, 3), min_size=1, max_size=50))
def test_each_cell_has_the_same_total_weight_and_the_mean_weight_is_1(cell):
    weights = cell_weights(np.array(cell))

    assert (weights.shape, weights.dtype) == ((len(cell), 1), np.float32)
    assert weights.mean() == pytest.approx(1)
    totals = [weights[np.array(cell) == number].sum() for number in set(cell)]
    assert totals == pytest.approx([len(cell) / len(set(cell))] * len(set(cell)), rel=1e-4)
