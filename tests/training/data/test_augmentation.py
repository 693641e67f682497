"""Random changes: what they keep, that they are drawn from the generator alone, and that they do change something."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from model.imaging.geometry import WHOLE_IMAGE, RelativeBox
from training.data.augmentation import Augmenter

few = settings(max_examples=40)
SIDES = st.integers(32, 256)
SEEDS = st.integers(0, 2**32)
STRENGTHS = st.sampled_from([0.1, 0.5, 1.0])


def film(side: int) -> np.ndarray:
    """A smooth picture with a bright square, so that every kind of change shows."""
    rows, columns = np.mgrid[:side, :side] / side
    picture = 60 + 120 * rows * (1 - columns)
    picture[side // 4 : side // 2, side // 4 : side // 2] += 60
    return picture.astype(np.uint8)


def changed(strength: float, picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The whole picture, changed, at its own size."""
    return Augmenter(strength)(picture, WHOLE_IMAGE, picture.shape[0], rng)


@few
@given(side=SIDES, seed=SEEDS)
def test_strength_0_gives_the_picture_back(side, seed):
    assert np.array_equal(changed(0, film(side), np.random.default_rng(seed)), film(side))


def test_strength_0_cuts_out_the_very_part_that_is_seen():
    seen = Augmenter(0)(film(64), RelativeBox(0.25, 0.5, 0.75, 1.0), 32, np.random.default_rng(0))
    assert np.array_equal(seen, film(64)[32:, 16:48])


@few
@given(seed=SEEDS, strength=STRENGTHS)
def test_what_is_cut_out_varies_around_the_part_that_is_seen(seed, strength):
    """Bright within the part and a little around it, black elsewhere: no change may go far from it."""
    picture = np.zeros((200, 200), np.uint8)
    picture[40:160, 40:160] = 200
    seen = Augmenter(strength)._reframe(
        Image.fromarray(picture), RelativeBox(0.3, 0.3, 0.7, 0.7), 64, np.random.default_rng(seed)
    )
    assert seen.size == (64, 64)
    assert np.asarray(seen)[8:-8, 8:-8].min() > 100


@few
@given(side=SIDES, seed=SEEDS, strength=STRENGTHS)
def test_size_and_type_stay_and_the_picture_given_is_not_touched(side, seed, strength):
    picture = film(side)

    result = changed(strength, picture, np.random.default_rng(seed))

    assert (result.shape, result.dtype) == ((side, side), np.uint8)
    assert np.array_equal(picture, film(side))


@few
@given(seed=SEEDS, strength=STRENGTHS)
def test_a_picture_that_may_not_be_written_to_is_taken_as_well(seed, strength):
    picture = film(64)
    picture.flags.writeable = False

    assert changed(strength, picture, np.random.default_rng(seed)).shape == (64, 64)


@few
@given(seed=SEEDS, strength=STRENGTHS)
def test_the_same_generator_state_gives_the_same_picture_and_the_same_state_after(seed, strength):
    first, second = np.random.default_rng(seed), np.random.default_rng(seed)

    assert np.array_equal(changed(strength, film(96), first), changed(strength, film(96), second))
    assert first.bit_generator.state == second.bit_generator.state


def test_full_strength_changes_every_picture_and_never_twice_the_same_way():
    rng = np.random.default_rng(0)
    results = [changed(1.0, film(96), rng) for _ in range(50)]

    assert not any(np.array_equal(picture, film(96)) for picture in results)
    assert len({picture.tobytes() for picture in results}) == 50


def test_more_strength_changes_more():
    rng = np.random.default_rng(0)

    def mean_change(strength: float) -> float:
        changes = [changed(strength, film(96), rng) - film(96).astype(float) for _ in range(150)]
        return float(np.mean(np.abs(changes)))

    # half of all pictures are mirrored at any strength, which alone changes a picture by a fixed amount
    assert mean_change(0.1) < mean_change(0.5) < mean_change(1.0)


@pytest.mark.parametrize("grey", [0, 255])
def test_an_empty_film_stays_a_picture(grey):
    rng = np.random.default_rng(0)
    for _ in range(50):
        assert changed(1.0, np.full((64, 64), grey, np.uint8), rng).dtype == np.uint8
