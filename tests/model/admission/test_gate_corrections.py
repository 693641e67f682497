"""Films that a turn or a swap of bright and dark puts right."""

import dataclasses

import numpy as np
import pytest

from model.admission.classifier import FINE, KINDS
from model.admission.decision import Code, Remedy
from model.admission.gate import REMEDIES, Gate
from model.imaging.preprocessing import working_picture
from model.imaging.radiograph import ENCODING_ASSUMED, ClinicalFile, Radiograph
from tests.support.gates import admission, admitting_gate, film, limited, refusing  # noqa: F401 (a fixture)


def told(**changed) -> ClinicalFile:
    """What a DICOM file tells."""
    plain = ClinicalFile("CR", "CHEST", "AP", 3, (), (300.0, 400.0), True, (), 0, ())
    return dataclasses.replace(plain, **changed)


class Upright(Gate):
    """Takes one picture alone for fine; whatever else, it says, is `kind`."""

    kind = Code.ROTATED

    def _probability(self, seen, measures):  # noqa: ARG002
        likely = FINE if np.abs(seen.working - working_picture(film())).mean() < 1 else self.kind
        return np.array([float(one == likely) for one in KINDS], np.float32)


@pytest.fixture
def upright(gate) -> Gate:
    return Upright(gate.reader, gate.checks, gate.index)


def spoiled(remedy: Remedy) -> Radiograph:
    """The film as it needs this remedy."""
    turned = np.rot90(film().pixels, remedy.turns)
    return Radiograph(np.ascontiguousarray(255 - turned if remedy.invert else turned), "PNG", 8)


@pytest.mark.parametrize("remedy", REMEDIES)
def test_the_one_step_that_puts_a_film_right_is_offered_and_names_the_reason(upright, remedy):
    found = admission(upright, spoiled(remedy))
    assert found.remedy == remedy
    assert found.refusals == remedy.codes


@pytest.mark.parametrize("remedy", REMEDIES)
def test_a_film_that_was_put_right_is_read_as_the_upright_one_and_says_that_it_was(upright, remedy):
    put_right = upright.put_right(upright.examine(spoiled(remedy)))
    assert put_right.admission.refusals == ()
    finding = upright.read(put_right)
    assert finding.cautions == (Code.REMEDIED,)
    assert finding.probability == pytest.approx(upright.reader.read(film()).probability, abs=1e-3)


def test_a_film_that_was_put_right_meets_the_cautions_of_any_other(upright):
    small = dataclasses.replace(spoiled(Remedy(2, invert=False)), clinical=told(cautions=(ENCODING_ASSUMED,)))
    blurred = dataclasses.replace(upright, checks=limited(upright, least_detail=255).checks)
    finding = blurred.read(blurred.put_right(blurred.examine(small)))
    assert finding.cautions == (ENCODING_ASSUMED, Code.REMEDIED, Code.LOW_QUALITY)


def test_only_what_a_step_puts_right_can_be_put_right(gate):
    with pytest.raises(ValueError, match="remedy"):
        gate.put_right(gate.examine(film()))


@pytest.mark.parametrize("kind", [Code.ROTATED, Code.INVERTED])
def test_what_no_step_puts_right_is_not_called_turned_or_swapped(gate, kind):
    found = admission(refusing(gate, kind), film())
    assert found.remedy is None
    assert len(found.refusals) == 1
    assert not {Code.ROTATED, Code.INVERTED} & set(found.refusals)


def test_no_remedy_is_looked_for_where_something_else_is_the_matter(upright, monkeypatch):
    monkeypatch.setattr(Upright, "kind", Code.CROPPED)
    assert admission(upright, spoiled(Remedy(1, invert=False))).remedy is None
