"""Windows, tables and rescales that are not valid are ignored with a caution; ranges without a window."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from model.imaging.dicom.read import read_dicom
from tests.support.dicom_files import dicom_file, display_tags, gradient_image, lut_sequence, to_stored_values

STORED = to_stored_values(gradient_image(), 12, signed=False)
WINDOW = display_tags(12, signed=False)["window"]
NONSENSE = ["2048,0", "[2048]", "about 5", "1e999", "0x10", "--", "NaN", "2048;4096", "1.2.3"]
MARK = np.zeros((40, 56), bool)
MARK[2:4, 3:10] = True  # 0.6% of the pixels


def text_element(file: bytes, placeholder: str, text: str) -> bytes:
    """Replace a placeholder of 16 digits, because pydicom does not write text that is not a number."""
    assert file.count(placeholder.encode()) == 1
    return file.replace(placeholder.encode(), text.ljust(16).encode())


def display(**tags: object) -> tuple[np.ndarray, tuple[str, ...]]:
    radiograph = read_dicom(dicom_file(STORED, BitsStored=12, **tags), 0)
    return radiograph.pixels, radiograph.cautions


def assert_shows_gradient(pixels: np.ndarray) -> None:
    np.testing.assert_allclose(pixels, gradient_image(), atol=1)


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
@pytest.mark.parametrize("text", NONSENSE)
@pytest.mark.parametrize("keyword", ["WindowCenter", "WindowWidth", "RescaleSlope", "RescaleIntercept"])
def test_text_that_is_not_a_number_is_ignored_with_a_caution(keyword, text, syntax):
    tags = {"WindowCenter": 2048, "WindowWidth": 4096, "RescaleSlope": 1, "RescaleIntercept": 0}
    file = dicom_file(STORED, syntax, BitsStored=12, **(tags | {keyword: "1234567890123456"}))
    radiograph = read_dicom(text_element(file, "1234567890123456", text), 0)
    assert_shows_gradient(radiograph.pixels)
    assert radiograph.cautions == ("window_guessed",)


def test_a_trailing_separator_is_ignored():
    file = dicom_file(STORED, BitsStored=12, WindowCenter="1234567890123456", WindowWidth=4096)
    radiograph = read_dicom(text_element(file, "1234567890123456", "2048\\"), 0)
    assert_shows_gradient(radiograph.pixels)
    assert radiograph.metadata.windows == ("Window, centre 2048, width 4096",)


@pytest.mark.parametrize("tags", [{"RescaleSlope": 0, "RescaleIntercept": 7}, {"WindowCenter": 5, "WindowWidth": 0}])
def test_values_without_meaning_are_ignored_with_a_caution(tags):
    pixels, cautions = display(**tags)
    assert_shows_gradient(pixels)
    assert cautions == ("window_guessed",)


@pytest.mark.parametrize("window", [{}, WINDOW])
@pytest.mark.parametrize(
    "item", [Dataset(), lut_sequence(np.zeros(4096), bits=12)[0], lut_sequence(np.arange(99), bits=12)[0]]
)
def test_a_table_that_is_not_valid_is_ignored_with_a_caution(item, window):
    if len(item) and item.LUTDescriptor[0] == 99:
        item.LUTDescriptor = [4096, 0, 12]  # most entries are missing
    pixels, cautions = display(VOILUTSequence=Sequence([item]), **window)
    assert_shows_gradient(pixels)
    assert cautions == ("window_guessed",)


def test_a_table_without_its_last_entries_is_applied():
    table = lut_sequence(np.arange(4096), bits=12)
    table[0].LUTData = table[0].LUTData[:4090]
    assert_shows_gradient(display(VOILUTSequence=table)[0])


@settings(max_examples=30, deadline=None)
@given(st.integers(8, 16), st.integers(1, 16), st.booleans())
def test_the_largest_entry_of_a_table_is_white_whatever_its_descriptor_says(used, declared, as_bytes):
    entries = np.linspace(0, 2**used - 1, 4096).round()
    pixels, cautions = display(VOILUTSequence=lut_sequence(entries, bits=declared, as_bytes=as_bytes))
    np.testing.assert_allclose(pixels, gradient_image(), atol=2)
    assert cautions == ()


@pytest.mark.parametrize("window", [(2048, 40_000), (128, 256), (60_000, 30_000), (-900, 400)])
def test_a_window_that_does_not_fit_the_pixels_is_a_caution(window):
    assert "window_implausible" in display(WindowCenter=window[0], WindowWidth=window[1])[1]


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["MONOCHROME1", "MONOCHROME2"]),
    st.booleans(),
    st.sampled_from([10, 12, 14]),
    st.floats(1.6, 3.9),
    st.sampled_from(["mark", "hot pixel", "cold pixel"]),
)
def test_marks_and_defective_pixels_do_not_change_the_range(interpretation, signed, bits, factor, kind):
    grey = gradient_image() if interpretation == "MONOCHROME2" else 255 - gradient_image()
    film = to_stored_values(grey, bits, signed)
    where = MARK if kind == "mark" else np.indices(MARK.shape).sum(0) == 0
    extreme = int(2**bits * (1 - factor if kind == "cold pixel" else factor)) - (2 ** (bits - 1) if signed else 0)
    assume(np.iinfo(film.dtype).min <= extreme <= np.iinfo(film.dtype).max)
    stored = np.where(where, extreme, film).astype(film.dtype)
    radiograph = read_dicom(dicom_file(stored, PhotometricInterpretation=interpretation), 0)
    np.testing.assert_allclose(radiograph.pixels[~where], gradient_image()[~where], atol=2)
    assert radiograph.cautions == ("window_guessed",)
