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
from model.imaging.dicom.display_terms import patient_orientation
from model.imaging.dicom.refusal_terms import OTHER_BODY_PART, OTHER_MODALITY
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
_LATERAL = re.compile(
    r"\b(LL|RL|LAT|LATERAL|LLAT|RLAT)\b"
)  # not LLD, RLD: a frontal view of a patient lying on the side
_OBLIQUE = re.compile(r"\b(OBL|OBLIQUE|[LR][LAP]O)\b")  # RLO, LLO (PS3.3 C.8.1.1); RAO, LPO and others from angiography
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
    if view := _non_frontal_view(dataset):
        raise LateralView(MessageCode.NON_FRONTAL_VIEW, view=view)


def check_pixel_layout(dataset: Dataset) -> None:
    """Check the tags on size, colour, bits and encoding of the pixels before a decoder starts.

    Raises:
        MultiFrameImage, ColourImage, ImageTooLarge, ImageTooSmall: It is not a single grey image of a supported size.
        FormatUnsupported: The encoding or the number of bits is not supported.
        ValueError: The tags contradict each other.
    """
    if (frames := int(dataset.get("NumberOfFrames") or 1)) > 1:
        raise MultiFrameImage(MessageCode.MULTIPLE_FRAMES, frames=frames)
    interpretation = str(dataset.PhotometricInterpretation).strip().upper()
    if int(dataset.get("SamplesPerPixel") or 1) != 1 or interpretation == "PALETTE COLOR":
        raise ColourImage(MessageCode.COLOUR)
    check_size(int(dataset.Columns), int(dataset.Rows))
    _check_transfer_syntax(dataset)
    _check_bits(dataset, interpretation)


def code_string(dataset: Dataset, keyword: str) -> str:
    """Return the value of a tag if it is a code or a number; "" if it is absent or anything else."""
    value = str(dataset.get(keyword) or "").strip().upper()
    return value if _CODE.fullmatch(value) else ""


def _check_modality(dataset: Dataset) -> None:
    modality = code_string(dataset, "Modality")
    if modality and modality not in _RADIOGRAPHY:
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
    high_bit = int(dataset.get("HighBit") or stored - 1)
    is_grey = interpretation in ("MONOCHROME1", "MONOCHROME2")
    if not is_grey or not 1 <= stored <= allocated or high_bit != stored - 1:
        raise ValueError("layout of the pixels")
    if allocated not in (8, 16):
        raise FormatUnsupported(MessageCode.BITS_ALLOCATED, bits=allocated)


def _non_frontal_view(dataset: Dataset) -> str:
    """Return "lateral" or "oblique" if the tags say so; else ""."""
    meanings = [str(item.get("CodeMeaning") or "").upper() for item in dataset.get("ViewCodeSequence") or []]
    views = [code_string(dataset, "ViewPosition").replace("_", " "), *meanings]
    if any(_OBLIQUE.search(view) for view in views):
        return "oblique"
    is_lateral = any(_LATERAL.search(view) and "DECUB" not in view for view in views)
    return "lateral" if is_lateral or _has_lateral_orientation(dataset) else ""


def _has_lateral_orientation(dataset: Dataset) -> bool:
    """Return whether rows run front to back, or rows run head to feet and columns front to back (in any direction)."""
    rows, columns = patient_orientation(dataset) or ("L", "F")
    return rows[0] in "AP" or (rows[0] in "HF" and columns[0] in "AP")
