"""The grayscale pipeline: encodings of the same image, order of the steps, padding and unused bits."""

import io
import tracemalloc

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import JPEG2000, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit

from model.imaging.dicom.grayscale import apply_presentation
from model.imaging.dicom.read import read_dicom
from tests.support.dicom_files import (
    LOSSLESS_SYNTAXES,
    dicom_file,
    display_tags,
    gradient_image,
    lut_sequence,
    rendered,
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


@pytest.mark.slow
@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize(
    "bits", [8, pytest.param(10, marks=pytest.mark.full), 12, pytest.param(15, marks=pytest.mark.full), 16]
)
@pytest.mark.parametrize("syntax", LOSSLESS_SYNTAXES.values(), ids=LOSSLESS_SYNTAXES)
def test_every_encoding_and_display_gives_the_same_pixels(syntax, bits, signed):
    errors = largest_errors(syntax, bits, signed)
    assert max(errors.values()) < 1, errors


@pytest.mark.slow
@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize(
    ("syntax", "bits"), [(syntax, bits) for syntax, depths in LOSSY_SYNTAXES.values() for bits in depths]
)
def test_lossy_compression_changes_a_smooth_image_by_less_than_three_grey_levels(syntax, bits, signed):
    errors = largest_errors(syntax, bits, signed)
    assert max(errors.values()) < 3, errors


# --- order of the steps: each expected number was computed by hand and changes if two steps are swapped


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


def test_an_image_with_only_padding_is_black():
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


@pytest.mark.parametrize(
    "tags",
    [
        {"BitsStored": 17},
        {"PhotometricInterpretation": "GREY"},
    ],
)
def test_contradictory_tags_are_an_error(tags):
    with pytest.raises((ValueError, AttributeError)):
        read_dicom(dicom_file(np.zeros((40, 40), np.uint16), **tags), 0)


@pytest.mark.slow
@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
def test_rendering_needs_little_memory_in_addition_to_its_input_and_output(signed):
    stored = to_stored_values(gradient_image(2000, 3000), 16, signed)
    dataset = dcmread(io.BytesIO(dicom_file(stored)))
    tracemalloc.start()
    try:
        apply_presentation(dataset, 0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < (2 + 4 + 3) * stored.size  # bytes: 16 bits, float32, and tables of 65,536 values
