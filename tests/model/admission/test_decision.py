"""Words of admission, and the remedies that it offers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.admission.decision import Admission, Code, Decision, Remedy, refusal_reason
from model.admission.gate import REMEDIES
from model.imaging.radiograph import ClinicalFile, Radiograph

remedies = st.builds(Remedy, turns=st.integers(0, 3), invert=st.booleans())


@pytest.mark.parametrize(
    ("admission", "decision"),
    [
        (Admission(), Decision.ACCEPT),
        (Admission(cautions=(Code.UNFAMILIAR,)), Decision.CAUTION),
        (Admission(refusals=(Code.CROPPED,)), Decision.REFUSE),
        (Admission(refusals=(Code.CROPPED,), cautions=(Code.REMEDIED,)), Decision.REFUSE),
    ],
)
def test_one_refusal_refuses_and_one_caution_cautions(admission, decision):
    assert admission.decision is decision


@pytest.mark.parametrize("code", Code)
def test_every_code_has_whole_sentences(code):
    assert code.sentence[0].isupper()
    assert code.sentence.endswith(".")


def test_two_reasons_are_told_one_after_the_other():
    reason = refusal_reason((Code.INVERTED, Code.ROTATED))
    assert reason == f"{Code.INVERTED.sentence} {Code.ROTATED.sentence}"
    assert refusal_reason(()) == ""


@given(remedy=remedies, shape=st.tuples(st.integers(1, 9), st.integers(1, 9)), seed=st.integers(0, 99))
def test_a_remedy_undoes_a_turn_the_other_way_and_a_swap(remedy, shape, seed):
    upright = np.random.default_rng(seed).integers(0, 256, shape).astype(np.float32)
    wrong = np.rot90(upright, remedy.turns)  # counterclockwise
    put_right = remedy.apply(255 - wrong if remedy.invert else wrong)
    np.testing.assert_array_equal(put_right, upright)
    assert put_right.flags.c_contiguous


def test_a_radiograph_that_was_put_right_keeps_all_but_its_pixels():
    turned = Radiograph(np.arange(6, dtype=np.float32).reshape(2, 3), "JPEG", 12, colourfulness=3.5)
    upright = Remedy(1, invert=False).put_right(turned)
    np.testing.assert_array_equal(upright.pixels, [[3, 0], [4, 1], [5, 2]])  # clockwise
    assert (upright.source_format, upright.bits, upright.colourfulness) == ("JPEG", 12, 3.5)


@pytest.mark.parametrize(("turns", "size"), [(0, (300, 400)), (1, (400, 300)), (2, (300, 400)), (3, (400, 300))])
def test_the_size_that_a_clinical_file_tells_turns_with_the_film(turns, size):
    clinical = ClinicalFile("CR", "CHEST", "AP", None, (), (300, 400), True, (), 0, ())
    film = Radiograph(np.zeros((2, 3), np.float32), "DICOM", 12, clinical=clinical)
    assert Remedy(turns, invert=True).put_right(film).clinical.millimetres == size


@pytest.mark.parametrize(
    ("remedy", "offer", "done", "codes"),
    [
        (Remedy(1, invert=False), "Turn by 90° clockwise", "Turned by 90° clockwise", (Code.ROTATED,)),
        (Remedy(2, invert=False), "Turn by 180°", "Turned by 180°", (Code.ROTATED,)),
        (Remedy(0, invert=True), "Swap black and white", "Black and white swapped", (Code.INVERTED,)),
        (
            Remedy(3, invert=True),
            "Swap black and white and turn by 90° counterclockwise",
            "Black and white swapped and turned by 90° counterclockwise",
            (Code.INVERTED, Code.ROTATED),
        ),
    ],
)
def test_a_remedy_says_what_it_does_what_it_did_and_what_it_puts_right(remedy, offer, done, codes):
    assert (remedy.offer, remedy.done, remedy.codes) == (offer, done, codes)


def test_every_remedy_is_tried_once_and_none_that_does_nothing():
    assert len(set(REMEDIES)) == len(REMEDIES) == 7
    assert all(remedy.codes for remedy in REMEDIES)
