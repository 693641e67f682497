"""Pictures with all that is known of their explanations: each is what reading it alone gives."""

from types import SimpleNamespace

import numpy as np
import pytest

from dataset.index import load_index
from dataset.split import split_for_training
from model.explanation.reliability import measure_reliability
from model.inference.classifier import Classifier
from model.inference.decision import Verdict
from model.inference.release_loader import load_release
from training.data.loading import draw_sample, read_radiograph
from training.evaluation.heatmaps.cases import HeatMapCase, build_cases, patients_of


@pytest.fixture(scope="module")
def classifier(published) -> Classifier:
    return Classifier(load_release(published))


def test_each_is_what_a_reading_and_its_checks_say_in_the_order_of_the_records(classifier, tiny_set):
    records = split_for_training(load_index(tiny_set)).test[::8]

    explained = build_cases(classifier, records, "of the test")

    assert [one.record for one in explained] == records
    assert patients_of(explained).tolist() == [record.patient for record in records]
    for one in explained:
        radiograph = read_radiograph(one.record)
        seen = classifier.infer(radiograph)
        assert one.verdict == classifier.read(radiograph).verdict
        assert one.checks == measure_reliability(classifier, seen)
        np.testing.assert_array_equal(one.heat, seen.output.class_activation_map)
        assert classifier.classify(one.picture).logit == seen.output.logit


@pytest.mark.parametrize(
    ("verdict", "label", "right"),
    [
        (Verdict.PNEUMONIA, "PNEUMONIA", True),
        (Verdict.NORMAL, "PNEUMONIA", False),
        (Verdict.NORMAL, "NORMAL", True),
        (Verdict.INDETERMINATE, "NORMAL", None),
    ],
)
def test_a_verdict_is_right_where_it_is_the_label_and_neither_where_there_is_none(verdict, label, right):
    assert HeatMapCase(SimpleNamespace(label=label), None, None, verdict, None).right is right


def test_a_sample_is_drawn_the_same_each_time_and_keeps_the_order():
    many = list(range(100))
    assert draw_sample(many, 10) == draw_sample(many, 10) == sorted(draw_sample(many, 10))
    assert len(set(draw_sample(many, 10))) == 10
    assert draw_sample(many, 10) != many[:10]
    assert draw_sample(many, 200) == many
