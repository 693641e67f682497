"""Pictures with all that is known of their explanations: each is what reading it alone gives."""

from types import SimpleNamespace

import numpy as np
import pytest

from dataset.index import load_index
from dataset.split import cut
from model.explanation.reliability import check_explanation
from model.inference.classifier import Reader
from model.inference.decision import Verdict
from model.inference.release_loader import load_release
from training.data.loading import read_radiograph
from training.evaluation.heatmaps.cases import Explained, explain_all, patients, sample


@pytest.fixture(scope="module")
def reader(published) -> Reader:
    return Reader(load_release(published))


def test_each_is_what_a_reading_and_its_checks_say_in_the_order_of_the_records(reader, tiny_set):
    records = cut(load_index(tiny_set)).test[::8]

    explained = explain_all(reader, records, "of the test")

    assert [one.record for one in explained] == records
    assert patients(explained).tolist() == [record.patient for record in records]
    for one in explained:
        radiograph = read_radiograph(one.record)
        seen = reader.see(radiograph)
        assert one.verdict == reader.read(radiograph).verdict
        assert one.checks == check_explanation(reader, seen)
        np.testing.assert_array_equal(one.heat, seen.raw.class_activation_map)
        assert reader.raw(one.picture).logit == seen.raw.logit


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
    assert Explained(SimpleNamespace(label=label), None, None, verdict, None).right is right


def test_a_sample_is_drawn_the_same_each_time_and_keeps_the_order():
    many = list(range(100))
    assert sample(many, 10) == sample(many, 10) == sorted(sample(many, 10))
    assert len(set(sample(many, 10))) == 10
    assert sample(many, 10) != many[:10]
    assert sample(many, 200) == many
