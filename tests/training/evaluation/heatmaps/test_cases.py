"""Heat-map cases have the same results as classifying each image by itself."""

from types import SimpleNamespace

import numpy as np
import pytest

from dataset.index import load_index
from dataset.split import split_for_training
from model.explanation.reliability import measure_reliability
from model.inference.classifier import Classifier, load_model
from model.inference.decision import Verdict
from training.data.loading import draw_sample, read_radiograph
from training.evaluation.heatmaps.cases import HeatMapCase, build_cases, patients_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def classifier(published) -> Classifier:
    return load_model(published)


def test_cases_have_the_results_of_each_image_in_the_order_of_the_records(classifier, tiny_set):
    records = split_for_training(load_index(tiny_set)).test[::8]

    cases = build_cases(classifier, records, "of the test")

    assert [case.record for case in cases] == records
    assert patients_of(cases).tolist() == [record.patient for record in records]
    for case in cases:
        radiograph = read_radiograph(case.record)
        inference = classifier.infer(radiograph)
        assert case.verdict == classifier.read(radiograph).verdict
        assert case.reliability == measure_reliability(classifier, inference)
        np.testing.assert_array_equal(case.heat, inference.output.class_activation_map)
        assert classifier.run_network(case.network_input).logit == inference.output.logit


@pytest.mark.parametrize(
    ("verdict", "label", "is_correct"),
    [
        (Verdict.PNEUMONIA, "PNEUMONIA", True),
        (Verdict.NORMAL, "PNEUMONIA", False),
        (Verdict.NORMAL, "NORMAL", True),
        (Verdict.INDETERMINATE, "NORMAL", None),
    ],
)
def test_a_verdict_is_correct_if_it_matches_the_label_and_undefined_if_it_is_indeterminate(verdict, label, is_correct):
    assert HeatMapCase(SimpleNamespace(label=label), None, None, verdict, None, None).is_correct is is_correct


def test_a_sample_is_deterministic_and_keeps_the_order():
    items = list(range(100))
    assert draw_sample(items, 10) == draw_sample(items, 10) == sorted(draw_sample(items, 10))
    assert len(set(draw_sample(items, 10))) == 10
    assert draw_sample(items, 10) != items[:10]
    assert draw_sample(items, 200) == items
