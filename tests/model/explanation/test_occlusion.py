"""Occlusion of classifiers with a known logit: masking evidence lowers the logit by that evidence."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from model.explanation.occlusion import air_grey, masked_logits, occlusion_map, top_fraction_mask
from model.inference.classifier import ClassifierOutput

SIDE = 24
maps = arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=7), elements=st.floats(-9, 9, width=32))


class SumClassifier:
    """Classifier whose logit is the weighted sum of the grey values, divided by 1000."""

    def __init__(self, weights: np.ndarray):
        self.weights = weights
        self.inputs: list[np.ndarray] = []

    def run_network(self, network_input: np.ndarray) -> ClassifierOutput:
        self.inputs.append(network_input)
        return ClassifierOutput(
            float((self.weights * network_input[0, :, :, 0]).sum() / 1000), np.zeros((1, 1)), np.zeros(1)
        )


def striped_input(grey: float = 110.0) -> np.ndarray:
    """Return uniform grey with a dark stripe on the left that covers more than a tenth: float32 (1, SIDE, SIDE, 1)."""
    pixels = np.full((SIDE, SIDE), grey, np.float32)
    pixels[:, :3] = 10
    return pixels[np.newaxis, :, :, np.newaxis]


def test_air_is_the_grey_of_the_darkest_tenth():
    assert air_grey(striped_input()) == 10


def test_a_masked_part_has_the_grey_of_air_and_the_rest_is_unchanged():
    network_input, mask = striped_input(), np.zeros((SIDE, SIDE), bool)
    mask[5:9, 10:20] = True
    classifier = SumClassifier(np.ones((SIDE, SIDE)))

    masked_logits(classifier, network_input, [mask])

    (masked,) = classifier.inputs
    assert (masked[0, mask, 0] == 10).all()
    assert (masked[0, ~mask, 0] == striped_input()[0, ~mask, 0]).all()
    assert np.array_equal(network_input, striped_input())
    assert masked.dtype == np.float32


def test_a_soft_mask_blends_with_air():
    classifier = SumClassifier(np.ones((SIDE, SIDE)))
    masked_logits(classifier, striped_input(110), [np.full((SIDE, SIDE), 0.5)])
    assert classifier.inputs[0][0, 5, 12, 0] == 60


def test_logits_are_in_the_order_of_the_masks():
    classifier = SumClassifier(np.ones((SIDE, SIDE)))
    masks = [np.zeros((SIDE, SIDE), bool) for _ in range(9)]
    for number, mask in enumerate(masks):
        mask[:number, 12] = True

    logits = masked_logits(classifier, striped_input(), masks)

    unmasked = classifier.run_network(striped_input()).logit
    np.testing.assert_allclose(unmasked - logits, [number * 0.1 for number in range(9)], atol=1e-6)


def cell_weights(*cells: tuple[int, int, float]) -> np.ndarray:
    """Return weights that are constant within cells (row, column, weight) of a 4 x 4 grid, and 0 elsewhere."""
    weights = np.zeros((SIDE, SIDE))
    for row, column, weight in cells:
        weights[row * 6 : row * 6 + 6, column * 6 : column * 6 + 6] = weight
    return weights


def test_the_sign_of_an_effect_is_that_of_the_evidence_in_the_cell():
    classifier = SumClassifier(cell_weights((0, 3, 1.0), (3, 3, -1.0)))

    effects = occlusion_map(classifier, striped_input(), (4, 4))

    assert effects.shape == (4, 4)
    assert effects.dtype == np.float32
    assert np.unravel_index(effects.argmax(), effects.shape) == (0, 3)
    assert np.unravel_index(effects.argmin(), effects.shape) == (3, 3)
    assert effects[0, 3] == pytest.approx(36 * 100 / 1000, rel=0.4)  # soft edges and few masks shrink it
    assert np.abs(effects[:, 0]).max() < 0.2 * effects[0, 3]


def test_redundant_evidence_in_two_cells_is_found_in_both():
    first, second = cell_weights((1, 1, 1.0)) > 0, cell_weights((2, 3, 1.0)) > 0

    def run_network(network_input):
        pixels = network_input[0, :, :, 0]
        return ClassifierOutput(float(max(pixels[first].mean(), pixels[second].mean())) / 100, None, None)

    effects = occlusion_map(SimpleNamespace(run_network=run_network), striped_input(), (4, 4))

    strongest = {tuple(map(int, np.unravel_index(n, (4, 4)))) for n in np.argsort(effects.ravel())[-2:]}
    assert strongest == {(1, 1), (2, 3)}


def test_the_occlusion_map_is_deterministic():
    maps = [occlusion_map(SumClassifier(cell_weights((1, 1, 1.0))), striped_input(), (4, 4)) for _ in range(2)]
    np.testing.assert_array_equal(*maps)


@pytest.mark.slow
@given(heat=maps, fraction=st.floats(0, 1), side=st.integers(7, 40))
def test_the_hottest_part_has_the_given_size(heat, fraction, side):
    mask = top_fraction_mask(heat, fraction, side)

    assert mask.shape == (side, side)
    assert mask.sum() == round(fraction * side * side)


def test_the_hottest_part_is_where_the_map_is_high():
    heat = np.zeros((4, 4), np.float32)
    heat[1, 2] = 5

    mask = top_fraction_mask(heat, 1 / 16, 40)

    rows, columns = np.argwhere(mask).mean(axis=0)
    assert (rows, columns) == pytest.approx((14.5, 24.5), abs=0.5)


def test_the_grey_of_air_is_that_of_the_unmasked_input():
    classifier = SimpleNamespace(run_network=lambda x: ClassifierOutput(float(x.min()), np.zeros((1, 1)), np.zeros(1)))
    everything = np.ones((SIDE, SIDE), bool)
    assert masked_logits(classifier, striped_input(), [everything, everything]).tolist() == [10, 10]
