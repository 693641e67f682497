"""Inadmissible images that the admission check is fitted and evaluated on."""

import importlib.util
from collections import Counter

import numpy as np
import pytest

from model.codes import RefusalReason
from model.errors import TrainingError
from model.inference.lung_segmentation import lungs_from_probability
from training.admission import out_of_distribution as module
from training.admission.corrupted_radiographs import corrupted_versions
from training.admission.out_of_distribution import families, out_of_distribution_images

pytestmark = pytest.mark.slow

RADIOGRAPH = np.random.default_rng(0).integers(0, 256, (60, 60), np.uint8)


def lungs():
    fields = np.zeros((60, 60), np.float32)
    fields[12:48, 12:24] = fields[12:48, 36:48] = 1
    return lungs_from_probability(fields)


@pytest.fixture(scope="module")
def examples() -> dict[bool, list]:
    return {
        held_out: list(out_of_distribution_images(held_out, 4, np.random.default_rng(int(held_out))))
        for held_out in (False, True)
    }


def test_every_family_has_the_same_number_of_images_from_both_generators(examples):
    for generated in examples.values():
        assert Counter(example.family for example in generated) == dict.fromkeys(families(), 4)


def test_images_are_grey_and_differ(examples):
    for example in examples[False] + examples[True]:
        assert example.image.dtype == np.uint8
        assert example.image.ndim == 2
        assert min(example.image.shape) >= 100
    noise = [example.image for example in examples[False] if example.family == "noise"]
    assert not np.array_equal(noise[0], noise[1])


def test_held_out_images_have_no_source_in_common_with_the_others(examples):
    fitted, held_out = ({example.source for example in examples[is_held_out]} for is_held_out in (False, True))
    assert not fitted & held_out
    assert not set(module.PHOTOGRAPHS) & set(module.HELD_OUT_PHOTOGRAPHS)
    assert not set(module.TEXTURES) & set(module.HELD_OUT_TEXTURES)


def test_the_same_seed_gives_the_same_images(examples):
    again = out_of_distribution_images(True, 4, np.random.default_rng(1))
    assert all(np.array_equal(first.image, second.image) for first, second in zip(examples[True], again, strict=True))


def test_a_missing_package_with_sample_images_gives_an_error_message(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    module._load_sample.cache_clear()
    with pytest.raises(TrainingError, match="the Python package skimage, which is not installed"):
        module._load_sample("skimage/data/astronaut.png")


def test_the_correction_restores_the_radiograph():
    for example in corrupted_versions(RADIOGRAPH, lungs(), "somebody", np.random.default_rng(2)):
        if example.correction:
            assert not np.array_equal(example.image, RADIOGRAPH)
            np.testing.assert_array_equal(
                example.correction.apply_to_pixels(example.image.astype(np.float32)), RADIOGRAPH
            )
            assert example.reason in example.correction.corrects


def test_a_crop_has_the_size_of_the_radiograph():
    examples = corrupted_versions(RADIOGRAPH, lungs(), "somebody", np.random.default_rng(2))
    assert {example.image.shape for example in examples if example.reason is RefusalReason.CROPPED} == {
        RADIOGRAPH.shape
    }


def test_without_lungs_there_are_no_crops():
    examples = corrupted_versions(RADIOGRAPH, None, "somebody", np.random.default_rng(3))
    reasons = {example.reason for example in examples}
    assert reasons == {
        RefusalReason.ROTATED,
        RefusalReason.INVERTED,
        RefusalReason.NO_CONTRAST,
        RefusalReason.NOT_A_RADIOGRAPH,
    }


def test_versions_with_poor_contrast_are_almost_black_or_white_or_have_few_grey_values():
    for seed in range(20):
        examples = corrupted_versions(RADIOGRAPH, None, "somebody", np.random.default_rng(seed))
        low_contrast = {example.family: example.image for example in examples if example.reason == "no_contrast"}
        assert np.ptp(low_contrast["washed out"].astype(int)) <= 24
        exposed = low_contrast["almost black or white"]
        assert max((exposed == 0).mean(), (exposed == 255).mean()) > 0.7


def test_a_picture_of_a_screen_is_larger_than_the_radiograph_on_it():
    for seed in range(20):
        examples = corrupted_versions(RADIOGRAPH, None, "somebody", np.random.default_rng(seed))
        screens = [example.image for example in examples if example.reason is RefusalReason.NOT_A_RADIOGRAPH]
        assert [(image.shape, image.dtype) for image in screens] == [((320, 480), np.dtype(np.uint8))] * 3
