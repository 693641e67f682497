"""The grayscale pipeline: every encoding of the same image, the order of the steps, padding, tables and windows."""

import io
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence
from pydicom.uid import (
    JPEG2000,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

from model.imaging.dicom.grayscale import LookupTable, VoiWindow, apply_presentation
from model.imaging.dicom.read import read_dicom
from tests.support.dicom_files import (
    LOSSLESS_SYNTAXES,
    dicom_file,
    display_tags,
    gradient_image,
    lut_sequence,
    to_stored_values,
)

LOSSY_SYNTAXES = {"JPEG baseline": (JPEGBaseline8Bit, [8]), "JPEG 2000": (JPEG2000, [8, 10, 12, 16])}


def largest_errors(syntax: str, bits: int, signed: bool) -> dict[str, float]:
    """Return the largest error in grey levels for each set of display tags and each photometric interpretation."""
    errors = {}
    for interpretation in ("MONOCHROME2", "MONOCHROME1"):
        grey = gradient_image() if interpretation == "MONOCHROME2" else 255 - gradient_image()
        for display, tags in display_tags(bits, signed).items():
            tags = tags | {"BitsStored": bits, "PhotometricInterpretation": interpretation}
            radiograph = read_dicom(dicom_file(to_stored_values(grey, bits, signed), syntax, **tags), 0)
            assert radiograph.pixels.dtype == np.float32
            assert radiograph.bits == bits
            errors[f"{interpretation}, {display}"] = float(np.abs(radiograph.pixels - gradient_image()).max())
    assert len(errors) == 14
    return errors


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("bits", [8, 10, 12, 15, 16])
@pytest.mark.parametrize("syntax", LOSSLESS_SYNTAXES.values(), ids=LOSSLESS_SYNTAXES)
def test_every_encoding_and_display_gives_the_same_pixels(syntax, bits, signed):
    errors = largest_errors(syntax, bits, signed)
    assert max(errors.values()) < 1, errors


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize(
    ("syntax", "bits"), [(syntax, bits) for syntax, depths in LOSSY_SYNTAXES.values() for bits in depths]
)
def test_lossy_compression_changes_a_smooth_image_by_less_than_three_grey_levels(syntax, bits, signed):
    errors = largest_errors(syntax, bits, signed)
    assert max(errors.values()) < 3, errors


# --- the order of the steps: each expected number was computed by hand and changes if two steps are swapped


def rendered(values: list[int], **tags: object) -> list[float]:
    """Return the grey of stored 16-bit values."""
    dtype = "int16" if min(values) < 0 else "uint16"
    stored = np.tile(np.asarray(values, dtype), (32, 32))
    pixels = read_dicom(dicom_file(stored, **tags), tags.pop("window", 0)).pixels
    assert (pixels == pixels[0]).all()
    return [round(float(grey), 2) for grey in pixels[0, : len(values)]]


def test_the_window_applies_to_rescaled_values():
    # 300, 350 and 400 become -400, -300 and -200; applied to stored values, the window would make all of them white
    tags = {"RescaleSlope": 2, "RescaleIntercept": -1000, "WindowCenter": -299.5, "WindowWidth": 201}
    assert rendered([300, 350, 400], **tags) == [0, 127.5, 255]


def test_a_modality_table_comes_before_the_window():
    tags = {"ModalityLUTSequence": lut_sequence(np.array([7, 1000, 3000]), first=4, bits=12)}
    # 3 and 9 are outside the table, so they get the values at its ends
    assert rendered([3, 4, 5, 6, 9], **tags, WindowCenter=1000.5, WindowWidth=1001) == [0, 0, 127.5, 255, 255]


def test_inversion_comes_last():
    # if inverted first, the window would apply to 65435, 65430 and 65425: all white
    tags = {"PhotometricInterpretation": "MONOCHROME1", "WindowCenter": 105.5, "WindowWidth": 11}
    assert rendered([100, 105, 110], **tags) == [255, 127.5, 0]


def test_inversion_comes_after_a_voi_table():
    tags = {"PhotometricInterpretation": "MONOCHROME1", "VOILUTSequence": lut_sequence(np.array([0, 51, 255]), bits=8)}
    assert rendered([0, 1, 2], **tags) == [255, 204, 0]


@pytest.mark.parametrize(
    ("interpretation", "shape", "inverted"),
    [
        ("MONOCHROME1", None, True),
        ("MONOCHROME1", "INVERSE", True),  # once, not twice: the standard requires both
        ("MONOCHROME2", "INVERSE", True),
        ("MONOCHROME2", "IDENTITY", False),
        ("MONOCHROME2", None, False),
    ],
)
def test_inversion_by_photometric_interpretation_or_presentation_shape(interpretation, shape, inverted):
    tags = {"PhotometricInterpretation": interpretation, "PresentationLUTShape": shape, "WindowCenter": 50.5}
    assert rendered([0, 100], **tags, WindowWidth=101) == ([255, 0] if inverted else [0, 255])


# --- padding, unused bits


@pytest.mark.parametrize("interpretation", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
def test_padding_is_black_and_does_not_stretch_the_range(interpretation, syntax):
    stored = np.tile(np.array([-2000, 100, 200, 300], np.int16), (32, 10))
    tags = {"PixelPaddingValue": -2000, "PhotometricInterpretation": interpretation, "RescaleIntercept": 5}
    pixels = read_dicom(dicom_file(stored, syntax, **tags, RescaleSlope=1), 0).pixels
    expected = [0, 0, 127.5, 255] if interpretation == "MONOCHROME2" else [0, 255, 127.5, 0]
    np.testing.assert_allclose(pixels[0, :4], expected)


def test_a_range_of_padding_is_black():
    assert rendered([10, 20, 30, 100, 200], PixelPaddingValue=10, PixelPaddingRangeLimit=30) == [0, 0, 0, 0, 255]


def test_an_image_of_padding_alone_is_black():
    assert rendered([7, 7], PixelPaddingValue=7) == [0, 0]


def test_overlays_in_unused_bits_are_not_drawn():
    plain = np.array([0, 1000, 4095], np.uint16)
    tags = {"BitsStored": 12, "WindowCenter": 2048, "WindowWidth": 4096}
    assert rendered((plain | 0x8000).tolist(), **tags) == rendered(plain.tolist(), **tags) == [0, 62.27, 255]


def test_without_a_window_only_images_of_more_than_8_bits_are_stretched_to_their_range():
    assert rendered([100, 200, 300]) == [0, 127.5, 255]
    eight_bit = np.tile(np.array([100, 200], np.uint8), (32, 16))
    np.testing.assert_allclose(read_dicom(dicom_file(eight_bit), 0).pixels[0, :2], [100, 200])


def test_an_image_of_a_single_value_is_black():
    assert rendered([500, 500]) == [0, 0]


# --- tables and windows


@pytest.mark.parametrize(("first", "signed"), [(-2, True), (65534, True), (3, False)])
def test_the_first_value_of_a_table_has_the_sign_of_the_pixels(first, signed):
    values = [-3, -2, -1, 0, 1] if signed else [2, 3, 4, 5, 6]
    tags = {"VOILUTSequence": lut_sequence(np.array([0, 64, 255]), first=first, bits=8)}
    assert rendered(values, **tags) == [0, 0, 64, 255, 255]


def test_a_table_of_8_bits_may_come_as_bytes():
    sequence = lut_sequence(np.array([0, 64, 128, 255]), bits=8)
    sequence[0].add_new("LUTData", "OW", bytes([0, 64, 128, 255]))
    assert rendered([0, 1, 2, 3], VOILUTSequence=sequence) == [0, 64, 128, 255]


def test_tables_come_before_windows_and_any_of_them_can_be_applied():
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
def test_windows_have_their_explanation_as_name_if_it_is_allowed(explanation):
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


@given(
    st.lists(st.integers(0, 4095), min_size=1, max_size=50),
    st.integers(-500, 500),
    st.lists(st.integers(-1000, 1000), min_size=1),
)
def test_a_table_maps_levels_to_entries_and_clamps_at_its_ends(entries, first, levels):
    values = LookupTable(first, np.array(entries, float), 12, "").apply(np.array(levels))
    for level, value in zip(levels, values, strict=True):
        assert value == entries[min(max(level - first, 0), len(entries) - 1)]


@pytest.mark.parametrize(
    "tags",
    [
        {"RescaleSlope": 0, "RescaleIntercept": 5},
        {"VOILUTSequence": [Dataset()]},
        {"VOILUTSequence": lut_sequence(np.array([0, 1]), bits=0)},
        {"VOILUTSequence": lut_sequence(np.array([0, 1]), bits=17)},
        {"HighBit": 15, "BitsStored": 12},
        {"BitsStored": 17},
        {"PhotometricInterpretation": "GREY"},
    ],
)
def test_contradictory_tags_are_an_error(tags):
    with pytest.raises((ValueError, AttributeError)):
        read_dicom(dicom_file(np.zeros((40, 40), np.uint16), **tags), 0)


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
def test_rendering_takes_little_memory_besides_its_input_and_output(signed):
    stored = to_stored_values(gradient_image(2000, 3000), 16, signed)
    dataset = dcmread(io.BytesIO(dicom_file(stored)))
    tracemalloc.start()
    try:
        apply_presentation(dataset, 0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < (2 + 4 + 3) * stored.size  # bytes: 16 bits, float32, and tables of 65,536 values
