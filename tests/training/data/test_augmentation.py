"""Augmentation changes images, keeps its invariants and depends only on the random generator."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from model.imaging.geometry import WHOLE_IMAGE, RelativeBox
from training.data.augmentation import MAX_TILT, Augmenter
from training.data.photographs import photograph
from training.data.samples import rasterise

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
    augmenter, side = Augmenter(strength), image.shape[0]
    reframed = augmenter.reframing(WHOLE_IMAGE, side, rng).apply(image, side)
    return augmenter.perturb_appearance(reframed, rng)


@few_examples
@given(side=SIDES, seed=SEEDS)
def test_strength_0_returns_the_image_unchanged(side, seed):
    assert np.array_equal(augment(0, make_image(side), np.random.default_rng(seed)), make_image(side))


def test_strength_0_cuts_out_exactly_the_box():
    reframing = Augmenter(0).reframing(RelativeBox(0.25, 0.5, 0.75, 1.0), 32, np.random.default_rng(0))

    assert np.array_equal(reframing.apply(make_image(64), 32), make_image(64)[32:, 16:48])
    assert np.array_equal(reframing.apply_to_mask(make_image(64), 32), make_image(64)[32:, 16:48])


@few_examples
@given(seed=SEEDS, strength=STRENGTHS)
def test_the_region_varies_around_the_box(seed, strength):
    """The image is bright in and around the box and black elsewhere, so distant regions would be dark."""
    image = np.zeros((200, 200), np.uint8)
    image[40:160, 40:160] = 200

    region = Augmenter(strength).reframing(RelativeBox(0.3, 0.3, 0.7, 0.7), 64, np.random.default_rng(seed))

    reframed = region.apply(image, 64)
    assert reframed.shape == (64, 64)
    assert reframed[8:-8, 8:-8].min() > 100


@few_examples
@given(seed=SEEDS, strength=st.floats(0, 1), left=st.floats(0, 0.6), top=st.floats(0, 0.6), max_crop=st.floats(0, 0.9))
def test_the_region_lies_within_the_image(seed, strength, left, top, max_crop):
    box = RelativeBox(left, top, min(1.0, left + 0.5), 1.0)

    reframing = Augmenter(strength, max_crop).reframing(box, 64, np.random.default_rng(seed))

    region = reframing.region
    assert 0 <= region.left < region.right <= 1
    assert 0 <= region.top < region.bottom <= 1
    assert reframing.apply_to_mask(make_image(64), 12).shape == (12, 12)


def centre(pixels: np.ndarray) -> np.ndarray:
    """Return the centre of brightness, row and column, as shares of height and width."""
    weights = pixels.astype(float) / pixels.sum()
    rows, columns = ((np.arange(size) + 0.5) / size for size in pixels.shape)
    return np.array([weights.sum(axis=1) @ rows, weights.sum(axis=0) @ columns])


@settings(max_examples=2 * settings.default.max_examples)
@given(seed=SEEDS, left=st.floats(0.3, 0.55), top=st.floats(0.3, 0.55))
def test_an_image_and_its_mask_are_reframed_to_the_same_place(seed, left, top):
    """The box lies inside every region, so that no part of it is cut off.

    A cell of the mask is 0.083 wide. The image may be resampled through 58 pixels, some of which are left out.
    """
    mask = rasterise([RelativeBox(left, top, left + 0.15, top + 0.1)])
    image = np.asarray(Image.fromarray(mask).resize((224, 224), Image.Resampling.BOX))
    reframing = Augmenter(1.0, 0.2).reframing(WHOLE_IMAGE, 192, np.random.default_rng(seed))

    reframed_image, reframed_mask = reframing.apply(image, 192), reframing.apply_to_mask(mask, 12)

    np.testing.assert_allclose(centre(reframed_mask), centre(reframed_image), atol=0.02)
    assert reframed_mask.mean() == pytest.approx(reframed_image.mean(), rel=0.35)


def test_reframing_mirrors_rotates_tilts_and_crops():
    reframings = [Augmenter(1.0).reframing(WHOLE_IMAGE, 64, np.random.default_rng(seed)) for seed in range(200)]

    assert 60 < sum(reframing.mirrored for reframing in reframings) < 140
    assert 60 < sum(reframing.angle != 0 for reframing in reframings) < 140
    assert all(abs(reframing.angle) <= 8 for reframing in reframings)
    tilts = [reframing.tilt for reframing in reframings if reframing.tilt is not None]
    assert 5 < len(tilts) < 40
    assert np.abs(tilts).max() <= MAX_TILT
    areas = [(r.region.right - r.region.left) * (r.region.bottom - r.region.top) for r in reframings]
    assert 0.4 < min(areas) < 0.7
    assert max(areas) > 0.9


@few_examples
@given(seed=SEEDS)
def test_a_photograph_keeps_every_structure_in_its_place(seed):
    """Masks are not degraded, so nothing may move."""
    image = np.zeros((128, 128), np.uint8)
    image[56:72, 56:72] = 255

    photographed = np.asarray(photograph(Image.fromarray(image), np.random.default_rng(seed))).astype(float)

    inside = photographed[56:72, 56:72].min()
    border = np.concatenate([photographed[55, 56:72], photographed[72, 56:72], photographed[56:72, 55]])
    assert photographed.shape == (128, 128)
    assert inside > border.max()


@few_examples
@given(seed=SEEDS)
def test_a_photograph_of_a_uniform_image_is_unevenly_lit_and_depends_only_on_the_generator(seed):
    plain = Image.fromarray(np.full((64, 64), 128, np.uint8))

    first, second = (np.asarray(photograph(plain, np.random.default_rng(seed))) for _ in range(2))

    assert np.array_equal(first, second)
    assert np.ptp(first[8:-8, 8:-8].astype(int)) > 3


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
