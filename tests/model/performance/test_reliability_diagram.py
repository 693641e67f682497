"""Bins of equal mass, and whether what happens in them is what was said of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.performance.reliability_diagram import RELIABILITY_BINS, equal_mass_bins, reliability_diagram
from tests.support.predictions import predictions


@given(
    probability=st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0])), max_size=60),
    bins=st.integers(1, 20),
)
def test_bins_hold_equally_many_or_one_more_and_follow_the_order_of_probability(probability, bins):
    probability = np.array(probability)
    bin_of = equal_mass_bins(probability, bins)

    counts = np.bincount(bin_of, minlength=bins)
    assert counts.size == bins
    assert set(counts) <= {len(probability) // bins, -(-len(probability) // bins)}
    ordered = probability[np.lexsort((probability, bin_of))]
    assert (np.diff(ordered) >= 0).all()


def test_bins_of_a_few_pictures_counted_by_hand():
    assert equal_mass_bins(np.array([0.9, 0.1, 0.5, 0.3, 0.7]), 2).tolist() == [1, 0, 0, 0, 1]


def test_where_pictures_are_fewer_than_bins_each_has_one_of_its_own():
    assert len(set(equal_mass_bins(np.linspace(1, 0, 7)))) == 7


def test_each_bin_tells_what_was_said_and_what_happened_there():
    table = reliability_diagram(predictions([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.6, 0.8, 1.0]), bins=2)

    assert list(table.columns) == ["probability", "share", "low", "high", "n"]
    assert table["probability"].tolist() == pytest.approx([0.2, 0.8])
    assert table["share"].tolist() == pytest.approx([1 / 3, 2 / 3])
    assert table["n"].tolist() == [3, 3]
    assert (table["low"] < table["share"]).all()
    assert (table["share"] < table["high"]).all()


def test_pictures_of_one_patient_count_as_one_in_the_interval():
    target, probability = np.tile([0, 1], 30), np.full(60, 0.5)
    alone = reliability_diagram(predictions(target, probability), bins=1)
    together = reliability_diagram(predictions(target, probability, np.repeat(np.arange(15), 4) + 15 * target), bins=1)

    width = [float((table["high"] - table["low"]).iloc[0]) for table in (alone, together)]
    assert width[1] > 1.2 * width[0]


def test_bins_of_a_reader_that_means_what_it_says_lie_on_the_diagonal():
    rng = np.random.default_rng(4)
    probability = rng.random(1500)

    table = reliability_diagram(predictions(rng.random(1500) < probability, probability))

    assert len(table) == RELIABILITY_BINS
    held = (table["low"] <= table["probability"]) & (table["probability"] <= table["high"])
    assert held.sum() >= RELIABILITY_BINS - 2  # of 15 intervals of 95 % less than one fails on average


def test_bins_of_a_reader_that_exaggerates_lie_off_the_diagonal():
    rng = np.random.default_rng(4)
    truth = rng.random(1500)
    odds = (truth / (1 - truth)) ** 3

    table = reliability_diagram(predictions(rng.random(1500) < truth, odds / (1 + odds)))

    assert (table["share"] > table["probability"])[:4].all()
    assert (table["share"] < table["probability"])[-4:].all()
