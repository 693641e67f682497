"""Deletion and insertion on a network whose evidence is known: a map of it beats chance, one of elsewhere does not."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.support.cell_classifier import BESIDE, IN_LUNG, CellReader, at, seen
from training.evaluation.heatmaps.cases import HeatMapCase
from training.evaluation.heatmaps.deletion_insertion import STEPS, deletion_insertion_auc


def explained(classifier: CellReader, patient: str = "somebody") -> HeatMapCase:
    film = seen(classifier)
    picture = classifier.release.view.network_input(film.working, film.lungs, classifier.release.side)
    return HeatMapCase(SimpleNamespace(patient=patient), film, picture, None, None)


def measure(classifier: CellReader, films: int = 3) -> dict:
    return deletion_insertion_auc(classifier, [explained(classifier, f"patient {number}") for number in range(films)])


def test_in_the_order_of_a_map_that_is_right_the_probability_goes_sooner_and_comes_sooner_than_by_chance():
    curves = measure(CellReader(IN_LUNG, at(IN_LUNG)))

    assert (curves["n"], curves["steps"]) == (3, STEPS)
    assert curves["deletion"]["map"]["value"] < curves["deletion"]["random"]["value"] - 0.1
    assert curves["insertion"]["map"]["value"] > curves["insertion"]["random"]["value"] + 0.1
    assert [curves[curve]["better"]["value"] for curve in ("deletion", "insertion")] == [1, 1]


def test_in_the_order_of_a_map_of_elsewhere_it_does_not():
    curves = measure(CellReader(IN_LUNG, -at(IN_LUNG)))
    assert [curves[curve]["better"]["value"] for curve in ("deletion", "insertion")] == [0, 0]


def test_where_nothing_depends_on_the_picture_both_orders_have_the_area_of_the_one_probability():
    classifier = CellReader(BESIDE, at(IN_LUNG))
    classifier.classify = lambda _: SimpleNamespace(logit=0.0, class_activation_map=classifier.heat)
    curves = measure(classifier)
    for curve in ("deletion", "insertion"):
        assert [curves[curve][order]["value"] for order in ("map", "random")] == pytest.approx([0.5, 0.5])
        assert curves[curve]["better"]["value"] == 0


def test_each_mean_has_its_n_and_an_interval_by_patient():
    shares = measure(CellReader(IN_LUNG, at(IN_LUNG)))["deletion"].values()
    assert {share["n"] for share in shares} == {3}
    assert all(np.isfinite([share["low"], share["high"]]).all() for share in shares)
