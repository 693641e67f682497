"""What is accepted is read, and what is refused is not, but by an explicit act."""

import numpy as np
import pytest

from model.admission.classifier import ADMISSION_CLASSES
from model.admission.decision import Decision
from model.admission.gate import MAX_COLOURFULNESS
from model.codes import MIN_ADMISSIBLE_SIDE, RefusalReason, code_sentence
from model.errors import NotAdmitted
from model.inference.finding_rows import finding_row
from tests.support.gates import admission, admitting_gate, film, limited, refusing  # noqa: F401 (a fixture)


def test_what_is_accepted_is_read_as_the_reader_reads_it(gate):
    admission_result = gate.examine(film())
    assert admission_result.admission.decision is Decision.ACCEPT
    finding, expected = gate.read(admission_result), gate.classifier.read(film())
    assert finding.probability == expected.probability
    np.testing.assert_array_equal(finding.heat_map, expected.heat_map)
    assert (finding.cautions, finding.refusals) == ((), ())


@pytest.mark.parametrize(
    "kind", [RefusalReason.CROPPED, RefusalReason.NO_LUNGS, RefusalReason.NOT_A_RADIOGRAPH, RefusalReason.NO_CONTRAST]
)
def test_what_the_network_takes_for_something_else_is_refused_as_that_and_not_read(gate, kind, monkeypatch):
    said = []
    monkeypatch.setattr(gate.classifier, "finding_from", said.append)
    closed = refusing(gate, kind)
    admission_result = closed.examine(film())

    assert admission_result.admission.refusals == (kind,)
    with pytest.raises(NotAdmitted) as refused:
        closed.read(admission_result)
    assert (refused.value.code, str(refused.value)) == (kind, code_sentence(kind))
    assert said == []


def test_a_refused_picture_is_read_only_by_an_explicit_act_that_its_row_repeats(gate):
    closed = refusing(gate, RefusalReason.CROPPED)
    finding = closed.read(closed.examine(film()), anyway=True)
    row = finding_row("a.png", finding)

    assert finding.probability == gate.classifier.read(film()).probability
    assert finding.refusals == (RefusalReason.CROPPED,)
    assert (row["status"], row["read_anyway"], row["reason_code"]) == ("read", True, "cropped")
    assert row["reason"] == code_sentence(RefusalReason.CROPPED)


@pytest.mark.parametrize(("height", "width"), [(MIN_ADMISSIBLE_SIDE - 1, 400), (400, MIN_ADMISSIBLE_SIDE - 1)])
def test_a_shorter_side_under_128_pixels_is_refused_whatever_is_on_it(gate, height, width):
    assert admission(gate, film(height, width)).refusals == (RefusalReason.TOO_SMALL,)
    assert admission(gate, film(MIN_ADMISSIBLE_SIDE, 400)).refusals == ()


def test_a_colour_picture_is_refused_and_a_tinted_film_is_not(gate):
    assert admission(gate, film(colourfulness=MAX_COLOURFULNESS + 0.1)).refusals == (RefusalReason.NOT_A_RADIOGRAPH,)
    assert admission(gate, film(colourfulness=MAX_COLOURFULNESS)).refusals == ()


@pytest.mark.parametrize("limits", [{"least_field": 0.9}, {"least_apart": 0.9}, {"most_level": -0.1}])
def test_lungs_of_implausible_size_or_place_are_refused_even_where_the_network_admits(gate, limits):
    assert admission(limited(gate, **limits), film()).refusals == (RefusalReason.NO_LUNGS,)


def test_a_probability_that_is_no_number_admits_nothing(gate):
    assert not gate.admission_classifier.is_admissible(np.full(len(ADMISSION_CLASSES), np.nan, np.float32))
