"""Reliability of heat maps on a split: how findings are grouped, and what heat maps are compared with."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import training.evaluation.heatmaps.summary
from dataset.index import load_index
from dataset.split import split_for_training
from model.codes import Label, SplitName
from model.explanation.reliability import HeatMapReliability
from model.inference.classifier import load_model
from model.inference.decision import Verdict, classify
from model.inference.release_loader import load_release
from model.release_files import ReleaseFile
from tests.support.cell_classifier import IN_LUNG, LIMITS, CellClassifier, infer, map_around
from tests.support.populations import children_rules
from training.evaluation.heatmaps.cases import HeatMapCase, build_cases
from training.evaluation.heatmaps.summary import evidence_in_lungs, method_agreement, warning_rates
from training.release.candidate import CANDIDATE

pytestmark = pytest.mark.slow

GOOD, BAD = HeatMapReliability(0.9, 0.5, 0.9), HeatMapReliability(0.9, 0.0, 0.9)  # by LIMITS


def make_case(number: int, label: str, verdict: Verdict, reliability: HeatMapReliability | None) -> HeatMapCase:
    record = SimpleNamespace(label=label, target=int(label == Label.PNEUMONIA), patient=f"patient {number}")
    return HeatMapCase(record, None, np.zeros((1, 4, 4, 1), np.float32), verdict, reliability, reliability)


CASES = [
    make_case(1, Label.PNEUMONIA, Verdict.PNEUMONIA, GOOD),
    make_case(2, Label.PNEUMONIA, Verdict.PNEUMONIA, BAD),
    make_case(3, Label.PNEUMONIA, Verdict.PNEUMONIA, GOOD),
    make_case(4, Label.PNEUMONIA, Verdict.NORMAL, BAD),
    make_case(5, Label.PNEUMONIA, Verdict.NORMAL, None),
    make_case(6, Label.NORMAL, Verdict.NORMAL, None),
    make_case(7, Label.NORMAL, Verdict.PNEUMONIA, BAD),
    make_case(8, Label.NORMAL, Verdict.INDETERMINATE, GOOD),
]


def classifier(**limits) -> SimpleNamespace:
    return SimpleNamespace(release=SimpleNamespace(description={"heat_map_reliability": limits} if limits else {}))


@pytest.fixture
def random_seeds(monkeypatch) -> list:
    """Seeds of the networks with random weights, whose findings all get a warning."""
    seeds = []

    def record_seed(_, images, seed):
        assert images.shape == (len(CASES), 4, 4, 1)
        seeds.append(seed)

    monkeypatch.setattr(training.evaluation.heatmaps.summary, "randomised_classifier", record_seed)
    monkeypatch.setattr(
        training.evaluation.heatmaps.summary,
        "build_cases",
        lambda _, records, __: [HeatMapCase(record, None, None, Verdict.NORMAL, BAD, BAD) for record in records],
    )
    return seeds


def test_warning_rates_are_grouped_by_correctness_and_omit_findings_without_evidence(random_seeds):
    rates = warning_rates(classifier(**LIMITS), CASES)

    assert {kind: (share["value"], share["n"], share["not_applicable"]) for kind, share in rates.items()} == {
        "right_pneumonia": (pytest.approx(1 / 3), 3, 0),
        "right_normal": (None, 0, 1),
        "false_alarm": (1, 1, 0),
        "missed": (1, 1, 1),
        "indeterminate": (0, 1, 0),
        "randomised": (1, 3 * len(CASES), 0),
    }
    assert len(set(random_seeds)) == 3


def test_a_release_without_limits_has_no_warning_rates():
    assert warning_rates(classifier(), CASES) is None


def test_evidence_in_the_lungs_is_compared_with_the_area_of_the_lungs():
    cell_classifier = CellClassifier(IN_LUNG, map_around(IN_LUNG))
    reliability = HeatMapReliability(0.8, 0.1, 0.1)
    case = HeatMapCase(SimpleNamespace(patient="a"), infer(cell_classifier), None, None, None, reliability)
    without_lungs = replace(case, class_activation=replace(reliability, inside_lungs=None))

    inside = evidence_in_lungs(cell_classifier, [case, replace(case, class_activation=None), without_lungs])

    assert inside["evidence"]["value"] == 0.8
    assert inside["area"]["value"] == pytest.approx(0.5, abs=0.02)  # the lungs are the left half
    assert (inside["evidence"]["n"], inside["area"]["n"]) == (1, 1)


def test_the_heat_map_has_the_ranks_of_grad_cam(published, tiny_set):
    released = load_model(published)
    cases = build_cases(released, split_for_training(load_index(tiny_set)).test[::10], "of the test")

    agreement = method_agreement(released, cases)

    applicable = [case for case in cases if case.reliability]
    assert applicable
    assert set(agreement) == {"occlusion", "Grad-CAM", "Grad-CAM++", "SmoothGrad"}
    assert {share["n"] for share in agreement.values()} == {len(applicable)}
    assert agreement["Grad-CAM"]["value"] == pytest.approx(1, abs=1e-3)
    assert agreement["occlusion"]["value"] == pytest.approx(
        np.mean([case.reliability.agreement for case in applicable])
    )


def test_an_evaluation_of_all_splits_has_all_heat_map_metrics(measured_run):
    measured = json.loads((measured_run / CANDIDATE / ReleaseFile.METRICS).read_text())["explanations"]
    release, rows = (
        load_release(measured_run / CANDIDATE),
        pd.read_csv(measured_run / CANDIDATE / ReleaseFile.PREDICTIONS),
    )
    probabilities = rows[(rows["split"] == SplitName.TEST) & (rows["label"] == Label.PNEUMONIA)]["probability"]
    rules = children_rules(release)
    verdicts = [classify(p, rules.operating_point(), rules.conformal) for p in probabilities]

    assert set(measured) == {
        "warnings",
        "deletion_insertion",
        "inside_lungs",
        "agreement",
        "synthetic_opacities",
        "adult_boxes",
    }
    assert measured["deletion_insertion"]["n"] == min(
        3, verdicts.count(Verdict.PNEUMONIA)
    )  # 3: see `reduce_sample_sizes`
    assert measured["agreement"]["SmoothGrad"]["n"] == 3
    assert measured["synthetic_opacities"]["hit"]["n"] == 4
    assert measured["adult_boxes"] is None
