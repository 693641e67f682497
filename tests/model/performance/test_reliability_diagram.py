"""Bins of equal mass; the reliability diagram matches manual counts."""

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
def test_bin_sizes_differ_by_at_most_one_and_bins_follow_the_probability(probability, bins):
    probability = np.array(probability)
    bin_of_image = equal_mass_bins(probability, bins)

    counts = np.bincount(bin_of_image, minlength=bins)
    assert counts.size == bins
    assert set(counts) <= {len(probability) // bins, -(-len(probability) // bins)}
    ordered = probability[np.lexsort((probability, bin_of_image))]
    assert (np.diff(ordered) >= 0).all()


def test_bins_of_a_few_images_match_a_manual_count():
    assert equal_mass_bins(np.array([0.9, 0.1, 0.5, 0.3, 0.7]), 2).tolist() == [1, 0, 0, 0, 1]


def test_each_image_has_its_own_bin_if_there_are_fewer_images_than_bins():
    assert len(set(equal_mass_bins(np.linspace(1, 0, 7)))) == 7


def test_each_bin_has_mean_probability_and_share_of_pneumonia():
    table = reliability_diagram(predictions([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.6, 0.8, 1.0]), bins=2)

    assert list(table.columns) == ["probability", "share", "low", "high", "n"]
    assert table["probability"].tolist() == pytest.approx([0.2, 0.8])
    assert table["share"].tolist() == pytest.approx([1 / 3, 2 / 3])
    assert table["n"].tolist() == [3, 3]
    assert (table["low"] < table["share"]).all()
    assert (table["share"] < table["high"]).all()


def test_interval_counts_patients():
    target, probability = np.tile([0, 1], 30), np.full(60, 0.5)
    single = reliability_diagram(predictions(target, probability), bins=1)
    grouped = reliability_diagram(predictions(target, probability, np.repeat(np.arange(15), 4) + 15 * target), bins=1)

    width = [float((table["high"] - table["low"]).iloc[0]) for table in (single, grouped)]
    assert width[1] > 1.2 * width[0]


def test_calibrated_classifier_lies_on_the_diagonal():
    rng = np.random.default_rng(4)
    probability = rng.random(1500)

    table = reliability_diagram(predictions(rng.random(1500) < probability, probability))

    assert len(table) == RELIABILITY_BINS
    contains_diagonal = (table["low"] <= table["probability"]) & (table["probability"] <= table["high"])
    assert contains_diagonal.sum() >= RELIABILITY_BINS - 2  # on average, fewer than one of 15 such intervals fails


def test_overconfident_classifier_lies_off_the_diagonal():
    rng = np.random.default_rng(4)
    truth = rng.random(1500)
    odds = (truth / (1 - truth)) ** 3

    table = reliability_diagram(predictions(rng.random(1500) < truth, odds / (1 + odds)))

    assert (table["share"] > table["probability"])[:4].all()
    assert (table["share"] < table["probability"])[-4:].all()
