"""The summary of a run measures every population on its validation images only."""

import json

import pytest

from dataset.adults import load_adult_index
from dataset.index import load_index
from dataset.split import split_for_training
from model.codes import Population
from tests.support.training import FEW_PERTURBATIONS, reduce_sample_sizes
from training.cli import main
from training.evaluation.robustness import framings
from training.evaluation.tone import tone_changes

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def summary(tiny_run, tiny_set, adult_set) -> dict:
    """The summary that the command prints for the run on the tiny set."""
    with pytest.MonkeyPatch.context() as patch:
        reduce_sample_sizes(patch)
        printed: list[str] = []
        patch.setattr("builtins.print", lambda text: printed.append(text))
        assert main(["summarise", "--data", str(tiny_set), "--adult-data", str(adult_set), "--run", str(tiny_run)]) == 0
    (text,) = printed
    return json.loads(text)[str(tiny_run)]


def test_each_population_is_measured_on_its_validation_images(summary, tiny_set, adult_set):
    validation = {
        Population.CHILDREN: split_for_training(load_index(tiny_set)).validation,
        Population.ADULTS: split_for_training(load_adult_index(adult_set)).validation,
    }
    assert {name: measured["n"] for name, measured in summary.items()} == {
        name: len(records) for name, records in validation.items()
    }


def test_a_run_on_children_ranks_children(summary):
    assert summary[Population.CHILDREN]["auc"] > 0.75


def test_children_are_measured_under_every_perturbation_and_adults_against_boxes(summary):
    assert summary[Population.CHILDREN]["perturbed_auc"].keys() == {*FEW_PERTURBATIONS, *framings()}
    assert summary[Population.ADULTS]["boxes"]["n"] > 0
    for measured in summary.values():
        assert measured["verdict_changes"].keys() == tone_changes().keys()
        assert all(0 <= share <= 1 for share in measured["verdict_changes"].values())
