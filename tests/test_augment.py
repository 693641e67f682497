"""Random changes: what they keep, that they are drawn from the generator alone, and that they do change something."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.augment import Augmenter

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


@few
@given(side=SIDES, seed=SEEDS)
def test_strength_0_gives_the_picture_back(side, seed):
    assert np.array_equal(Augmenter(0)(film(side), np.random.default_rng(seed)), film(side))


@few
@given(side=SIDES, seed=SEEDS, strength=STRENGTHS)
def test_size_and_type_stay_and_the_picture_given_is_not_touched(side, seed, strength):
    picture = film(side)

    changed = Augmenter(strength)(picture, np.random.default_rng(seed))

    assert (changed.shape, changed.dtype) == ((side, side), np.uint8)
    assert np.array_equal(picture, film(side))


@few
@given(seed=SEEDS, strength=STRENGTHS)
def test_a_picture_that_may_not_be_written_to_is_taken_as_well(seed, strength):
    picture = film(64)
    picture.flags.writeable = False

    assert Augmenter(strength)(picture, np.random.default_rng(seed)).shape == (64, 64)


@few
@given(seed=SEEDS, strength=STRENGTHS)
def test_the_same_generator_state_gives_the_same_picture_and_the_same_state_after(seed, strength):
    first, second = np.random.default_rng(seed), np.random.default_rng(seed)

    assert np.array_equal(Augmenter(strength)(film(96), first), Augmenter(strength)(film(96), second))
    assert first.bit_generator.state == second.bit_generator.state


def test_full_strength_changes_every_picture_and_never_twice_the_same_way():
    rng = np.random.default_rng(0)
    changed = [Augmenter(1.0)(film(96), rng) for _ in range(50)]

    assert not any(np.array_equal(picture, film(96)) for picture in changed)
    assert len({picture.tobytes() for picture in changed}) == 50


def test_more_strength_changes_more():
    rng = np.random.default_rng(0)

    def mean_change(strength: float) -> float:
        changes = [Augmenter(strength)(film(96), rng) - film(96).astype(float) for _ in range(150)]
        return float(np.mean(np.abs(changes)))

    # half of all pictures are mirrored at any strength, which alone changes a picture by a fixed amount
    assert mean_change(0.1) < mean_change(0.5) < mean_change(1.0)


@pytest.mark.parametrize("grey", [0, 255])
def test_an_empty_film_stays_a_picture(grey):
    rng = np.random.default_rng(0)
    for _ in range(50):
        assert Augmenter(1.0)(np.full((64, 64), grey, np.uint8), rng).dtype == np.uint8
