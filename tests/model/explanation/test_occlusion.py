"""Occlusion of a network whose logit is known by hand: where evidence is taken away, the logit falls by it."""

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


class SumReader:
    """The logit is the weighted sum of the greys, divided by 1000."""

    def __init__(self, weights: np.ndarray):
        self.weights = weights
        self.seen: list[np.ndarray] = []

    def raw(self, picture: np.ndarray) -> ClassifierOutput:
        self.seen.append(picture)
        return ClassifierOutput(float((self.weights * picture[0, :, :, 0]).sum() / 1000), np.zeros((1, 1)), np.zeros(1))


def picture(grey: float = 110.0) -> np.ndarray:
    """Even grey, but for a dark tenth at the left: float32 (1, SIDE, SIDE, 1)."""
    pixels = np.full((SIDE, SIDE), grey, np.float32)
    pixels[:, :3] = 10
    return pixels[np.newaxis, :, :, np.newaxis]


def test_air_is_the_grey_of_the_darkest_tenth():
    assert air_grey(picture()) == 10


def test_a_part_is_painted_as_air_and_the_rest_and_the_picture_given_stay():
    given_one, part = picture(), np.zeros((SIDE, SIDE), bool)
    part[5:9, 10:20] = True
    classifier = SumReader(np.ones((SIDE, SIDE)))

    masked_logits(classifier, given_one, [part])

    (shown,) = classifier.seen
    assert (shown[0, part, 0] == 10).all()
    assert (shown[0, ~part, 0] == picture()[0, ~part, 0]).all()
    assert np.array_equal(given_one, picture())
    assert shown.dtype == np.float32


def test_a_part_with_soft_edges_is_painted_by_shares():
    classifier = SumReader(np.ones((SIDE, SIDE)))
    masked_logits(classifier, picture(110), [np.full((SIDE, SIDE), 0.5)])
    assert classifier.seen[0][0, 5, 12, 0] == 60


def test_logits_come_in_the_order_of_the_parts():
    classifier = SumReader(np.ones((SIDE, SIDE)))
    parts = [np.zeros((SIDE, SIDE), bool) for _ in range(9)]
    for number, part in enumerate(parts):
        part[:number, 12] = True

    logits = masked_logits(classifier, picture(), parts)

    whole = classifier.classify(picture()).logit
    np.testing.assert_allclose(whole - logits, [number * 0.1 for number in range(9)], atol=1e-6)


def cells_of(*cells: tuple[int, int, float]) -> np.ndarray:
    """Weights that are even within cells of a grid of 4 x 4, and 0 in all others."""
    weights = np.zeros((SIDE, SIDE))
    for row, column, weight in cells:
        weights[row * 6 : row * 6 + 6, column * 6 : column * 6 + 6] = weight
    return weights


def test_a_cell_adds_where_evidence_is_takes_away_where_counter_evidence_is_and_else_does_nothing():
    classifier = SumReader(cells_of((0, 3, 1.0), (3, 3, -1.0)))

    added = occlusion_map(classifier, picture(), (4, 4))

    assert added.shape == (4, 4)
    assert added.dtype == np.float32
    assert np.unravel_index(added.argmax(), added.shape) == (0, 3)
    assert np.unravel_index(added.argmin(), added.shape) == (3, 3)
    assert added[0, 3] == pytest.approx(36 * 100 / 1000, rel=0.4)  # its edges are soft, and few coverings shrink it
    assert np.abs(added[:, 0]).max() < 0.2 * added[0, 3]


def test_what_shows_in_two_places_is_found_in_both_though_neither_alone_is_missed():
    one, other = cells_of((1, 1, 1.0)) > 0, cells_of((2, 3, 1.0)) > 0

    def raw(seen):
        return ClassifierOutput(
            float(max(seen[0, :, :, 0][one].mean(), seen[0, :, :, 0][other].mean())) / 100, None, None
        )

    added = occlusion_map(SimpleNamespace(raw=raw), picture(), (4, 4))

    strongest = {tuple(map(int, np.unravel_index(n, (4, 4)))) for n in np.argsort(added.ravel())[-2:]}
    assert strongest == {(1, 1), (2, 3)}


def test_the_same_picture_has_the_same_map():
    maps = [occlusion_map(SumReader(cells_of((1, 1, 1.0))), picture(), (4, 4)) for _ in range(2)]
    np.testing.assert_array_equal(*maps)


@given(heat=maps, share=st.floats(0, 1), side=st.integers(7, 40))
def test_the_hottest_part_has_the_share_asked_for_and_nothing_outside_is_hotter(heat, share, side):
    part = top_fraction_mask(heat, share, side)

    assert part.shape == (side, side)
    assert part.sum() == round(share * side * side)


def test_the_hottest_part_lies_where_the_map_is_high():
    heat = np.zeros((4, 4), np.float32)
    heat[1, 2] = 5

    part = top_fraction_mask(heat, 1 / 16, 40)

    rows, columns = np.argwhere(part).mean(axis=0)
    assert (rows, columns) == pytest.approx((14.5, 24.5), abs=0.5)


def test_the_air_of_a_picture_is_measured_on_the_picture_and_not_on_what_is_left_of_it():
    classifier = SimpleNamespace(raw=lambda one: ClassifierOutput(float(one.min()), np.zeros((1, 1)), np.zeros(1)))
    everything = np.ones((SIDE, SIDE), bool)
    assert masked_logits(classifier, picture(), [everything, everything]).tolist() == [10, 10]
