"""Files whose tags and pixel data do not fit each other, but which can be read without doubt."""

import io
import struct

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from model.errors import ColourImage
from model.imaging.decode import decode
from model.imaging.dicom.read import read_dicom
from model.messages import MessageCode
from tests.support.dicom_files import (
    LOSSLESS_SYNTAXES,
    dicom_file,
    gradient_image,
    retagged,
    to_stored_values,
    without_file_meta,
)
from tests.support.messages import raises_message

# The decoder process, in which this code runs, ignores the warnings of pydicom.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
SYNTAXES = pytest.mark.parametrize("syntax", LOSSLESS_SYNTAXES.values(), ids=LOSSLESS_SYNTAXES)
COMPRESSED = (JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless, RLELossless)
STORED = to_stored_values(gradient_image(), 12, signed=False)
EXPECTED = read_dicom(dicom_file(STORED, BitsStored=12), 0).pixels


def assert_same(file: bytes, *cautions: str) -> None:
    """Fail unless the file shows the gradient and has these cautions."""
    radiograph = read_dicom(file, 0)
    np.testing.assert_allclose(radiograph.pixels, EXPECTED, atol=1e-3)
    assert radiograph.cautions == cautions


def with_syntax(file: bytes, syntax: str) -> bytes:
    """Declare another transfer syntax and leave everything else as it is."""
    declared = dcmread(io.BytesIO(file)).file_meta.TransferSyntaxUID
    length = len(declared) + len(declared) % 2
    new = syntax.encode().ljust(len(syntax) + len(syntax) % 2, b"\0")
    old = struct.pack("<H", length) + declared.encode().ljust(length, b"\0")
    changed = file.replace(old, struct.pack("<H", len(new)) + new, 1)
    meta_length = int.from_bytes(file[140:144], "little") + len(new) - length
    return changed[:140] + meta_length.to_bytes(4, "little") + changed[144:]


@SYNTAXES
@pytest.mark.parametrize("interpretation", ["monochrome2", "Monochrome2 ", " MONOCHROME2", "MONOCHROME 2"])
@pytest.mark.parametrize("removed", [{}, {"SamplesPerPixel": None, "HighBit": None}])
def test_code_strings_and_tags_that_follow_from_others_are_completed(syntax, interpretation, removed):
    file = dicom_file(STORED, syntax, BitsStored=12)
    assert_same(retagged(file, PhotometricInterpretation=interpretation, **removed))


@pytest.mark.parametrize("syntax", [s for s in LOSSLESS_SYNTAXES.values() if s not in COMPRESSED and "4." not in s])
@pytest.mark.parametrize("value", [b"\0", b"\xff", b"\x20"])
@pytest.mark.parametrize("length", [2, 112, 5000])
def test_padding_after_uncompressed_pixel_data_is_ignored(syntax, value, length):
    file = dicom_file(STORED, syntax, BitsStored=12)
    dataset = dcmread(io.BytesIO(file))
    assert_same(retagged(file, PixelData=dataset.PixelData + value * length))


@pytest.mark.parametrize(
    ("syntax", "declared"),
    [
        (syntax, declared)
        for syntax in LOSSLESS_SYNTAXES.values()
        for declared in (JPEGLSLossless, JPEG2000Lossless, RLELossless, ExplicitVRLittleEndian)
        # A dataset in big endian or deflated cannot be parsed as another one, and RLE has no signature.
        if syntax not in (declared, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
        and (syntax != RLELossless or declared == ExplicitVRLittleEndian)
    ],
)
def test_a_wrong_transfer_syntax_is_replaced_with_a_caution(syntax, declared):
    file = with_syntax(dicom_file(STORED, syntax, BitsStored=12), declared)
    radiograph = read_dicom(file, 0)
    np.testing.assert_allclose(radiograph.pixels, EXPECTED, atol=1e-3)
    is_same_family = syntax.is_encapsulated is False and declared == ExplicitVRLittleEndian
    assert radiograph.cautions == (() if is_same_family else ("encoding_assumed",))


@pytest.mark.parametrize("syntax", [JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless])
def test_a_codestream_without_items_is_read_with_a_caution(syntax):
    file = dicom_file(STORED, syntax, BitsStored=12)
    (frame,) = generate_frames(dcmread(io.BytesIO(file)).PixelData, number_of_frames=1)
    assert_same(with_syntax(retagged(dicom_file(STORED, BitsStored=12), PixelData=frame), syntax))


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_files_without_meta_information_are_read_in_both_byte_orders(syntax):
    file = without_file_meta(dicom_file(STORED, syntax, BitsStored=12))
    assert_same(file, "encoding_assumed")
    np.testing.assert_allclose(decode(file).pixels, EXPECTED, atol=1e-3)


@pytest.mark.parametrize("comments", [[b"x"], [b"Made by a modality"], [b"one", b"two" * 99]])
def test_comments_before_the_end_of_jpeg_2000_are_ignored(comments):
    file = dicom_file(STORED, JPEG2000Lossless, BitsStored=12)
    (frame,) = generate_frames(dcmread(io.BytesIO(file)).PixelData, number_of_frames=1)
    start = frame.rindex(b"\xff\xd9")
    segments = b"".join(b"\xff\x64" + struct.pack(">HH", len(text) + 4, 1) + text for text in comments)
    assert_same(retagged(file, PixelData=encapsulate([frame[:start] + segments + b"\xff\xd9"])))


def test_colour_in_a_file_that_declares_grey_is_refused_with_the_number_of_components():
    rgb = np.stack([gradient_image().astype(np.uint8)] * 3, -1)
    colour = dicom_file(
        rgb, JPEGBaseline8Bit, SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0
    )
    file = retagged(colour, SamplesPerPixel=1, PhotometricInterpretation="MONOCHROME2")
    with raises_message(ColourImage, MessageCode.COMPONENTS, components=3):
        read_dicom(file, 0)
