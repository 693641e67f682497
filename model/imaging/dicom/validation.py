"""Refuse DICOM files by their tags: other documents, modalities, body parts, views and pixel layouts.

Runs in the worker process only. A refusal quotes only terms from the lists below, never free text of the file, which
may be a name.
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
from model.imaging.file_formats import ACCEPTED_TEXT, EXPORT_TEXT, check_size

FRONTAL_TEXT = "Frontal chest radiographs (AP or PA) are accepted."
WRONG_TAG_TEXT = "Where the file is mistaken, export it as a PNG or JPEG picture and choose that file."
_SUPPORTED_SYNTAXES = {
    *(ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian),
    *(RLELossless, JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1),
    *(JPEGLSLossless, JPEGLSNearLossless, JPEG2000Lossless, JPEG2000),
}
_RADIOGRAPHY = ("CR", "DX", "RG")  # computed, digital, and scanned from film (PS3.3 C.7.3.1.1.1)
_OTHER_MODALITIES = {  # how the message names them
    "CT": "a CT image",
    "MR": "a magnetic resonance (MR) image",
    "US": "an ultrasound image",
    "MG": "a mammogram",
    "NM": "a nuclear medicine image",
    "PT": "a PET image",
    "XA": "an angiogram",
    "RF": "a fluoroscopy image",
    "IO": "a dental radiograph",
    "PX": "a panoramic dental radiograph",
    "BMD": "a bone density image",
    "ES": "an endoscopy image",
    "XC": "a photograph",
    "OP": "an eye photograph",
    "SM": "a microscopy image",
    "ECG": "an ECG",
    "SR": "a report and no picture",
    "PR": "a display setting (presentation state) and no picture",
    "KO": "a list of marked pictures and no picture",
    "DOC": "a document and no picture",
    "SEG": "a segmentation and no radiograph",
}
_OTHER_BODY_PARTS = re.compile(  # defined terms of PS3.16 annex L that are certainly not the chest
    "ABDOMEN|ANKLE|ARM|BLADDER|BREAST|BUTTOCK|CALCANEUS|CALF|CLAVICLE|COCCYX|CSPINE|ELBOW|EXTREMITY|EYE|FACE|FEMUR|"
    "FINGER|FOOT|FOREARM|GALLBLADDER|HAND|HEAD|HIP|HUMERUS|JAW|KNEE|LEG|LSPINE|MANDIBLE|MAXILLA|NECK|NOSE|ORBIT|PATELLA|"
    "PELVIS|RADIUS|SACRUM|SCAPULA|SHOULDER|SINUS|SKULL|SPINE|SSPINE|TEETH|THIGH|THUMB|TIBIA|TOE|TSPINE|ULNA|WRIST"
)
_LATERAL = re.compile(r"\b(LL|RL|LAT|LATERAL|LLAT|RLAT)\b")  # not LLD, RLD: patient on the side, but a frontal view
_OBLIQUE = re.compile(r"\b(OBL|OBLIQUE|[LR][LAP]O)\b")  # RLO, LLO (PS3.3 C.8.1.1), and RAO, LPO... as in angiography
_CODE = re.compile(r"[A-Z0-9_ /\\-]{1,32}")


def check_document(dataset: Dataset) -> None:
    """Check that a file is a frontal chest radiograph as far as its tags say.

    Raises:
        FormatUnsupported: it holds no image.
        WrongModality, WrongBodyPart, LateralView: it is something else.
    """
    if dataset.file_meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        raise FormatUnsupported(
            "This is the table of contents of a disc (DICOMDIR), which holds no picture. "
            f"{ACCEPTED_TEXT} Please choose a file from the folders beside it."
        )
    _check_modality(dataset)
    if "PixelData" not in dataset:
        raise FormatUnsupported(
            "This DICOM file holds no picture, or only the beginning of one. "
            f"{ACCEPTED_TEXT} Please export or copy the radiograph again and choose the new file."
        )
    if _OTHER_BODY_PARTS.fullmatch(body_part := code_string(dataset, "BodyPartExamined")):
        raise WrongBodyPart(
            f"This is a film of another part of the body ({body_part}), as the file says, which is not read. "
            f"{FRONTAL_TEXT} Please choose the chest film. {WRONG_TAG_TEXT}"
        )
    if view := _non_frontal_view(dataset):
        raise LateralView(
            f"This is {view} film, as the file says, which is not read. "
            f"{FRONTAL_TEXT} Please choose the frontal film. {WRONG_TAG_TEXT}"
        )


def check_pixel_layout(dataset: Dataset) -> None:
    """Check size, colour, bits and encoding of the pixels by the tags, before a decoder starts.

    Raises:
        MultiFrameImage, ColourImage, ImageTooLarge, ImageTooSmall: not one grey image of a supported size.
        FormatUnsupported: an encoding or a number of bits that is not supported.
        ValueError: the tags contradict each other.
    """
    if (frames := int(dataset.get("NumberOfFrames") or 1)) > 1:
        raise MultiFrameImage(
            f"This DICOM file holds {frames} pictures (a loop or a stack of slices). Files with a single frontal chest "
            "radiograph are accepted. Please choose the radiograph."
        )
    interpretation = str(dataset.PhotometricInterpretation).strip().upper()
    if int(dataset.get("SamplesPerPixel") or 1) != 1 or interpretation == "PALETTE COLOR":
        raise ColourImage(
            "This DICOM file holds a picture in colour, which is not read. Grey radiographs are accepted. Please "
            "choose the radiograph as the X-ray system has stored it."
        )
    check_size(int(dataset.Columns), int(dataset.Rows))
    _check_transfer_syntax(dataset)
    _check_bits(dataset, interpretation)


def code_string(dataset: Dataset, keyword: str) -> str:
    """Return the value of a tag that holds a code or a number; "" if it is absent or holds anything else."""
    value = str(dataset.get(keyword) or "").strip().upper()
    return value if _CODE.fullmatch(value) else ""


def _check_modality(dataset: Dataset) -> None:
    modality = code_string(dataset, "Modality")
    if modality and modality not in _RADIOGRAPHY:
        description = _OTHER_MODALITIES.get(modality, "another kind of image than a radiograph")
        raise WrongModality(
            f"This is {description}, as the file says, which is not read. Chest radiographs (modality CR, DX or RG) "
            "are accepted. Please choose the frontal chest radiograph."
        )


def _check_transfer_syntax(dataset: Dataset) -> None:
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    is_12_bit_jpeg = syntax == JPEGExtended12Bit and int(dataset.BitsStored) > 8
    if syntax not in _SUPPORTED_SYNTAXES or is_12_bit_jpeg:
        name = "in an unknown way" if syntax.is_private or not syntax.is_transfer_syntax else syntax.name
        raise FormatUnsupported(
            f"The picture in this DICOM file is stored in a way that is not read ({name}). DICOM files uncompressed or "
            f"as RLE, JPEG (8 bit or lossless), JPEG-LS or JPEG 2000 are accepted. {EXPORT_TEXT}"
        )


def _check_bits(dataset: Dataset, interpretation: str) -> None:
    stored, allocated = int(dataset.BitsStored), int(dataset.BitsAllocated)
    high_bit = int(dataset.get("HighBit") or stored - 1)
    is_grey = interpretation in ("MONOCHROME1", "MONOCHROME2")
    if not is_grey or not 1 <= stored <= allocated or high_bit != stored - 1:
        raise ValueError("layout of the pixels")
    if allocated not in (8, 16):
        raise FormatUnsupported(
            f"This DICOM file has {allocated} bits for each pixel, which is not read. DICOM files with 8 or 16 are "
            f"accepted. {EXPORT_TEXT}"
        )


def _non_frontal_view(dataset: Dataset) -> str:
    """Return the view with its article if it is not frontal, "" if nothing says so."""
    meanings = [str(item.get("CodeMeaning") or "").upper() for item in dataset.get("ViewCodeSequence") or []]
    views = [code_string(dataset, "ViewPosition").replace("_", " "), *meanings]
    if any(_OBLIQUE.search(view) for view in views):
        return "an oblique"
    is_lateral = any(_LATERAL.search(view) and "DECUB" not in view for view in views)
    return "a lateral" if is_lateral or _has_lateral_orientation(dataset) else ""


def _has_lateral_orientation(dataset: Dataset) -> bool:
    """Return whether rows run between front and back, or columns do while rows run between head and feet."""
    rows, columns = patient_orientation(dataset) or ("L", "F")
    return rows[0] in "AP" or (rows[0] in "HF" and columns[0] in "AP")
