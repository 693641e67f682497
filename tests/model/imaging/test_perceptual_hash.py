"""Copies of an image have nearly the same perceptual hash; different images do not."""

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
from tests.support.synthetic import random_radiograph


def distance(first: np.ndarray, second: np.ndarray) -> int:
    """Count the bits in which the hashes of two images of any size differ."""
    hashes = [perceptual_hash(resize(image, WORKING_SIDE, WORKING_SIDE)) for image in (first, second)]
    return int(hash_distances(hashes[0], hashes[1][np.newaxis])[0])


def recompress(image: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image.round().astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), np.float32)


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image.copy(),
        lambda image: resize(image, 700, 900),
        lambda image: resize(image, 120, 100),
        lambda image: recompress(image, 40),
        lambda image: image + 20,
        lambda image: image * 0.8,
        lambda image: 255 * (image / 255) ** 0.8,
        lambda image: image + np.random.default_rng(9).normal(0, 4, image.shape).astype(np.float32),
        lambda image: image[1:-1, 1:-1],
    ],
    ids=["exact", "enlarged", "reduced", "recompressed", "brightened", "darkened", "gamma", "noisy", "cropped"],
)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_copy_counts_as_a_duplicate(seed, change):
    image = random_radiograph(seed)
    assert distance(image, np.float32(change(image))) <= DUPLICATE_MAX_BITS


def test_an_exact_copy_differs_in_no_bit():
    assert distance(random_radiograph(1), random_radiograph(1)) == 0


@pytest.mark.slow
@given(seeds=st.lists(st.integers(0, 10_000), min_size=2, max_size=2, unique=True))
def test_a_different_image_is_not_a_duplicate(seeds):
    assert distance(*map(random_radiograph, seeds)) > DUPLICATE_MAX_BITS


def test_a_mirrored_image_is_not_a_duplicate():
    assert distance(random_radiograph(1), random_radiograph(1)[:, ::-1].copy()) > DUPLICATE_MAX_BITS


@pytest.mark.slow
@given(
    working=npst.arrays(
        np.float32, (WORKING_SIDE, WORKING_SIDE), elements=st.floats(0, 255, width=32), fill=st.floats(0, 255, width=32)
    )
)
def test_every_working_image_has_a_hash_of_the_declared_size(working):
    packed = perceptual_hash(working)

    assert (packed.dtype, packed.shape) == (np.uint8, (HASH_BITS // 8,))
    np.testing.assert_array_equal(packed, perceptual_hash(working.copy()))


def test_values_beyond_the_range_do_not_wrap_around():
    """Rounding during resizing may give values outside 0-255."""
    beyond = random_radiograph(1)
    within = beyond.copy()
    beyond[100:120, 100:120], within[100:120, 100:120] = 255.6, 255

    assert distance(beyond, within) == 0


packed_hashes = npst.arrays(np.uint8, HASH_BITS // 8)


@pytest.mark.slow
@given(first=packed_hashes, second=packed_hashes)
def test_a_distance_counts_the_bits_that_differ(first, second):
    expected = int((np.unpackbits(first) != np.unpackbits(second)).sum())

    distances = hash_distances(first, np.stack([second, first, ~first]))
    assert distances.tolist() == [expected, 0, HASH_BITS]
    assert hash_distances(second, first[np.newaxis]).tolist() == [expected]


def test_an_empty_list_of_hashes_has_no_distances():
    assert hash_distances(np.zeros(HASH_BITS // 8, np.uint8), np.zeros((0, HASH_BITS // 8), np.uint8)).tolist() == []
