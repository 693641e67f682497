"""Copies of one film have nearly the same fingerprint, other films do not. Films are drawn, no two alike."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image

from model.imaging.geometry import resize
from model.imaging.perceptual_hash import DUPLICATE_MAX_BITS, HASH_BITS, hash_distances, perceptual_hash
from model.imaging.preprocessing import WORKING_SIDE
from tests.support.synthetic import drawn_film


def apart(one: np.ndarray, other: np.ndarray) -> int:
    """In how many bits the fingerprints of two pictures of any size differ."""
    prints = [perceptual_hash(resize(picture, WORKING_SIDE, WORKING_SIDE)) for picture in (one, other)]
    return int(hash_distances(prints[0], prints[1][np.newaxis])[0])


def recompressed(film: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(film.round().astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), np.float32)


@pytest.mark.parametrize(
    "changed",
    [
        lambda film: film.copy(),
        lambda film: resize(film, 700, 900),
        lambda film: resize(film, 120, 100),
        lambda film: recompressed(film, 40),
        lambda film: film + 20,
        lambda film: film * 0.8,
        lambda film: 255 * (film / 255) ** 0.8,
        lambda film: film + np.random.default_rng(9).normal(0, 4, film.shape).astype(np.float32),
        lambda film: film[1:-1, 1:-1],
    ],
    ids=["exact", "enlarged", "reduced", "recompressed", "brightened", "darkened", "gamma", "noisy", "cropped"],
)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_copy_is_taken_for_the_same_film(seed, changed):
    film = drawn_film(seed)
    assert apart(film, np.float32(changed(film))) <= DUPLICATE_MAX_BITS


def test_an_exact_copy_differs_in_no_bit():
    assert apart(drawn_film(1), drawn_film(1)) == 0


@given(seeds=st.lists(st.integers(0, 10_000), min_size=2, max_size=2, unique=True))
def test_another_film_is_not(seeds):
    assert apart(*map(drawn_film, seeds)) > DUPLICATE_MAX_BITS


def test_a_film_turned_left_to_right_is_another():
    assert apart(drawn_film(1), drawn_film(1)[:, ::-1].copy()) > DUPLICATE_MAX_BITS


@given(
    working=npst.arrays(
        np.float32, (WORKING_SIDE, WORKING_SIDE), elements=st.floats(0, 255, width=32), fill=st.floats(0, 255, width=32)
    )
)
def test_every_working_picture_has_a_fingerprint_of_the_declared_size(working):
    made = perceptual_hash(working)

    assert (made.dtype, made.shape) == (np.uint8, (HASH_BITS // 8,))
    np.testing.assert_array_equal(made, perceptual_hash(working.copy()))


def test_values_beyond_the_range_do_not_wrap_around():
    """The resize of a working picture may round beyond 0-255."""
    film = drawn_film(1)
    within = film.copy()
    film[100:120, 100:120], within[100:120, 100:120] = 255.6, 255

    assert apart(film, within) == 0


prints = npst.arrays(np.uint8, HASH_BITS // 8)


@given(one=prints, other=prints)
def test_a_distance_counts_the_bits_that_differ(one, other):
    counted = int((np.unpackbits(one) != np.unpackbits(other)).sum())

    both = hash_distances(one, np.stack([other, one, ~one]))
    assert both.tolist() == [counted, 0, HASH_BITS]
    assert hash_distances(other, one[np.newaxis]).tolist() == [counted]


def test_there_is_no_distance_from_no_picture():
    assert hash_distances(np.zeros(HASH_BITS // 8, np.uint8), np.zeros((0, HASH_BITS // 8), np.uint8)).tolist() == []
