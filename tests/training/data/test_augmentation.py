"""Augmentation changes images, keeps its invariants and depends only on the random generator."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from model.imaging.geometry import WHOLE_IMAGE, RelativeBox
from training.data.augmentation import Augmenter

pytestmark = pytest.mark.slow

few_examples = settings(max_examples=40)
SIDES = st.integers(32, 256)
SEEDS = st.integers(0, 2**32)
STRENGTHS = st.sampled_from([0.1, 0.5, 1.0])


def make_image(side: int) -> np.ndarray:
    """Return a smooth image with a bright square, which makes every kind of change visible."""
    rows, columns = np.mgrid[:side, :side] / side
    image = 60 + 120 * rows * (1 - columns)
    image[side // 4 : side // 2, side // 4 : side // 2] += 60
    return image.astype(np.uint8)


def augment(strength: float, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Augment a whole image and keep its size."""
    return Augmenter(strength)(image, WHOLE_IMAGE, image.shape[0], rng)


@few_examples
@given(side=SIDES, seed=SEEDS)
def test_strength_0_returns_the_image_unchanged(side, seed):
    assert np.array_equal(augment(0, make_image(side), np.random.default_rng(seed)), make_image(side))


def test_strength_0_cuts_out_exactly_the_box():
    region = Augmenter(0)(make_image(64), RelativeBox(0.25, 0.5, 0.75, 1.0), 32, np.random.default_rng(0))
    assert np.array_equal(region, make_image(64)[32:, 16:48])


@few_examples
@given(seed=SEEDS, strength=STRENGTHS)
def test_the_region_varies_around_the_box(seed, strength):
    """The image is bright in and around the box and black elsewhere, so distant regions would be dark."""
    image = np.zeros((200, 200), np.uint8)
    image[40:160, 40:160] = 200
    region = Augmenter(strength)._reframe(
        Image.fromarray(image), RelativeBox(0.3, 0.3, 0.7, 0.7), 64, np.random.default_rng(seed)
    )
    assert region.size == (64, 64)
    assert np.asarray(region)[8:-8, 8:-8].min() > 100


@few_examples
@given(side=SIDES, seed=SEEDS, strength=STRENGTHS)
def test_size_and_type_stay_and_the_input_is_not_modified(side, seed, strength):
    image = make_image(side)

    result = augment(strength, image, np.random.default_rng(seed))

    assert (result.shape, result.dtype) == ((side, side), np.uint8)
    assert np.array_equal(image, make_image(side))


@few_examples
@given(seed=SEEDS, strength=STRENGTHS)
def test_read_only_images_are_accepted(seed, strength):
    image = make_image(64)
    image.flags.writeable = False

    assert augment(strength, image, np.random.default_rng(seed)).shape == (64, 64)


@few_examples
@given(seed=SEEDS, strength=STRENGTHS)
def test_the_same_generator_state_gives_the_same_image_and_the_same_state_afterwards(seed, strength):
    first, second = np.random.default_rng(seed), np.random.default_rng(seed)

    assert np.array_equal(augment(strength, make_image(96), first), augment(strength, make_image(96), second))
    assert first.bit_generator.state == second.bit_generator.state


def test_full_strength_changes_every_image_differently():
    rng = np.random.default_rng(0)
    results = [augment(1.0, make_image(96), rng) for _ in range(50)]

    assert not any(np.array_equal(image, make_image(96)) for image in results)
    assert len({image.tobytes() for image in results}) == 50


def test_more_strength_changes_more():
    rng = np.random.default_rng(0)

    def mean_change(strength: float) -> float:
        changes = [augment(strength, make_image(96), rng) - make_image(96).astype(float) for _ in range(150)]
        return float(np.mean(np.abs(changes)))

    # half of all images are mirrored at any strength, which alone changes an image by a fixed amount
    assert mean_change(0.1) < mean_change(0.5) < mean_change(1.0)


@pytest.mark.parametrize("grey", [0, 255])
def test_a_uniform_image_gives_uint8(grey):
    rng = np.random.default_rng(0)
    for _ in range(50):
        assert augment(1.0, np.full((64, 64), grey, np.uint8), rng).dtype == np.uint8
