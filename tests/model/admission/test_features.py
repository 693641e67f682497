"""Measures and signs of drawn maps and pictures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.admission.features import ASYMMETRY_SIDE, asymmetry, extract_features, image_measures
from model.imaging.preprocessing import WORKING_SIDE
from model.inference.classifier import ClassifierOutput, Inference
from model.inference.lung_segmentation import lungs_from_probability


def seen(working: np.ndarray | None = None, probability: np.ndarray | None = None) -> Inference:
    """What the networks might have seen."""
    working = np.full((WORKING_SIDE, WORKING_SIDE), 100, np.float32) if working is None else working
    probability = two_fields() if probability is None else probability
    raw = ClassifierOutput(0.0, np.zeros((2, 2), np.float32), np.arange(10, dtype=np.float32))
    return Inference(working, probability, lungs_from_probability(probability), raw)


def two_fields(side: int = 40) -> np.ndarray:
    """A field of a tenth of the picture on the left, one of a twentieth on the right, a quarter of the height lower."""
    fields = np.zeros((side, side), np.float32)
    fields[4:20, 6:16] = 1
    fields[18:26, 24:34] = 1
    return fields


def test_the_two_largest_fields_are_measured():
    measures = image_measures(seen())
    assert (measures.first, measures.second) == pytest.approx((160 / 1600, 80 / 1600))
    assert (measures.apart, measures.level) == pytest.approx((18 / 40, 10 / 40))
    assert measures.doubt == 0


def test_one_field_has_no_second_and_none_has_none():
    one = two_fields()
    one[:, 20:] = 0
    alone = image_measures(seen(probability=one))
    assert (alone.first, alone.second, alone.apart, alone.level) == pytest.approx((0.1, 0, 0, 0))
    none = image_measures(seen(probability=np.zeros((40, 40), np.float32)))
    assert (none.first, none.second, none.apart, none.level) == (0, 0, 0, 0)


def test_an_unsure_map_is_doubt():
    assert image_measures(seen(probability=np.full((40, 40), 0.5, np.float32))).doubt == pytest.approx(1)


def test_levels_and_clipped_shares_of_a_picture_of_known_greys():
    working = np.full((WORKING_SIDE, WORKING_SIDE), 51, np.float32)
    working[: WORKING_SIDE // 4] = 0
    working[-WORKING_SIDE // 8 :] = 255
    measures = image_measures(seen(working))
    assert measures.levels == pytest.approx((0, 0, 0, 0.2, 0.2, 1, 1))
    assert (measures.dark, measures.bright) == pytest.approx((1 / 4, 1 / 8))


def test_noise_has_more_detail_than_its_blurred_copy():
    noise = np.random.default_rng(0).uniform(0, 255, (WORKING_SIDE, WORKING_SIDE)).astype(np.float32)
    blurred = (noise + np.roll(noise, 1, 0) + np.roll(noise, 1, 1)) / 3
    assert image_measures(seen(noise)).detail > 1.5 * image_measures(seen(blurred)).detail > 0


@given(st.integers(0, 99), st.sampled_from([0.0, 1.0, 1000.0]))
def test_signs_are_finite_for_any_picture(seed, length):
    rng = np.random.default_rng(seed)
    working = rng.choice([0, 255], (WORKING_SIDE, WORKING_SIDE), p=[share := rng.random(), 1 - share])
    one = seen(working.astype(np.float32), rng.random((40, 40), np.float32))
    one.output.embedding[:] *= length
    found = extract_features(one, image_measures(one))
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert np.abs(found).max() < 100


def test_signs_do_not_change_with_exposure_but_for_the_levels():
    working = np.random.default_rng(1).uniform(20, 120, (WORKING_SIDE, WORKING_SIDE)).astype(np.float32)
    dark, light = (seen(one.astype(np.float32)) for one in (working, working * 1.5 + 30))
    first, second = (extract_features(one, image_measures(one)) for one in (dark, light))
    np.testing.assert_allclose(first[:1000], second[:1000], atol=1e-4)


def test_sides_of_a_mirrored_picture_are_the_negative():
    working = np.random.default_rng(2).uniform(0, 255, (WORKING_SIDE, WORKING_SIDE)).astype(np.float32)
    probability = np.maximum(two_fields(), two_fields()[:, ::-1])
    here, mirrored = (asymmetry(seen(np.ascontiguousarray(one), probability)) for one in (working, working[:, ::-1]))
    assert here.shape == (ASYMMETRY_SIDE * ASYMMETRY_SIDE // 2,)
    np.testing.assert_allclose(here, -mirrored, atol=1e-4)


def test_without_lungs_neither_side_tells_anything():
    assert not asymmetry(seen(probability=np.zeros((40, 40), np.float32))).any()
