"""VOI lookup tables and windows: values, labels and limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.sequence import Sequence

from model.imaging.dicom.lookup import LookupTable, VoiWindow
from model.imaging.dicom.read import read_dicom
from tests.support.dicom_files import dicom_file, lut_sequence, rendered


@pytest.mark.parametrize(("first", "signed"), [(-2, True), (65534, True), (3, False)])
def test_the_first_value_of_a_table_has_the_sign_of_the_pixels(first, signed):
    values = [-3, -2, -1, 0, 1] if signed else [2, 3, 4, 5, 6]
    tags = {"VOILUTSequence": lut_sequence(np.array([0, 64, 255]), first=first, bits=8)}
    assert rendered(values, **tags) == [0, 0, 64, 255, 255]


def test_an_8_bit_table_may_be_stored_as_bytes():
    sequence = lut_sequence(np.array([0, 64, 128, 255]), bits=8)
    sequence[0].add_new("LUTData", "OW", bytes([0, 64, 128, 255]))
    assert rendered([0, 1, 2, 3], VOILUTSequence=sequence) == [0, 64, 128, 255]


def test_tables_are_listed_before_windows_and_each_can_be_applied():
    tags = {
        "VOILUTSequence": lut_sequence(np.array([0, 255]), bits=8, explanation="Bone"),
        "WindowCenter": ["0.5", "100"],
        "WindowWidth": ["1000", "0"],  # the second is invalid
        "WindowCenterWidthExplanation": ["LUNG 2", "NORMAL"],
    }
    stored = np.tile(np.array([0, 1], np.uint16), (32, 20))
    first, second = (read_dicom(dicom_file(stored, **tags), window) for window in (0, 1))
    assert first.metadata.windows == second.metadata.windows == ("Bone (table)", "LUNG 2 (centre 0.5, width 1000)")
    assert [first.metadata.window, second.metadata.window] == [0, 1]
    np.testing.assert_allclose(first.pixels[0, :2], [0, 255])
    np.testing.assert_allclose(second.pixels[0, :2], [127.5, 127.5 + 255 / 999], rtol=1e-6)


@pytest.mark.parametrize(
    "explanation", ["NORMAL", "HARDER", "SOFTER", "Lung", "bone", "WINDOW1", "WINDOW9", "SOFT TISSUE"]
)
def test_a_window_is_named_by_its_explanation_if_it_is_allowed(explanation):
    tags = {"WindowCenter": 5, "WindowWidth": 10, "WindowCenterWidthExplanation": explanation}
    assert read_dicom(dicom_file(**tags), 0).metadata.windows == (f"{explanation} (centre 5, width 10)",)


@pytest.mark.parametrize(
    "explanation", ["Ann Doe, born 11 May 2019, bed 4", "DOE ANN", "NORMAL DOE", "LUNG PID-471108"]
)
def test_other_explanations_of_windows_and_tables_are_hidden(explanation):
    tags = {"WindowCenter": 5, "WindowWidth": 10, "WindowCenterWidthExplanation": explanation}
    tables = [lut_sequence(np.arange(256), bits=8, explanation=explanation)[0] for _ in range(2)]
    radiograph = read_dicom(dicom_file(**tags, VOILUTSequence=Sequence(tables)), 0)
    assert radiograph.metadata.windows == ("Table 1", "Table 2", "Window, centre 5, width 10")


finite = st.floats(-1e5, 1e5, allow_nan=False)


@given(finite, st.floats(1, 1e5), finite)
def test_the_linear_window_follows_the_standard(centre, width, level):
    """PS3.3 C.11.2.1.2.1, as written there."""
    if level <= centre - 0.5 - (width - 1) / 2:
        expected = 0.0
    elif level > centre - 0.5 + (width - 1) / 2:
        expected = 255.0
    else:
        expected = ((level - (centre - 0.5)) / (width - 1) + 0.5) * 255
    (grey,) = VoiWindow(centre, width, "LINEAR", "").to_grey(np.array([level]))
    is_near_step = width - 1 < 1e-4 and abs(level - centre + 0.5) < 1e-3
    assert is_near_step or grey == pytest.approx(expected, abs=1e-3)


@given(finite, st.floats(1e-3, 1e5), finite)
def test_the_sigmoid_and_the_exact_window_follow_the_standard(centre, width, level):
    """PS3.3 C.11.2.1.3.1 and C.11.2.1.3.2, as written there."""
    power = -4 * (level - centre) / width
    sigmoid = 0 if power > 700 else 255 / (1 + np.exp(power))
    assert VoiWindow(centre, width, "SIGMOID", "").to_grey(np.array([level]))[0] == pytest.approx(sigmoid, abs=1e-3)
    exact = 0 if level <= centre - width / 2 else 255 if level > centre + width / 2 else None
    exact = ((level - centre) / width + 0.5) * 255 if exact is None else exact
    assert VoiWindow(centre, width, "LINEAR_EXACT", "").to_grey(np.array([level]))[0] == pytest.approx(exact, abs=1e-3)


@pytest.mark.slow
@given(
    st.lists(st.integers(0, 4095), min_size=1, max_size=50),
    st.integers(-500, 500),
    st.lists(st.integers(-1000, 1000), min_size=1),
)
def test_a_table_maps_levels_to_entries_and_clamps_at_its_ends(entries, first, levels):
    values = LookupTable(first, np.array(entries, float), "").apply(np.array(levels))
    for level, value in zip(levels, values, strict=True):
        assert value == entries[min(max(level - first, 0), len(entries) - 1)]
