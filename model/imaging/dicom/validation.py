"""Refuse DICOM files by their tags: other documents, modalities, body parts, views and pixel layouts.

Runs in the worker process only. A refusal names only terms of `model.imaging.dicom.refusal_terms`, never free text of
the file, which may contain a patient's name.
"""

import re

from pydicom import Dataset
from pydicom.uid import (
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    MediaStorageDirectoryStorage,
    RLELossless,
)

from model.errors import ColourImage, FormatUnsupported, LateralView, MultiFrameImage, WrongBodyPart, WrongModality
from model.imaging.dicom.colour import COLOUR_INTERPRETATIONS, PALETTE
from model.imaging.dicom.refusal_terms import OTHER_BODY_PART, OTHER_MODALITY
from model.imaging.dicom.views import non_frontal_view
from model.imaging.file_formats import check_size
from model.messages import MessageCode

UNCOMPRESSED_SYNTAXES = (
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)
COMPRESSED_SYNTAXES = (
    *(RLELossless, JPEGLossless, JPEGLosslessSV1, JPEGLSLossless, JPEGLSNearLossless, JPEG2000Lossless),
    *(JPEGBaseline8Bit, JPEGExtended12Bit, JPEG2000),  # JPEGExtended12Bit with 8 bits only
)
_RADIOGRAPHY = ("CR", "DX", "RG")  # computed, digital and digitised radiographs (PS3.3 C.7.3.1.1.1)
# Not terms for a radiograph, but in use for it, as are those for secondary captures and other images.
_ASSUMED_RADIOGRAPHY = ("DR", "XR", "RX", "CXR", "XRAY", "X-RAY", "RAD", "DF", "HC", "OT", "SC")
_FOR_PROCESSING = "FOR PROCESSING"  # presentation intent (PS3.3 C.8.11.1.1.1)
_CODE = re.compile(r"[A-Z0-9_ /\\-]{1,32}")


def check_document(dataset: Dataset) -> None:
    """Check by its tags that a file is a frontal chest radiograph.

    Raises:
        FormatUnsupported: The file contains no image.
        WrongModality, WrongBodyPart, LateralView: The tags say that it is something else.
    """
    if dataset.file_meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        raise FormatUnsupported(MessageCode.DICOM_DIRECTORY)
    _check_modality(dataset)
    if "PixelData" not in dataset:
        raise FormatUnsupported(MessageCode.NO_PIXEL_DATA)
    if OTHER_BODY_PART.fullmatch(body_part := code_string(dataset, "BodyPartExamined")):
        raise WrongBodyPart(MessageCode.OTHER_BODY_PART, body_part=body_part)
    if view := non_frontal_view(dataset):
        raise LateralView(MessageCode.NON_FRONTAL_VIEW, view=view)
    if _is_raw(dataset):
        raise FormatUnsupported(MessageCode.FOR_PROCESSING)


def is_assumed_radiograph(dataset: Dataset) -> bool:
    """Return whether the modality is none for radiographs, but one that files use for them."""
    return code_string(dataset, "Modality") in _ASSUMED_RADIOGRAPHY


def check_pixel_layout(dataset: Dataset) -> None:
    """Check the tags on size, colour, bits and encoding of the pixels before a decoder starts.

    Raises:
        MultiFrameImage, ColourImage, ImageTooLarge, ImageTooSmall: It is not a single grey image of a supported size.
        FormatUnsupported: The encoding or the number of bits is not supported.
        ValueError: The tags contradict each other.
    """
    if (frames := int(dataset.get("NumberOfFrames") or 1)) > 1:
        raise MultiFrameImage(MessageCode.MULTIPLE_FRAMES, frames=frames)
    interpretation, samples = dataset.PhotometricInterpretation, int(dataset.SamplesPerPixel)
    is_colour = interpretation in COLOUR_INTERPRETATIONS
    if samples != (3 if is_colour and interpretation != PALETTE else 1):
        raise ColourImage(MessageCode.COMPONENTS, components=samples)
    check_size(int(dataset.Columns), int(dataset.Rows))
    _check_transfer_syntax(dataset)
    _check_bits(dataset, interpretation)


def code_string(dataset: Dataset, keyword: str) -> str:
    """Return the value of a tag if it is a code or a number; "" if it is absent or anything else."""
    value = str(dataset.get(keyword) or "").strip().upper()
    return value if _CODE.fullmatch(value) else ""


def _check_modality(dataset: Dataset) -> None:
    modality = code_string(dataset, "Modality")
    if modality and modality not in _RADIOGRAPHY + _ASSUMED_RADIOGRAPHY:
        if not OTHER_MODALITY.fullmatch(modality):  # it may be free text, so it is not named
            raise WrongModality(MessageCode.UNKNOWN_MODALITY)
        raise WrongModality(MessageCode.OTHER_MODALITY, modality=modality)


def _check_transfer_syntax(dataset: Dataset) -> None:
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    is_12_bit_jpeg = syntax == JPEGExtended12Bit and int(dataset.BitsStored) > 8
    if syntax not in UNCOMPRESSED_SYNTAXES + COMPRESSED_SYNTAXES or is_12_bit_jpeg:
        name = "unknown" if syntax.is_private or not syntax.is_transfer_syntax else syntax.name
        raise FormatUnsupported(MessageCode.TRANSFER_SYNTAX, transfer_syntax=name)


def _check_bits(dataset: Dataset, interpretation: str) -> None:
    stored, allocated = int(dataset.BitsStored), int(dataset.BitsAllocated)
    is_known = interpretation in ("MONOCHROME1", "MONOCHROME2", *COLOUR_INTERPRETATIONS)
    if not is_known or not 1 <= stored <= allocated:
        raise ValueError("layout of the pixels")
    if allocated not in (8, 16):
        raise FormatUnsupported(MessageCode.BITS_ALLOCATED, bits=allocated)


def _is_raw(dataset: Dataset) -> bool:
    """Return whether an image shows detector values, which a workstation would not display.

    Detector values are linear in X-ray intensity, so soft tissue has almost no contrast (PS3.3 C.8.11.3).
    """
    sop_classes = (dataset.get("SOPClassUID"), dataset.file_meta.get("MediaStorageSOPClassUID"))
    if any(UID(uid or "").name.upper().endswith(_FOR_PROCESSING) for uid in sop_classes):
        return True
    intent = code_string(dataset, "PresentationIntentType")
    is_linear = code_string(dataset, "PixelIntensityRelationship") == "LIN"
    has_display = any(keyword in dataset for keyword in ("WindowCenter", "VOILUTSequence"))
    return intent == _FOR_PROCESSING or (is_linear and not intent and not has_display)
