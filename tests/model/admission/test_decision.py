"""Admission decisions and corrections."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.admission.decision import AdmissionDecision, Correction, Decision
from model.admission.gate import CORRECTIONS
from model.codes import Caution, RefusalReason
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
def test_refusals_outweigh_cautions(admission, decision):
    assert admission.decision is decision


@given(correction=corrections, shape=st.tuples(st.integers(1, 9), st.integers(1, 9)), seed=st.integers(0, 99))
def test_a_correction_undoes_a_rotation_and_an_inversion(correction, shape, seed):
    upright = np.random.default_rng(seed).integers(0, 256, shape).astype(np.float32)
    rotated = np.rot90(upright, correction.turns)  # counterclockwise
    corrected = correction.apply_to_pixels(255 - rotated if correction.invert else rotated)
    np.testing.assert_array_equal(corrected, upright)
    assert corrected.flags.c_contiguous


def test_a_correction_changes_only_the_pixels():
    rotated = Radiograph(np.arange(6, dtype=np.float32).reshape(2, 3), "JPEG", 12, colourfulness=3.5)
    upright = Correction(1, invert=False).apply_to_radiograph(rotated)
    np.testing.assert_array_equal(upright.pixels, [[3, 0], [4, 1], [5, 2]])  # clockwise
    assert (upright.source_format, upright.bits, upright.colourfulness) == ("JPEG", 12, 3.5)


@pytest.mark.parametrize(("background", "is_plausible"), [(0.3, True), (0.7, False)])
def test_the_grey_range_of_an_inverted_image_is_judged_after_the_correction(background, is_plausible):
    pixels = np.tile(np.linspace(0, 250, 100, dtype=np.float32), (80, 1))
    pixels[: round(80 * background)] = 0
    inverted = Radiograph(255 - pixels, "PNG", 8, cautions=(Caution.WINDOW_GUESSED, Caution.WINDOW_IMPLAUSIBLE))
    corrected = Correction(0, invert=True).apply_to_radiograph(inverted)
    remaining = () if is_plausible else (Caution.WINDOW_IMPLAUSIBLE,)
    assert corrected.cautions == (Caution.WINDOW_GUESSED, *remaining)


@pytest.mark.parametrize(("turns", "size"), [(0, (300, 400)), (1, (400, 300)), (2, (300, 400)), (3, (400, 300))])
def test_the_size_in_the_metadata_is_rotated_too(turns, size):
    metadata = DicomMetadata("CR", "CHEST", "AP", None, (300, 400), True, (), 0, ())
    radiograph = Radiograph(np.zeros((2, 3), np.float32), "DICOM", 12, metadata=metadata)
    assert Correction(turns, invert=True).apply_to_radiograph(radiograph).metadata.size_millimetres == size


@pytest.mark.parametrize("turns", range(4))
def test_metadata_without_a_size_is_not_changed(turns):
    metadata = DicomMetadata("CR", "CHEST", "AP", None, None, True, (), 0, ())
    radiograph = Radiograph(np.zeros((2, 3), np.float32), "DICOM", 12, metadata=metadata)
    assert Correction(turns, invert=False).apply_to_radiograph(radiograph).metadata == metadata


@pytest.mark.parametrize("turns", range(4))
def test_a_radiograph_without_metadata_has_none_after_a_correction(turns):
    radiograph = Radiograph(np.zeros((2, 3), np.float32), "PNG", 8)
    assert Correction(turns, invert=True).apply_to_radiograph(radiograph).metadata is None


@pytest.mark.parametrize(
    ("correction", "corrects"),
    [
        (Correction(0, invert=False), ()),
        (Correction(1, invert=False), (RefusalReason.ROTATED,)),
        (Correction(0, invert=True), (RefusalReason.INVERTED,)),
        (Correction(3, invert=True), (RefusalReason.INVERTED, RefusalReason.ROTATED)),
    ],
)
def test_a_correction_states_which_reasons_it_removes(correction, corrects):
    assert correction.corrects == corrects


def test_there_are_seven_corrections_and_each_removes_a_reason():
    assert len(set(CORRECTIONS)) == len(CORRECTIONS) == 7
    assert all(correction.corrects for correction in CORRECTIONS)
