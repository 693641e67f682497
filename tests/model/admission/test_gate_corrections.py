"""Films that a turn or a swap of bright and dark puts right."""

import dataclasses

import numpy as np
import pytest

from model.admission.classifier import ADMISSIBLE, ADMISSION_CLASSES
from model.admission.decision import Correction
from model.admission.gate import CORRECTIONS, AdmissionGate
from model.codes import Caution, RefusalReason
from model.imaging.preprocessing import working_image
from model.imaging.radiograph import DicomMetadata, Radiograph
from tests.support.gates import admission, admitting_gate, film, limited, refusing  # noqa: F401 (a fixture)


def told(**changed) -> DicomMetadata:
    """What a DICOM file tells."""
    plain = DicomMetadata("CR", "CHEST", "AP", 3, (), (300.0, 400.0), True, (), 0, ())
    return dataclasses.replace(plain, **changed)


class Upright(AdmissionGate):
    """Takes one picture alone for fine; whatever else, it says, is `kind`."""

    kind = RefusalReason.ROTATED

    def _probability(self, seen, measures):  # noqa: ARG002
        likely = ADMISSIBLE if np.abs(seen.working - working_image(film())).mean() < 1 else self.kind
        return np.array([float(one == likely) for one in ADMISSION_CLASSES], np.float32)


@pytest.fixture
def upright(gate) -> AdmissionGate:
    return Upright(gate.classifier, gate.admission_classifier, gate.index)


def spoiled(correction: Correction) -> Radiograph:
    """The film as it needs this remedy."""
    turned = np.rot90(film().pixels, correction.turns)
    return Radiograph(np.ascontiguousarray(255 - turned if correction.invert else turned), "PNG", 8)


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_the_one_step_that_puts_a_film_right_is_offered_and_names_the_reason(upright, correction):
    found = admission(upright, spoiled(correction))
    assert found.correction == correction
    assert found.refusals == correction.corrects


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_a_film_that_was_put_right_is_read_as_the_upright_one_and_says_that_it_was(upright, correction):
    put_right = upright.apply_correction(upright.examine(spoiled(correction)))
    assert put_right.admission.refusals == ()
    finding = upright.read(put_right)
    assert finding.cautions == (Caution.CORRECTED,)
    assert finding.probability == pytest.approx(upright.classifier.read(film()).probability, abs=1e-3)


def test_a_film_that_was_put_right_meets_the_cautions_of_any_other(upright):
    small = dataclasses.replace(
        spoiled(Correction(2, invert=False)), metadata=told(cautions=(Caution.ENCODING_ASSUMED,))
    )
    blurred = dataclasses.replace(upright, admission_classifier=limited(upright, least_detail=255).admission_classifier)
    finding = blurred.read(blurred.apply_correction(blurred.examine(small)))
    assert finding.cautions == (Caution.ENCODING_ASSUMED, Caution.CORRECTED, Caution.LOW_QUALITY)


def test_only_what_a_step_puts_right_can_be_put_right(gate):
    with pytest.raises(ValueError, match="remedy"):
        gate.apply_correction(gate.examine(film()))


@pytest.mark.parametrize("kind", [RefusalReason.ROTATED, RefusalReason.INVERTED])
def test_what_no_step_puts_right_is_not_called_turned_or_swapped(gate, kind):
    found = admission(refusing(gate, kind), film())
    assert found.correction is None
    assert len(found.refusals) == 1
    assert not {RefusalReason.ROTATED, RefusalReason.INVERTED} & set(found.refusals)


def test_no_remedy_is_looked_for_where_something_else_is_the_matter(upright, monkeypatch):
    monkeypatch.setattr(Upright, "kind", RefusalReason.CROPPED)
    assert admission(upright, spoiled(Correction(1, invert=False))).correction is None
