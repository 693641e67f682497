"""Bits of a pixel cell that do not belong to the stored value (PS3.5 8.1.1), after every decoder."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.uid import JPEG2000, ExplicitVRLittleEndian

from model.errors import FileUnreadable
from model.imaging.dicom.read import read_dicom
from model.messages import MessageCode
from tests.support.dicom_files import (
    LOSSLESS_SYNTAXES,
    dataset_bytes,
    dicom_file,
    display_tags,
    gradient_image,
    retagged,
    to_stored_values,
)
from tests.support.messages import raises_message

# The decoder process, in which this code runs, ignores the warnings of pydicom.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
SYNTAXES = pytest.mark.parametrize("syntax", LOSSLESS_SYNTAXES.values(), ids=LOSSLESS_SYNTAXES)
SIGNED = pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
OVERLAY = np.zeros((40, 56), bool)
OVERLAY[5:15, 8:50] = OVERLAY[20:35, 20:24] = True  # a box and a bar


def unused_bits(kind: str, stored: np.ndarray, bits: int) -> np.ndarray:
    """Return what a file may have in the bits above the stored ones: uint16 (height, width)."""
    above = 2**16 - 2**bits
    if kind == "zero":
        return np.zeros(stored.shape, np.uint16)
    if kind == "one":
        return np.full(stored.shape, above, np.uint16)
    if kind == "sign":
        return np.where(stored < 0, above, 0).astype(np.uint16)
    if kind == "overlay":
        return (OVERLAY * 2**bits).astype(np.uint16)
    if kind == "two overlays":
        return (OVERLAY * 2**bits + OVERLAY[::-1, ::-1] * 2**15).astype(np.uint16)
    return (np.random.default_rng(0).integers(0, 2**16, stored.shape) & above).astype(np.uint16)


def cells(stored: np.ndarray, bits: int, kind: str) -> np.ndarray:
    """Return pixel cells of 16 bits with stored values in the lower bits."""
    return stored.astype(np.int32).astype(np.uint16) & 2**bits - 1 | unused_bits(kind, stored, bits)


def file_with_cells(content: np.ndarray, syntax: str, bits: int, signed: bool, **tags: object) -> bytes:
    """Encode cells of 16 bits as they are, and then declare fewer bits."""
    dtype = np.int16 if signed else np.uint16
    whole = dicom_file(content.view(dtype), syntax, BitsStored=16)
    return retagged(whole, **({"BitsStored": bits, "HighBit": bits - 1} | tags))


@pytest.mark.slow
@SYNTAXES
@SIGNED
@pytest.mark.parametrize(("bits", "interpretation"), [(8, "MONOCHROME2"), (12, "MONOCHROME1"), (14, "MONOCHROME2")])
def test_unused_bits_never_change_the_image(syntax, signed, bits, interpretation):
    stored = to_stored_values(gradient_image(), bits, signed).astype(np.int16 if signed else np.uint16)
    expected: dict[str, np.ndarray] = {}
    for kind in ("zero", "one", "sign", "overlay", "two overlays", "noise"):
        file = file_with_cells(
            cells(stored, bits, kind), syntax, bits, signed, PhotometricInterpretation=interpretation
        )
        for display, tags in display_tags(bits, signed).items():
            if kind in ("zero", "overlay") or display == "no window":
                pixels = read_dicom(retagged(file, **tags), 0).pixels
                np.testing.assert_array_equal(pixels, expected.setdefault(display, pixels), f"{display}, {kind}")


@SYNTAXES
@SIGNED
@pytest.mark.parametrize("bits", [8, 12, 14])
@pytest.mark.parametrize("tags", [{}, {"WindowCenter": 2**14, "WindowWidth": 2**15}], ids=["no window", "window"])
def test_a_film_with_more_bits_than_declared_is_refused(syntax, signed, bits, tags):
    stored = to_stored_values(gradient_image(), bits + 2, signed)
    with raises_message(FileUnreadable, MessageCode.BITS_EXCEEDED, bits=bits):
        read_dicom(file_with_cells(stored.astype(np.int32).astype(np.uint16), syntax, bits, signed, **tags), 0)


@settings(max_examples=25, deadline=None)
@given(st.integers(9, 15), st.integers(1, 6), st.booleans(), st.integers(0, 2**16 - 1))
def test_no_film_is_wrapped(bits, excess, signed, seed):
    bits_used = min(16, bits + excess)
    film = gradient_image() + np.random.default_rng(seed).normal(0, 3, (40, 56))
    stored = to_stored_values(np.clip(film, 0, 255), bits_used, signed)
    with raises_message(FileUnreadable, MessageCode.BITS_EXCEEDED, bits=bits):
        read_dicom(file_with_cells(stored.astype(np.int32).astype(np.uint16), ExplicitVRLittleEndian, bits, signed), 0)


def test_negative_values_in_a_file_that_declares_none_are_refused():
    stored = to_stored_values(gradient_image(), 12, signed=True)
    with raises_message(FileUnreadable, MessageCode.BITS_EXCEEDED, bits=12):
        read_dicom(file_with_cells(stored.view(np.uint16), ExplicitVRLittleEndian, 12, signed=False), 0)


def test_bits_that_the_file_declares_as_an_overlay_are_masked():
    film = to_stored_values(gradient_image(), 14, signed=False)  # so continuous that it seems to have more bits
    dataset = dcmread(io.BytesIO(file_with_cells(film, ExplicitVRLittleEndian, 13, signed=False)))
    dataset.add_new((0x6002, 0x0100), "US", 16)
    dataset.add_new((0x6002, 0x0102), "US", 13)
    expected = file_with_cells(film & 2**13 - 1, ExplicitVRLittleEndian, 13, signed=False)
    actual = read_dicom(dataset_bytes(dataset, ExplicitVRLittleEndian), 0)
    np.testing.assert_array_equal(actual.pixels, read_dicom(expected, 0).pixels)


@SYNTAXES
@SIGNED
@pytest.mark.parametrize("low", ["zero", "noise"])
def test_values_in_the_upper_bits_of_the_cells_are_read(syntax, signed, low):
    stored = to_stored_values(gradient_image(), 12, signed)
    noise = np.random.default_rng(0).integers(0, 16, stored.shape) if low == "noise" else 0
    left_justified = ((stored.astype(np.int32) << 4) + noise).astype(np.uint16)
    tags = display_tags(12, signed)["window"]
    expected = read_dicom(file_with_cells(cells(stored, 12, "zero"), syntax, 12, signed, **tags), 0)
    actual = read_dicom(file_with_cells(left_justified, syntax, 12, signed, HighBit=15, **tags), 0)
    np.testing.assert_array_equal(actual.pixels, expected.pixels)
    assert actual.cautions == expected.cautions


@SYNTAXES
@pytest.mark.parametrize("high_bit", [15, 13, 5, 99])
def test_a_wrong_high_bit_is_ignored(syntax, high_bit):
    stored = to_stored_values(gradient_image(), 12, signed=False)
    expected = read_dicom(file_with_cells(stored, syntax, 12, signed=False), 0)
    actual = read_dicom(file_with_cells(stored, syntax, 12, signed=False, HighBit=high_bit), 0)
    np.testing.assert_array_equal(actual.pixels, expected.pixels)


@SYNTAXES
@SIGNED
def test_padding_outside_the_stored_bits_is_black(syntax, signed):
    stored = to_stored_values(gradient_image(), 12, signed)
    padded = cells(stored, 12, "sign" if signed else "zero")
    padded[:10] = 0x8000
    tags = display_tags(12, signed)["window"] | {"PixelPaddingValue": -0x8000 if signed else 0x8000}
    pixels = read_dicom(file_with_cells(padded, syntax, 12, signed, **tags), 0).pixels
    assert not pixels[:10].any()
    np.testing.assert_allclose(pixels[10:], gradient_image()[10:], atol=0.5)


def test_lossy_compression_that_exceeds_the_range_is_clipped():
    stored = to_stored_values(gradient_image(400, 560), 12, signed=False)
    stored[:, ::40] = 4095
    stored[:, 1::40] = 0  # edges, at which JPEG 2000 overshoots
    window = display_tags(12, signed=False)["window"]
    lossy = dicom_file(stored, JPEG2000, BitsStored=16)
    pixels = read_dicom(retagged(lossy, BitsStored=12, HighBit=11, **window), 0).pixels
    assert np.abs(pixels - stored * (255 / 4095)).max() < 25
