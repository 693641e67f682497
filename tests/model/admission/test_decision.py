"""Words of admission, and the remedies that it offers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import codes
from model.admission.decision import AdmissionDecision, Correction, Decision
from model.admission.gate import CORRECTIONS
from model.codes import Caution, RefusalReason, code_sentence, refusal_text
from model.imaging.radiograph import DicomMetadata, Radiograph

corrections = st.builds(Correction, turns=st.integers(0, 3), invert=st.booleans())


@pytest.mark.parametrize(
    ("admission", "decision"),
    [
        (AdmissionDecision(), Decision.ACCEPT),
        (AdmissionDecision(cautions=(Caution.OUT_OF_DISTRIBUTION,)), Decision.CAUTION),
        (AdmissionDecision(refusals=(RefusalReason.CROPPED,)), Decision.REFUSE),
        (AdmissionDecision(refusals=(RefusalReason.CROPPED,), cautions=(Caution.CORRECTED,)), Decision.REFUSE),
    ],
)
def test_one_refusal_refuses_and_one_caution_cautions(admission, decision):
    assert admission.decision is decision


@pytest.mark.parametrize("code", codes._SENTENCES)
def test_every_code_has_whole_sentences(code):
    assert code_sentence(code)[0].isupper()
    assert code_sentence(code).endswith(".")


def test_two_reasons_are_told_one_after_the_other():
    reason = refusal_text((RefusalReason.INVERTED, RefusalReason.ROTATED))
    assert reason == f"{code_sentence(RefusalReason.INVERTED)} {code_sentence(RefusalReason.ROTATED)}"
    assert refusal_text(()) == ""


@given(correction=corrections, shape=st.tuples(st.integers(1, 9), st.integers(1, 9)), seed=st.integers(0, 99))
def test_a_remedy_undoes_a_turn_the_other_way_and_a_swap(correction, shape, seed):
    upright = np.random.default_rng(seed).integers(0, 256, shape).astype(np.float32)
    wrong = np.rot90(upright, correction.turns)  # counterclockwise
    put_right = correction.apply(255 - wrong if correction.invert else wrong)
    np.testing.assert_array_equal(put_right, upright)
    assert put_right.flags.c_contiguous


def test_a_radiograph_that_was_put_right_keeps_all_but_its_pixels():
    turned = Radiograph(np.arange(6, dtype=np.float32).reshape(2, 3), "JPEG", 12, colourfulness=3.5)
    upright = Correction(1, invert=False).apply_correction(turned)
    np.testing.assert_array_equal(upright.pixels, [[3, 0], [4, 1], [5, 2]])  # clockwise
    assert (upright.source_format, upright.bits, upright.colourfulness) == ("JPEG", 12, 3.5)


@pytest.mark.parametrize(("turns", "size"), [(0, (300, 400)), (1, (400, 300)), (2, (300, 400)), (3, (400, 300))])
def test_the_size_that_a_clinical_file_tells_turns_with_the_film(turns, size):
    metadata = DicomMetadata("CR", "CHEST", "AP", None, (), (300, 400), True, (), 0, ())
    film = Radiograph(np.zeros((2, 3), np.float32), "DICOM", 12, metadata=metadata)
    assert Correction(turns, invert=True).apply_correction(film).metadata.size_millimetres == size


@pytest.mark.parametrize(
    ("correction", "offer", "done", "codes"),
    [
        (Correction(1, invert=False), "Turn by 90° clockwise", "Turned by 90° clockwise", (RefusalReason.ROTATED,)),
        (Correction(2, invert=False), "Turn by 180°", "Turned by 180°", (RefusalReason.ROTATED,)),
        (Correction(0, invert=True), "Swap black and white", "Black and white swapped", (RefusalReason.INVERTED,)),
        (
            Correction(3, invert=True),
            "Swap black and white and turn by 90° counterclockwise",
            "Black and white swapped and turned by 90° counterclockwise",
            (RefusalReason.INVERTED, RefusalReason.ROTATED),
        ),
    ],
)
def test_a_remedy_says_what_it_does_what_it_did_and_what_it_puts_right(correction, offer, done, codes):
    assert (correction.button_label, correction.past_tense, correction.corrects) == (offer, done, codes)


def test_every_remedy_is_tried_once_and_none_that_does_nothing():
    assert len(set(CORRECTIONS)) == len(CORRECTIONS) == 7
    assert all(correction.corrects for correction in CORRECTIONS)
