"""By what a DICOM file says of itself it is refused; runs in the child process of model.imaging.dicom.sandbox alone.

A refusal names only words of the lists below, never free text of the file, which might be a name.
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
_RADIOGRAPHS = ("CR", "DX", "RG")  # computed, digital, and scanned from film (PS3.3 C.7.3.1.1.1)
_OTHER_MODALITIES = {
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
_OTHER_BODY_PARTS = re.compile(  # defined terms of PS3.16 annex L that leave no doubt; others are for no program to judge
    "ABDOMEN|ANKLE|ARM|BLADDER|BREAST|BUTTOCK|CALCANEUS|CALF|CLAVICLE|COCCYX|CSPINE|ELBOW|EXTREMITY|EYE|FACE|FEMUR|"
    "FINGER|FOOT|FOREARM|GALLBLADDER|HAND|HEAD|HIP|HUMERUS|JAW|KNEE|LEG|LSPINE|MANDIBLE|MAXILLA|NECK|NOSE|ORBIT|PATELLA|"
    "PELVIS|RADIUS|SACRUM|SCAPULA|SHOULDER|SINUS|SKULL|SPINE|SSPINE|TEETH|THIGH|THUMB|TIBIA|TOE|TSPINE|ULNA|WRIST"
)
_LATERAL = re.compile(r"\b(LL|RL|LAT|LATERAL|LLAT|RLAT)\b")  # LLD, RLD: lying on the side, but taken from the front
_OBLIQUE = re.compile(r"\b(OBL|OBLIQUE|[LR][LAP]O)\b")  # RLO, LLO (PS3.3 C.8.1.1), and RAO, LPO... as in angiography
_CODE = re.compile(r"[A-Z0-9_ /\\-]{1,32}")


def check_document(dataset: Dataset) -> None:
    """Refuse what says itself that it is something else than a frontal chest film."""
    if dataset.file_meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        raise FormatUnsupported(
            f"This is the table of contents of a disc (DICOMDIR), which holds no picture. {ACCEPTED_TEXT} Please choose a "
            "file from the folders beside it."
        )
    modality = code_string(dataset, "Modality")
    if modality and modality not in _RADIOGRAPHS:
        what = _OTHER_MODALITIES.get(modality, "another kind of image than a radiograph")
        raise WrongModality(
            f"This is {what}, as the file says, which is not read. Chest radiographs (modality CR, DX or RG) are "
            "accepted. Please choose the frontal chest radiograph."
        )
    if "PixelData" not in dataset:
        raise FormatUnsupported(
            f"This DICOM file holds no picture, or only the beginning of one. {ACCEPTED_TEXT} Please export or copy the "
            "radiograph again and choose the new file."
        )
    if _OTHER_BODY_PARTS.fullmatch(part := code_string(dataset, "BodyPartExamined")):
        raise WrongBodyPart(
            f"This is a film of another part of the body ({part}), as the file says, which is not read. {FRONTAL_TEXT} "
            f"Please choose the chest film. {WRONG_TAG_TEXT}"
        )
    if side := _non_frontal_view(dataset):
        raise LateralView(
            f"This is {side} film, as the file says, which is not read. {FRONTAL_TEXT} Please choose the frontal film. "
            f"{WRONG_TAG_TEXT}"
        )


def check_pixel_layout(dataset: Dataset) -> None:
    """Refuse by the layout of the pixels, before a decoder sees them."""
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
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    wide = syntax == JPEGExtended12Bit and int(dataset.BitsStored) > 8
    if syntax not in _SUPPORTED_SYNTAXES or wide:
        name = "in an unknown way" if syntax.is_private or not syntax.is_transfer_syntax else syntax.name
        raise FormatUnsupported(
            f"The picture in this DICOM file is stored in a way that is not read ({name}). DICOM files uncompressed or "
            f"as RLE, JPEG (8 bit or lossless), JPEG-LS or JPEG 2000 are accepted. {EXPORT_TEXT}"
        )
    stored, allocated = int(dataset.BitsStored), int(dataset.BitsAllocated)
    high = int(dataset.get("HighBit") or stored - 1)
    if interpretation not in ("MONOCHROME1", "MONOCHROME2") or not 1 <= stored <= allocated or high != stored - 1:
        raise ValueError("layout of the pixels")
    if allocated not in (8, 16):
        raise FormatUnsupported(
            f"This DICOM file has {allocated} bits for each pixel, which is not read. DICOM files with 8 or 16 are "
            f"accepted. {EXPORT_TEXT}"
        )


def code_string(dataset: Dataset, keyword: str) -> str:
    """A tag of the kind that is a code or a number; "" where it is absent or anything else."""
    text = str(dataset.get(keyword) or "").strip().upper()
    return text if _CODE.fullmatch(text) else ""


def _non_frontal_view(dataset: Dataset) -> str:
    """Which view from the side it is, "" where nothing says so."""
    meanings = [str(item.get("CodeMeaning") or "").upper() for item in dataset.get("ViewCodeSequence") or []]
    views = [code_string(dataset, "ViewPosition").replace("_", " "), *meanings]
    if any(_OBLIQUE.search(view) for view in views):
        return "an oblique"
    lateral = any(_LATERAL.search(view) and "DECUB" not in view for view in views)
    return "a lateral" if lateral or _has_lateral_orientation(dataset) else ""


def _has_lateral_orientation(dataset: Dataset) -> bool:
    """Whether rows run from front to back or from back to front, or columns do in a lateral film that lies."""
    rows, columns = patient_orientation(dataset) or ("L", "F")
    return rows[0] in "AP" or (rows[0] in "HF" and columns[0] in "AP")
