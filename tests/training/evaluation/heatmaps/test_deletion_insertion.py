"""Deletion and insertion with known evidence: a correct map is better than random order, an incorrect map is not."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.support.cell_classifier import IN_LUNG, OUTSIDE_LUNG, CellClassifier, infer, map_around
from training.evaluation.heatmaps.cases import HeatMapCase
from training.evaluation.heatmaps.deletion_insertion import STEPS, deletion_insertion_auc

pytestmark = pytest.mark.slow


def make_case(classifier: CellClassifier, patient: str) -> HeatMapCase:
    inference = infer(classifier)
    region, side = classifier.release.input_region, classifier.release.side
    network_input = region.network_input(inference.working, inference.lungs, side)
    return HeatMapCase(SimpleNamespace(patient=patient), inference, network_input, None, None, None)


def measure(classifier: CellClassifier, count: int = 3) -> dict:
    return deletion_insertion_auc(classifier, [make_case(classifier, f"patient {number}") for number in range(count)])


def test_the_order_of_a_correct_map_changes_the_probability_sooner_than_random_order():
    curves = measure(CellClassifier(IN_LUNG, map_around(IN_LUNG)))

    assert (curves["n"], curves["steps"]) == (3, STEPS)
    assert curves["deletion"]["map"]["value"] < curves["deletion"]["random"]["value"] - 0.1
    assert curves["insertion"]["map"]["value"] > curves["insertion"]["random"]["value"] + 0.1
    assert [curves[curve]["better"]["value"] for curve in ("deletion", "insertion")] == [1, 1]


def test_the_order_of_an_incorrect_map_does_not():
    curves = measure(CellClassifier(IN_LUNG, -map_around(IN_LUNG)))
    assert [curves[curve]["better"]["value"] for curve in ("deletion", "insertion")] == [0, 0]


def test_both_orders_have_the_same_area_if_the_probability_is_constant():
    classifier = CellClassifier(OUTSIDE_LUNG, map_around(IN_LUNG))
    classifier.run_network = lambda _: SimpleNamespace(logit=0.0, class_activation_map=classifier.class_activation_map)
    curves = measure(classifier)
    for curve in ("deletion", "insertion"):
        assert [curves[curve][order]["value"] for order in ("map", "random")] == pytest.approx([0.5, 0.5])
        assert curves[curve]["better"]["value"] == 0


def test_means_have_n_and_an_interval():
    shares = measure(CellClassifier(IN_LUNG, map_around(IN_LUNG)))["deletion"].values()
    assert {share["n"] for share in shares} == {3}
    assert all(np.isfinite([share["low"], share["high"]]).all() for share in shares)
