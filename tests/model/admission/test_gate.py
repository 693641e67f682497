"""Accepted radiographs are read; refused ones are read only on explicit request."""

import numpy as np
import pytest

from model.admission.classifier import ADMISSION_CLASSES
from model.admission.decision import Decision
from model.admission.gate import MAX_COLOURFULNESS
from model.codes import RefusalReason
from model.errors import NotAdmitted
from model.inference.finding_rows import finding_row
from model.limits import MIN_ADMISSIBLE_SIDE
from model.messages import Message
from model.sentences import render_codes
from tests.support.gates import admission, asymmetric_radiograph, with_class, with_limits


def test_an_accepted_radiograph_has_the_finding_of_the_classifier(gate):
    admission_result = gate.examine(asymmetric_radiograph())
    assert admission_result.admission.decision is Decision.ACCEPT
    finding, expected = gate.read(admission_result), gate.classifier.read(asymmetric_radiograph())
    assert finding.probability == expected.probability
    np.testing.assert_array_equal(finding.heat_map, expected.heat_map)
    assert (finding.cautions, finding.refusals) == ((), ())


@pytest.mark.parametrize(
    "kind", [RefusalReason.CROPPED, RefusalReason.NO_LUNGS, RefusalReason.NOT_A_RADIOGRAPH, RefusalReason.NO_CONTRAST]
)
def test_an_image_of_another_class_is_refused_with_that_reason_and_not_read(gate, kind, monkeypatch):
    read = []
    monkeypatch.setattr(gate.classifier, "finding_from", read.append)
    refusing_gate = with_class(gate, kind)
    admission_result = refusing_gate.examine(asymmetric_radiograph())

    assert admission_result.admission.refusals == (kind,)
    with pytest.raises(NotAdmitted) as refused:
        refusing_gate.read(admission_result)
    assert (refused.value.code, refused.value.messages) == (kind, (Message(kind),))
    assert read == []


def test_a_refused_image_is_read_on_request_and_its_row_is_marked(gate):
    refusing_gate = with_class(gate, RefusalReason.CROPPED)
    finding = refusing_gate.read(refusing_gate.examine(asymmetric_radiograph()), include_refused=True)
    row = finding_row("a.png", finding)

    assert finding.probability == gate.classifier.read(asymmetric_radiograph()).probability
    assert finding.refusals == (RefusalReason.CROPPED,)
    assert (row["status"], row["read_anyway"], row["reason_code"]) == ("read", True, "cropped")
    assert row["reason"] == render_codes([RefusalReason.CROPPED])


@pytest.mark.parametrize(("height", "width"), [(MIN_ADMISSIBLE_SIDE - 1, 400), (400, MIN_ADMISSIBLE_SIDE - 1)])
def test_an_image_with_a_side_below_128_pixels_is_refused(gate, height, width):
    assert admission(gate, asymmetric_radiograph(height, width)).refusals == (RefusalReason.TOO_SMALL,)
    assert admission(gate, asymmetric_radiograph(MIN_ADMISSIBLE_SIDE, 400)).refusals == ()


def test_a_colour_image_is_refused_and_a_tinted_radiograph_is_not(gate):
    colourful = asymmetric_radiograph(colourfulness=MAX_COLOURFULNESS + 0.1)
    assert admission(gate, colourful).refusals == (RefusalReason.NOT_A_RADIOGRAPH,)
    assert admission(gate, asymmetric_radiograph(colourfulness=MAX_COLOURFULNESS)).refusals == ()


@pytest.mark.parametrize(
    "limits", [{"min_second_lung_area": 0.9}, {"min_lung_distance": 0.9}, {"max_lung_offset": -0.1}]
)
def test_lungs_of_implausible_size_or_position_are_refused_even_if_the_network_admits_the_image(gate, limits):
    assert admission(with_limits(gate, **limits), asymmetric_radiograph()).refusals == (RefusalReason.NO_LUNGS,)


def test_an_image_with_a_probability_of_nan_is_not_admitted(gate):
    assert not gate.admission_classifier.is_admissible(np.full(len(ADMISSION_CLASSES), np.nan, np.float32))
