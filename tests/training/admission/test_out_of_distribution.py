"""Wrong pictures that admission learns from and is measured on."""

import importlib.util

import numpy as np
import pytest

from model.codes import RefusalReason
from model.errors import TrainingError
from model.inference.lung_segmentation import lungs_from_probability
from training.admission import out_of_distribution as module
from training.admission.corrupted_films import _cropped_parts, corrupted_versions
from training.admission.out_of_distribution import out_of_distribution_images

FILM = np.random.default_rng(0).integers(0, 256, (60, 60), np.uint8)


def lungs():
    fields = np.zeros((60, 60), np.float32)
    fields[12:48, 12:24] = fields[12:48, 36:48] = 1
    return lungs_from_probability(fields)


@pytest.fixture(scope="module")
def made() -> dict:
    return {
        held_out: list(out_of_distribution_images(held_out, 4, np.random.default_rng(int(held_out))))
        for held_out in (False, True)
    }


def test_every_family_has_as_many_pictures_of_both_makings(made):
    for pictures in made.values():
        families = [one.family for one in pictures]
        assert {family: families.count(family) for family in families} == dict.fromkeys(module._families(), 4)


def test_pictures_are_grey_and_differ(made):
    for one in made[False] + made[True]:
        assert one.picture.dtype == np.uint8
        assert one.picture.ndim == 2
        assert min(one.picture.shape) >= 100
    noise = [one.picture for one in made[False] if one.family == "noise"]
    assert not np.array_equal(noise[0], noise[1])


def test_what_is_held_out_shares_no_source_with_what_is_learned_from(made):
    learned, held_out = ({one.source for one in made[of]} for of in (False, True))
    assert not learned & held_out
    assert not set(module.PHOTOGRAPHS) & set(module.OTHER_PHOTOGRAPHS)
    assert not set(module.TEXTURES) & set(module.OTHER_TEXTURES)


def test_the_same_seed_makes_the_same_pictures(made):
    again = out_of_distribution_images(True, 4, np.random.default_rng(1))
    assert all(np.array_equal(one.picture, other.picture) for one, other in zip(made[True], again, strict=True))


def test_sample_pictures_of_a_package_that_is_not_installed_are_asked_for(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    module._sample.cache_clear()
    with pytest.raises(TrainingError, match="the Python package skimage, which is not installed"):
        module._sample("skimage/data/astronaut.png")


def test_a_wrong_film_is_put_right_by_its_remedy():
    for wrong in corrupted_versions(FILM, lungs(), "somebody", np.random.default_rng(2)):
        if wrong.correction:
            assert not np.array_equal(wrong.picture, FILM)
            np.testing.assert_array_equal(wrong.correction.apply(wrong.picture.astype(np.float32)), FILM)
            assert wrong.code in wrong.correction.corrects


def test_parts_of_a_film_hold_one_lung_or_less():
    fields = lungs().fields
    for seed in range(40):
        parts = _cropped_parts(lungs(), np.random.default_rng(seed))
        assert set(parts) == {"one lung", "upper or lower half", "small part"}
        for box in parts.values():
            left, top, right, bottom = (round(edge) for edge in box.to_pixels(*fields.shape))
            assert fields[top:bottom, left:right].sum() <= 0.62 * fields.sum()


def test_a_part_is_as_large_as_the_film_so_that_its_size_tells_nothing():
    wrong = corrupted_versions(FILM, lungs(), "somebody", np.random.default_rng(2))
    assert {one.picture.shape for one in wrong if one.code is RefusalReason.CROPPED} == {FILM.shape}


def test_without_lungs_no_part_is_cut_out():
    codes = {wrong.code for wrong in corrupted_versions(FILM, None, "somebody", np.random.default_rng(3))}
    assert codes == {
        RefusalReason.ROTATED,
        RefusalReason.INVERTED,
        RefusalReason.NO_CONTRAST,
        RefusalReason.NOT_A_RADIOGRAPH,
    }
