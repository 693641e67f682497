"""From stored values to the grey that is shown: every way of storing a film, and the order of the steps."""

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
from tests.support.dicom_files import LOSSLESS, picture, radiograph, stored_as, table, ways_to_show

LOSSY = {"JPEG baseline": (JPEGBaseline8Bit, [8]), "JPEG 2000": (JPEG2000, [8, 10, 12, 16])}


def errors_of(syntax: str, bits: int, signed: bool) -> dict[str, float]:
    """The largest error in grey levels of each way to show the picture, stored bright = high and bright = low."""
    found = {}
    for interpretation in ("MONOCHROME2", "MONOCHROME1"):
        grey = picture() if interpretation == "MONOCHROME2" else 255 - picture()
        for way, tags in ways_to_show(bits, signed).items():
            tags = tags | {"BitsStored": bits, "PhotometricInterpretation": interpretation}
            read = read_dicom(radiograph(stored_as(grey, bits, signed), syntax, **tags), 0)
            assert read.pixels.dtype == np.float32
            assert read.bits == bits
            found[f"{interpretation}, {way}"] = float(np.abs(read.pixels - picture()).max())
    assert len(found) == 14
    return found


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("bits", [8, 10, 12, 15, 16])
@pytest.mark.parametrize("syntax", LOSSLESS.values(), ids=LOSSLESS)
def test_each_way_to_store_and_show_a_film_gives_the_same_picture(syntax, bits, signed):
    errors = errors_of(syntax, bits, signed)
    assert max(errors.values()) < 1, errors


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize(("syntax", "bits"), [(way, n) for way, depths in LOSSY.values() for n in depths])
def test_compression_with_loss_changes_a_smooth_picture_by_three_grey_levels_at_most(syntax, bits, signed):
    errors = errors_of(syntax, bits, signed)
    assert max(errors.values()) < 3, errors


# --- the order of the steps: each expected number is worked out by hand and changes when two steps change places


def shown(values: list[int], **tags: object) -> list[float]:
    """What stored values are shown as; the file is of 8 or 16 bits by what the values need."""
    kind = "int16" if min(values) < 0 else "uint16"
    stored = np.tile(np.asarray(values, kind), (32, 32))
    pixels = read_dicom(radiograph(stored, **tags), tags.pop("window", 0)).pixels
    assert (pixels == pixels[0]).all()
    return [round(float(grey), 2) for grey in pixels[0, : len(values)]]


def test_the_window_is_laid_on_rescaled_values():
    # 300, 350 and 400 become -400, -300 and -200; on stored values the window would make all of them white
    tags = {"RescaleSlope": 2, "RescaleIntercept": -1000, "WindowCenter": -299.5, "WindowWidth": 201}
    assert shown([300, 350, 400], **tags) == [0, 127.5, 255]


def test_a_modality_table_comes_before_the_window():
    tags = {"ModalityLUTSequence": table(np.array([7, 1000, 3000]), first=4, bits=12)}
    # 3 lies before the table and 9 behind it: its ends
    assert shown([3, 4, 5, 6, 9], **tags, WindowCenter=1000.5, WindowWidth=1001) == [0, 0, 127.5, 255, 255]


def test_inversion_comes_last():
    # MONOCHROME1 inverted first would lay the window on 65435, 65430 and 65425: all white
    tags = {"PhotometricInterpretation": "MONOCHROME1", "WindowCenter": 105.5, "WindowWidth": 11}
    assert shown([100, 105, 110], **tags) == [255, 127.5, 0]


def test_inversion_comes_after_a_voi_table():
    tags = {"PhotometricInterpretation": "MONOCHROME1", "VOILUTSequence": table(np.array([0, 51, 255]), bits=8)}
    assert shown([0, 1, 2], **tags) == [255, 204, 0]


@pytest.mark.parametrize(
    ("interpretation", "shape", "inverted"),
    [
        ("MONOCHROME1", None, True),
        ("MONOCHROME1", "INVERSE", True),  # once, not twice: the standard asks for both words
        ("MONOCHROME2", "INVERSE", True),
        ("MONOCHROME2", "IDENTITY", False),
        ("MONOCHROME2", None, False),
    ],
)
def test_what_is_inverted(interpretation, shape, inverted):
    tags = {"PhotometricInterpretation": interpretation, "PresentationLUTShape": shape, "WindowCenter": 50.5}
    assert shown([0, 100], **tags, WindowWidth=101) == ([255, 0] if inverted else [0, 255])


# --- padding, unused bits, what is left out


@pytest.mark.parametrize("interpretation", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
def test_padding_is_black_and_does_not_stretch_the_range(interpretation, syntax):
    stored = np.tile(np.array([-2000, 100, 200, 300], np.int16), (32, 10))
    tags = {"PixelPaddingValue": -2000, "PhotometricInterpretation": interpretation, "RescaleIntercept": 5}
    pixels = read_dicom(radiograph(stored, syntax, **tags, RescaleSlope=1), 0).pixels
    expected = [0, 0, 127.5, 255] if interpretation == "MONOCHROME2" else [0, 255, 127.5, 0]
    np.testing.assert_allclose(pixels[0, :4], expected)


def test_a_range_of_padding_is_black():
    assert shown([10, 20, 30, 100, 200], PixelPaddingValue=10, PixelPaddingRangeLimit=30) == [0, 0, 0, 0, 255]


def test_a_picture_of_padding_alone_is_black():
    assert shown([7, 7], PixelPaddingValue=7) == [0, 0]


def test_overlays_in_unused_bits_are_not_drawn():
    plain = np.array([0, 1000, 4095], np.uint16)
    tags = {"BitsStored": 12, "WindowCenter": 2048, "WindowWidth": 4096}
    assert shown((plain | 0x8000).tolist(), **tags) == shown(plain.tolist(), **tags) == [0, 62.27, 255]


def test_without_a_window_more_than_8_bits_are_stretched_from_the_least_value_to_the_largest_and_8_are_not():
    assert shown([100, 200, 300]) == [0, 127.5, 255]
    eight = np.tile(np.array([100, 200], np.uint8), (32, 16))
    np.testing.assert_allclose(read_dicom(radiograph(eight), 0).pixels[0, :2], [100, 200])


def test_a_picture_of_one_value_is_black():
    assert shown([500, 500]) == [0, 0]


# --- tables and windows


@pytest.mark.parametrize(("first", "signed"), [(-2, True), (65534, True), (3, False)])
def test_a_table_starts_where_it_says_whichever_sign_it_is_marked_with(first, signed):
    values = [-3, -2, -1, 0, 1] if signed else [2, 3, 4, 5, 6]
    tags = {"VOILUTSequence": table(np.array([0, 64, 255]), first=first, bits=8)}
    assert shown(values, **tags) == [0, 0, 64, 255, 255]


def test_a_table_of_8_bits_may_come_as_bytes():
    one = table(np.array([0, 64, 128, 255]), bits=8)
    one[0].add_new("LUTData", "OW", bytes([0, 64, 128, 255]))
    assert shown([0, 1, 2, 3], VOILUTSequence=one) == [0, 64, 128, 255]


def test_files_offer_tables_then_windows_and_are_shown_through_the_first_until_another_is_chosen():
    tags = {
        "VOILUTSequence": table(np.array([0, 255]), bits=8, words="Bone"),
        "WindowCenter": ["0.5", "100"],
        "WindowWidth": ["1000", "0"],  # the second makes no sense
        "WindowCenterWidthExplanation": ["LUNG 2", "NORMAL"],
    }
    stored = np.tile(np.array([0, 1], np.uint16), (32, 20))
    first, second = (read_dicom(radiograph(stored, **tags), window) for window in (0, 1))
    assert first.metadata.windows == second.metadata.windows == ("Bone (table)", "LUNG 2 (centre 0.5, width 1000)")
    assert [first.metadata.window, second.metadata.window] == [0, 1]
    np.testing.assert_allclose(first.pixels[0, :2], [0, 255])
    np.testing.assert_allclose(second.pixels[0, :2], [127.5, 127.5 + 255 / 999], rtol=1e-6)


@pytest.mark.parametrize("words", ["NORMAL", "HARDER", "SOFTER", "Lung", "bone", "WINDOW1", "WINDOW9", "SOFT TISSUE"])
def test_a_window_is_named_by_known_words(words):
    tags = {"WindowCenter": 5, "WindowWidth": 10, "WindowCenterWidthExplanation": words}
    assert read_dicom(radiograph(**tags), 0).metadata.windows == (f"{words} (centre 5, width 10)",)


@pytest.mark.parametrize("words", ["Ann Doe, born 11 May 2019, bed 4", "DOE ANN", "NORMAL DOE", "LUNG PID-471108"])
def test_other_words_of_windows_and_tables_are_not_shown_for_they_may_be_a_name(words):
    tags = {"WindowCenter": 5, "WindowWidth": 10, "WindowCenterWidthExplanation": words}
    tables = [table(np.arange(256), bits=8, words=words)[0] for _ in range(2)]
    read = read_dicom(radiograph(**tags, VOILUTSequence=Sequence(tables)), 0)
    assert read.metadata.windows == ("Table 1", "Table 2", "Window, centre 5, width 10")


finite = st.floats(-1e5, 1e5, allow_nan=False)


@given(finite, st.floats(1, 1e5), finite)
def test_the_linear_window_is_that_of_the_standard(centre, width, level):
    """PS3.3 C.11.2.1.2.1, as it is written there."""
    if level <= centre - 0.5 - (width - 1) / 2:
        expected = 0.0
    elif level > centre - 0.5 + (width - 1) / 2:
        expected = 255.0
    else:
        expected = ((level - (centre - 0.5)) / (width - 1) + 0.5) * 255
    (grey,) = VoiWindow(centre, width, "LINEAR", "").to_grey(np.array([level]))
    near_a_step = width - 1 < 1e-4 and abs(level - centre + 0.5) < 1e-3
    assert near_a_step or grey == pytest.approx(expected, abs=1e-3)


@given(finite, st.floats(1e-3, 1e5), finite)
def test_the_sigmoid_and_the_exact_window_are_those_of_the_standard(centre, width, level):
    """PS3.3 C.11.2.1.3.1 and C.11.2.1.3.2, as they are written there."""
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
def test_a_table_gives_each_level_its_entry_and_those_beyond_it_its_ends(entries, first, levels):
    looked_up = LookupTable(first, np.array(entries, float), 12, "")(np.array(levels))
    for level, found in zip(levels, looked_up, strict=True):
        assert found == entries[min(max(level - first, 0), len(entries) - 1)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"RescaleSlope": 0, "RescaleIntercept": 5},
        {"VOILUTSequence": [Dataset()]},
        {"VOILUTSequence": table(np.array([0, 1]), bits=0)},
        {"VOILUTSequence": table(np.array([0, 1]), bits=17)},
        {"HighBit": 15, "BitsStored": 12},
        {"BitsStored": 17},
        {"PhotometricInterpretation": "GREY"},
    ],
)
def test_tags_that_contradict_each_other_are_an_error_and_no_picture(wrong):
    with pytest.raises((ValueError, AttributeError)):
        read_dicom(radiograph(np.zeros((40, 40), np.uint16), **wrong), 0)


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
def test_beside_what_is_stored_and_what_is_shown_a_picture_takes_little_memory(signed):
    stored = stored_as(picture(2000, 3000), 16, signed)
    dataset = dcmread(io.BytesIO(radiograph(stored)))
    tracemalloc.start()
    try:
        apply_presentation(dataset, 0)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < (2 + 4 + 3) * stored.size  # bytes: 16 bits, float32, and tables of 65,536 values
