"""Corrections of refused images: rotation and inversion."""

import dataclasses

import numpy as np
import pytest

from model.admission.classifier import ADMISSIBLE, ADMISSION_CLASSES
from model.admission.decision import Correction
from model.admission.gate import CORRECTIONS, AdmissionGate
from model.codes import Caution, RefusalReason
from model.imaging.preprocessing import working_image
from model.imaging.radiograph import Radiograph
from tests.support.gates import admission, asymmetric_radiograph, with_class, with_limits


class UprightOnlyGate(AdmissionGate):
    """Admit only the upright radiograph; assign every other image to `kind`."""

    kind = RefusalReason.ROTATED

    def _probability(self, inference, measures):  # noqa: ARG002
        difference = np.abs(inference.working - working_image(asymmetric_radiograph())).mean()
        predicted = ADMISSIBLE if difference < 1 else self.kind
        return np.array([float(name == predicted) for name in ADMISSION_CLASSES], np.float32)


@pytest.fixture
def upright_only(gate) -> AdmissionGate:
    return UprightOnlyGate(gate.classifier, gate.admission_classifier, gate.index)


def in_need_of(correction: Correction) -> Radiograph:
    """Return the radiograph, rotated and inverted so that this correction restores it."""
    rotated = np.rot90(asymmetric_radiograph().pixels, correction.turns)
    return Radiograph(np.ascontiguousarray(255 - rotated if correction.invert else rotated), "PNG", 8)


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_the_correction_that_restores_an_image_is_suggested_and_determines_the_refusals(upright_only, correction):
    decision = admission(upright_only, in_need_of(correction))
    assert decision.correction == correction
    assert decision.refusals == correction.corrects


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_a_corrected_image_is_read_like_the_upright_one_with_a_caution(upright_only, correction):
    corrected = upright_only.apply_correction(upright_only.examine(in_need_of(correction)))
    assert corrected.admission.refusals == ()
    finding = upright_only.read(corrected)
    assert finding.cautions == (Caution.CORRECTED,)
    expected = upright_only.classifier.read(asymmetric_radiograph())
    assert finding.probability == pytest.approx(expected.probability, abs=1e-3)


def test_a_corrected_image_also_has_all_other_cautions(upright_only):
    rotated = dataclasses.replace(in_need_of(Correction(2, invert=False)), cautions=(Caution.ENCODING_ASSUMED,))
    gate = with_limits(upright_only, min_detail=255)
    finding = gate.read(gate.apply_correction(gate.examine(rotated)))
    assert finding.cautions == (Caution.ENCODING_ASSUMED, Caution.CORRECTED, Caution.LOW_QUALITY)


def test_an_image_without_a_suggested_correction_cannot_be_corrected(gate):
    with pytest.raises(ValueError, match="suggested correction"):
        gate.apply_correction(gate.examine(asymmetric_radiograph()))


@pytest.mark.parametrize("kind", [RefusalReason.ROTATED, RefusalReason.INVERTED])
def test_an_image_that_no_correction_restores_is_not_refused_as_rotated_or_inverted(gate, kind):
    decision = admission(with_class(gate, kind), asymmetric_radiograph())
    assert decision.correction is None
    assert len(decision.refusals) == 1
    assert not {RefusalReason.ROTATED, RefusalReason.INVERTED} & set(decision.refusals)


def test_an_image_refused_for_another_reason_gets_no_correction(upright_only, monkeypatch):
    monkeypatch.setattr(UprightOnlyGate, "kind", RefusalReason.CROPPED)
    assert admission(upright_only, in_need_of(Correction(1, invert=False))).correction is None
