"""Refusals of DICOM files by their tags."""

import io

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import (
    BasicTextSRStorage,
    DigitalXRayImageStorageForProcessing,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    MediaStorageDirectoryStorage,
)

from model.errors import (
    FileRefused,
    FormatUnsupported,
    ImageTooLarge,
    ImageTooSmall,
    MultiFrameImage,
    WrongBodyPart,
    WrongModality,
)
from model.imaging.dicom.display_terms import HIDDEN_VALUE_TEXT
from model.imaging.dicom.read import read_dicom
from model.messages import Message, MessageCode
from tests.support.dicom_files import UINT16_PIXELS, dicom_file, read_cautions, read_metadata


def refusal(file: bytes | None = None, **tags: object) -> tuple[type[FileRefused], Message]:
    """Return class and message of the error for a file, or for `dicom_file(**tags)`."""
    with pytest.raises(FileRefused) as raised:
        read_dicom(file or dicom_file(**tags), 0)
    (message,) = raised.value.messages
    return type(raised.value), message


@pytest.mark.parametrize("modality", ["CT", "MR", "US", "MG", "SR"])
def test_other_modalities_are_refused_and_named(modality):
    assert refusal(Modality=modality) == (WrongModality, Message(MessageCode.OTHER_MODALITY, {"modality": modality}))


@pytest.mark.parametrize("modality", ["ZZ", "DOE ANN"])
def test_a_modality_that_may_be_free_text_is_refused_but_not_named(modality):
    assert refusal(Modality=modality) == (WrongModality, Message(MessageCode.UNKNOWN_MODALITY))


@pytest.mark.parametrize("modality", ["DR", "XR", "RX", "CXR", "OT", "SC", "dr"])
def test_terms_that_may_stand_for_a_radiograph_are_read_with_a_caution(modality):
    assert read_cautions(Modality=modality) == ("modality_assumed",)
    assert refusal(Modality=modality, BodyPartExamined="HAND")[0] is WrongBodyPart


@pytest.mark.parametrize(
    "tags",
    [
        {"PresentationIntentType": "FOR PROCESSING"},
        {"SOPClassUID": DigitalXRayImageStorageForProcessing},
        {"PixelIntensityRelationship": "LIN"},
    ],
)
def test_raw_detector_values_are_refused(tags):
    assert refusal(**tags) == (FormatUnsupported, Message(MessageCode.FOR_PROCESSING))


@pytest.mark.parametrize(
    "tags",
    [
        {"PresentationIntentType": "FOR PRESENTATION", "PixelIntensityRelationship": "LIN"},
        {"PixelIntensityRelationship": "LIN", "WindowCenter": 128, "WindowWidth": 256},
        {"PixelIntensityRelationship": "LOG"},
    ],
)
def test_images_for_presentation_are_read(tags):
    assert read_cautions(**tags) == ()


@pytest.mark.parametrize("modality", ["CR", "DX", "RG", None, ""])
def test_radiographs_and_files_without_modality_are_read(modality):
    assert read_metadata(Modality=modality).modality == (modality or "")


@pytest.mark.parametrize("body_part", ["HIP", "EXTREMITY", "KNEE", "ABDOMEN", "skull"])
def test_other_body_parts_are_refused(body_part):
    message = Message(MessageCode.OTHER_BODY_PART, {"body_part": body_part.upper()})
    assert refusal(BodyPartExamined=body_part) == (WrongBodyPart, message)


@pytest.mark.parametrize("body_part", ["CHEST", "THORAX", "CHESTABDOMEN", "LUNG", "", None])
def test_chests_and_files_without_a_body_part_are_read(body_part):
    assert read_metadata(BodyPartExamined=body_part).body_part == (body_part or "")


@pytest.mark.parametrize("body_part", ["POITRINE", "HIPPO"])
def test_files_with_an_unknown_body_part_are_read(body_part):
    assert read_metadata(BodyPartExamined=body_part).body_part == HIDDEN_VALUE_TEXT


def test_multi_frame_files_are_refused_with_the_number_of_frames():
    stack = np.zeros((12, 40, 40), np.uint8)
    file = dicom_file(stack, NumberOfFrames=12, Rows=40, Columns=40)
    assert refusal(file) == (MultiFrameImage, Message(MessageCode.MULTIPLE_FRAMES, {"frames": 12}))


@pytest.mark.parametrize(
    ("sop_class", "code"),
    [
        (BasicTextSRStorage, MessageCode.NO_PIXEL_DATA),
        (MediaStorageDirectoryStorage, MessageCode.DICOM_DIRECTORY),
    ],
)
def test_files_without_an_image_are_refused(sop_class, code):
    file = dicom_file(SOPClassUID=sop_class, Modality=None, PixelData=None)
    assert refusal(file) == (FormatUnsupported, Message(code))


@pytest.mark.parametrize(
    ("syntax", "bits", "name"),
    [
        (JPEGExtended12Bit, 12, "JPEG Extended (Process 2 and 4)"),
        (HTJ2KLossless, 12, "High-Throughput JPEG 2000 Image Compression (Lossless Only)"),
    ],
)
def test_unsupported_transfer_syntaxes_are_refused_and_named(syntax, bits, name):
    no_frame = b"\xfe\xff\0\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"  # no frame is needed here
    file = dicom_file(UINT16_PIXELS, syntax, BitsStored=bits, PixelData=no_frame)
    assert refusal(file) == (FormatUnsupported, Message(MessageCode.TRANSFER_SYNTAX, {"transfer_syntax": name}))


def test_an_unknown_transfer_syntax_is_refused_without_its_identifier():
    file = dicom_file(UINT16_PIXELS, BitsStored=12).replace(ExplicitVRLittleEndian.encode(), b"1.2.999.99999.9.9.9")
    assert refusal(file) == (FormatUnsupported, Message(MessageCode.TRANSFER_SYNTAX, {"transfer_syntax": "unknown"}))


def test_pixels_of_more_than_16_bits_are_refused():
    file = dicom_file(np.zeros((40, 40), np.uint32))
    assert refusal(file) == (FormatUnsupported, Message(MessageCode.BITS_ALLOCATED, {"bits": 32}))


@pytest.mark.parametrize(
    ("rows", "columns", "error_type", "code"),
    [
        (60_000, 60_000, ImageTooLarge, MessageCode.TOO_MANY_PIXELS),
        (31, 400, ImageTooSmall, MessageCode.TOO_FEW_PIXELS),
        (400, 31, ImageTooSmall, MessageCode.TOO_FEW_PIXELS),
    ],
)
def test_the_size_is_checked_before_a_decoder_starts(rows, columns, error_type, code, monkeypatch):
    monkeypatch.setattr(
        "model.imaging.dicom.stored_values.get_decoder", lambda *_, **__: pytest.fail("a decoder was started")
    )
    message = Message(code, {"width": columns, "height": rows})
    assert refusal(Rows=rows, Columns=columns) == (error_type, message)


CODESTREAM_SYNTAXES = (JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless, JPEGBaseline8Bit)
WRONG_SIZES = [(39, 40), (40, 39), (41, 40), (40, 41)]


@pytest.mark.parametrize(
    ("syntax", "rows", "columns"),
    [
        (syntax, *size)
        for syntax in (ImplicitVRLittleEndian, ExplicitVRBigEndian, *CODESTREAM_SYNTAXES)
        for size in WRONG_SIZES
    ]
    + [(syntax, 50, 32) for syntax in CODESTREAM_SYNTAXES],  # the same number of pixels
)
def test_a_size_that_does_not_match_the_pixel_data_is_an_error(syntax, rows, columns, monkeypatch):
    monkeypatch.setattr(
        "model.imaging.dicom.stored_values.get_decoder", lambda *_, **__: pytest.fail("a decoder was started")
    )
    bits = 8 if syntax == JPEGBaseline8Bit else 12
    stored = UINT16_PIXELS.astype(np.uint8) if bits == 8 else UINT16_PIXELS
    pixels = dcmread(io.BytesIO(dicom_file(stored, syntax, BitsStored=bits))).PixelData
    with pytest.raises(ValueError, match=r"^pixel data does not match Rows and Columns$"):
        read_dicom(dicom_file(stored, syntax, BitsStored=bits, Rows=rows, Columns=columns, PixelData=pixels), 0)
