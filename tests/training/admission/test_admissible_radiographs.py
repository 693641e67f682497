"""Admissible versions of radiographs keep their size and enough grey values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.imaging.geometry import RelativeBox
from training.admission.admissible_radiographs import MIN_RANGE, expose_differently, reframe


def radiograph(low: int, high: int) -> np.ndarray:
    return np.random.default_rng(0).integers(low, high + 1, (60, 50), np.uint8)


@given(st.integers(0, 150), st.integers(1, 100), st.integers(0, 999))
def test_a_radiograph_that_is_exposed_differently_has_enough_grey_values(low, contrast, seed):
    image = radiograph(low, low + contrast)
    exposed = expose_differently(image, np.random.default_rng(seed))
    assert (exposed.shape, exposed.dtype) == (image.shape, image.dtype)
    assert np.ptp(exposed.astype(int)) >= MIN_RANGE - 1
    assert (np.diff(exposed.ravel()[np.argsort(image.ravel())].astype(int)) >= 0).all()  # the order of brightness


def test_exposure_varies_from_dark_to_bright():
    means = [expose_differently(radiograph(0, 255), np.random.default_rng(seed)).mean() for seed in range(60)]
    assert min(means) < 70
    assert max(means) > 180


@pytest.mark.parametrize("lung_box", [None, RelativeBox(0.2, 0.2, 0.8, 0.8)])
@given(seed=st.integers(0, 99))
def test_a_reframed_radiograph_keeps_its_size(lung_box, seed):
    reframed = reframe(radiograph(0, 255), lung_box, np.random.default_rng(seed))
    assert (reframed.shape, reframed.dtype) == ((60, 50), np.dtype(np.uint8))
