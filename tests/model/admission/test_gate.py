"""What is accepted is read, and what is refused is not, but by an explicit act."""

import numpy as np
import pytest

from model.admission.classifier import KINDS
from model.admission.decision import LEAST_SIDE, Code, Decision
from model.admission.gate import MOST_COLOUR
from model.errors import NotAdmitted
from model.inference.finding_rows import finding_row
from tests.support.gates import admission, admitting_gate, film, limited, refusing  # noqa: F401 (a fixture)


def test_what_is_accepted_is_read_as_the_reader_reads_it(gate):
    examination = gate.examine(film())
    assert examination.admission.decision is Decision.ACCEPT
    finding, expected = gate.read(examination), gate.reader.read(film())
    assert finding.probability == expected.probability
    np.testing.assert_array_equal(finding.heat_map, expected.heat_map)
    assert (finding.cautions, finding.refusals) == ((), ())


@pytest.mark.parametrize("kind", [Code.CROPPED, Code.NO_LUNGS, Code.NOT_A_RADIOGRAPH, Code.NO_CONTRAST])
def test_what_the_network_takes_for_something_else_is_refused_as_that_and_not_read(gate, kind, monkeypatch):
    said = []
    monkeypatch.setattr(gate.reader, "finding", said.append)
    closed = refusing(gate, kind)
    examination = closed.examine(film())

    assert examination.admission.refusals == (kind,)
    with pytest.raises(NotAdmitted) as refused:
        closed.read(examination)
    assert (refused.value.code, str(refused.value)) == (kind, kind.sentence)
    assert said == []


def test_a_refused_picture_is_read_only_by_an_explicit_act_that_its_row_repeats(gate):
    closed = refusing(gate, Code.CROPPED)
    finding = closed.read(closed.examine(film()), anyway=True)
    row = finding_row("a.png", finding)

    assert finding.probability == gate.reader.read(film()).probability
    assert finding.refusals == (Code.CROPPED,)
    assert (row["status"], row["read_anyway"], row["reason_code"]) == ("read", True, "cropped")
    assert row["reason"] == Code.CROPPED.sentence


@pytest.mark.parametrize(("height", "width"), [(LEAST_SIDE - 1, 400), (400, LEAST_SIDE - 1)])
def test_a_shorter_side_under_128_pixels_is_refused_whatever_is_on_it(gate, height, width):
    assert admission(gate, film(height, width)).refusals == (Code.TOO_SMALL,)
    assert admission(gate, film(LEAST_SIDE, 400)).refusals == ()


def test_a_colour_picture_is_refused_and_a_tinted_film_is_not(gate):
    assert admission(gate, film(colourfulness=MOST_COLOUR + 0.1)).refusals == (Code.NOT_A_RADIOGRAPH,)
    assert admission(gate, film(colourfulness=MOST_COLOUR)).refusals == ()


@pytest.mark.parametrize("limits", [{"least_field": 0.9}, {"least_apart": 0.9}, {"most_level": -0.1}])
def test_lungs_of_implausible_size_or_place_are_refused_even_where_the_network_admits(gate, limits):
    assert admission(limited(gate, **limits), film()).refusals == (Code.NO_LUNGS,)


def test_a_probability_that_is_no_number_admits_nothing(gate):
    assert not gate.checks.admits(np.full(len(KINDS), np.nan, np.float32))
