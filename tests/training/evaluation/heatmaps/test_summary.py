"""How far heat maps can be believed, over a test split: who is counted where, and what is compared with what."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import training.evaluation.heatmaps.summary
from dataset.index import load_index
from dataset.split import split_for_training
from model.explanation.reliability import RELIABILITY_KEY, HeatMapReliability
from model.inference.classifier import Classifier
from model.inference.decision import Verdict, classify
from model.inference.release_loader import load_release
from model.release_files import ReleaseFile
from tests.support.cell_classifier import IN_LUNG, LIMITS, CellReader, at, seen
from training.evaluation.heatmaps.cases import HeatMapCase, build_cases
from training.evaluation.heatmaps.summary import evidence_in_lungs, method_agreement, warning_rates
from training.release.candidate import CANDIDATE

GOOD, BAD = HeatMapReliability(0.9, 0.5, 0.9), HeatMapReliability(0.9, 0.0, 0.9)  # by LIMITS


def of(number: int, label: str, verdict: Verdict, checks: HeatMapReliability | None) -> HeatMapCase:
    record = SimpleNamespace(label=label, target=int(label == "PNEUMONIA"), patient=f"patient {number}")
    return HeatMapCase(record, None, np.zeros((1, 4, 4, 1), np.float32), verdict, checks)


EXPLAINED = [
    of(1, "PNEUMONIA", Verdict.PNEUMONIA, GOOD),
    of(2, "PNEUMONIA", Verdict.PNEUMONIA, BAD),
    of(3, "PNEUMONIA", Verdict.PNEUMONIA, GOOD),
    of(4, "PNEUMONIA", Verdict.NORMAL, BAD),
    of(5, "PNEUMONIA", Verdict.NORMAL, None),
    of(6, "NORMAL", Verdict.NORMAL, None),
    of(7, "NORMAL", Verdict.PNEUMONIA, BAD),
    of(8, "NORMAL", Verdict.INDETERMINATE, GOOD),
]


def classifier(**limits) -> SimpleNamespace:
    return SimpleNamespace(release=SimpleNamespace(description={RELIABILITY_KEY: limits} if limits else {}))


@pytest.fixture
def ignorant(monkeypatch) -> list:
    """The seeds of the networks with random weights, each of whose readings is warned about."""
    seeds = []

    def randomised_reader(_, pictures, seed):
        assert pictures.shape == (len(EXPLAINED), 4, 4, 1)
        seeds.append(seed)

    monkeypatch.setattr(training.evaluation.heatmaps.summary, "randomised_reader", randomised_reader)
    monkeypatch.setattr(
        training.evaluation.heatmaps.summary,
        "explain_all",
        lambda _, records, __: [HeatMapCase(record, None, None, Verdict.NORMAL, BAD) for record in records],
    )
    return seeds


def test_readings_are_counted_by_how_right_they_are_and_those_without_evidence_apart(ignorant):
    warned = warning_rates(classifier(**LIMITS), EXPLAINED)

    assert {kind: (share["value"], share["n"], share["not_applicable"]) for kind, share in warned.items()} == {
        "right_pneumonia": (pytest.approx(1 / 3), 3, 0),
        "right_normal": (None, 0, 1),
        "false_alarm": (1, 1, 0),
        "missed": (1, 1, 1),
        "indeterminate": (0, 1, 0),
        "randomised": (1, 3 * len(EXPLAINED), 0),
    }
    assert len(set(ignorant)) == 3


def test_a_release_without_limits_warns_about_nothing_and_that_is_not_measured():
    assert warning_rates(classifier(), EXPLAINED) is None


def test_evidence_inside_the_lungs_stands_beside_the_area_that_chance_would_give():
    cell_reader = CellReader(IN_LUNG, at(IN_LUNG))
    film = seen(cell_reader)
    one = HeatMapCase(SimpleNamespace(patient="a"), film, None, None, HeatMapReliability(0.8, 0.1, 0.1))

    inside = evidence_in_lungs(
        cell_reader, [one, replace(one, checks=None), replace(one, checks=replace(one.checks, inside_lungs=None))]
    )

    assert inside["evidence"]["value"] == 0.8
    assert inside["area"]["value"] == pytest.approx(0.5, abs=0.02)  # the lungs are the left half
    assert (inside["evidence"]["n"], inside["area"]["n"]) == (1, 1)


def test_the_heat_map_ranks_places_as_grad_cam_does(published, tiny_set):
    released = Classifier(load_release(published))
    explained = build_cases(released, split_for_training(load_index(tiny_set)).test[::10], "of the test")

    agreement = method_agreement(released, explained)

    applicable = [one for one in explained if one.checks]
    assert applicable
    assert set(agreement) == {"occlusion", "Grad-CAM", "Grad-CAM++", "SmoothGrad"}
    assert {share["n"] for share in agreement.values()} == {len(applicable)}
    assert agreement["Grad-CAM"]["value"] == pytest.approx(1, abs=1e-3)
    assert agreement["occlusion"]["value"] == pytest.approx(np.mean([one.checks.agreement for one in applicable]))


def test_the_figures_of_a_run_that_is_measured_whole_hold_all_of_it(measured_run):
    measured = json.loads((measured_run / CANDIDATE / ReleaseFile.METRICS).read_text())["explanations"]
    release, rows = (
        load_release(measured_run / CANDIDATE),
        pd.read_csv(measured_run / CANDIDATE / ReleaseFile.PREDICTIONS),
    )
    ill = rows[(rows["split"] == "test") & (rows["label"] == "PNEUMONIA")]["probability"]
    verdicts = [classify(one, release.operating_point(), release.conformal) for one in ill]

    assert set(measured) == {"warnings", "curves", "inside_lungs", "agreement", "known_answers", "adult_boxes"}
    assert measured["curves"]["n"] == min(3, verdicts.count(Verdict.PNEUMONIA))  # 3: of `measure_little`
    assert measured["agreement"]["SmoothGrad"]["n"] == 3
    assert measured["known_answers"]["hit"]["n"] == 4
    assert measured["adult_boxes"] is None
