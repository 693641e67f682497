"""A DICOM file's tags and pixels; runs in the child process of model.imaging.dicom.sandbox alone.

Only the tags named here are kept of a file, so that names and identifiers are never parsed. Two dates are read for the
age where the file does not tell it, and dropped.

What is not here: pixels that are no squares (shown as they are stored), 12-bit JPEG and High-Throughput JPEG 2000.
"""

import io
import math
import re
from datetime import date, datetime

from pydicom import Dataset, config, dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from model.codes import Caution
from model.imaging.dicom.dimensions import check_dimensions
from model.imaging.dicom.display_terms import BODY_PART, LOSS, VIEW_POSITION, allowed_term, patient_orientation
from model.imaging.dicom.grayscale import apply_presentation
from model.imaging.dicom.validation import check_document, check_pixel_layout, code_string
from model.imaging.radiograph import DicomMetadata, Radiograph

_LUT_TAGS = ("ModalityLUTSequence", "VOILUTSequence")
_PIXEL_TAGS = (
    *("SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows", "Columns"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit"),
    *("RescaleIntercept", "RescaleSlope", "WindowCenter", "WindowWidth", "WindowCenterWidthExplanation"),
    *("VOILUTFunction", "PresentationLUTShape", "ExtendedOffsetTable", "ExtendedOffsetTableLengths", "PixelData"),
)
_METADATA_TAGS = (
    *("Modality", "BodyPartExamined", "ViewPosition", "ViewCodeSequence", "BurnedInAnnotation"),
    *("PatientAge", "PatientBirthDate", "StudyDate", "PixelSpacing", "ImagerPixelSpacing"),
    *("PatientOrientation", "LossyImageCompression"),
)
_TECHNICAL_TAGS = {  # further technical tags that are shown, with their unit
    "KVP": ("Tube voltage", " kV"),
    "Exposure": ("Exposure", " mAs"),
    "ExposureTime": ("Exposure time", " ms"),
    "DistanceSourceToDetector": ("Distance from source to detector", " mm"),
}
_DAYS_PER_UNIT = {
    "D": 1,
    "W": 7,
    "M": 365.25 / 12,
    "Y": 365.25,
    "": 365.25,
}  # of an age (PS3.5 6.2, AS); bare numbers are years
_MAX_AGE = 120  # years


def read_dicom(content: bytes, window: int) -> Radiograph:
    """Read a DICOM file as a workstation shows it by one of its windows.

    Raises:
        FileRefused: it is no single grey frontal radiograph of a chest, by its own tags, or kept in a way not read.
        Anything else, of pydicom and of ours: damaged or incomplete.
    """
    config.settings.reading_validation_mode = config.IGNORE  # many files stretch rules on which nothing hangs here
    kept = [*_LUT_TAGS, *_PIXEL_TAGS, *_METADATA_TAGS, *_TECHNICAL_TAGS]
    dataset = dcmread(io.BytesIO(content), force=True, specific_tags=kept)
    assumed = "TransferSyntaxUID" not in dataset.file_meta
    if assumed:
        # PS3.10: the default. pydicom has looked whether the tags agree, and read them as they are where they do not.
        implicit, _ = dataset.original_encoding
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    check_document(dataset)
    check_pixel_layout(dataset)
    check_dimensions(dataset)
    picture = apply_presentation(dataset, window)
    metadata = _metadata(dataset, assumed, picture.windows, window)
    return Radiograph(picture.pixels, "DICOM", picture.bits, metadata=metadata)


def _metadata(dataset: Dataset, assumed: bool, windows: tuple[str, ...], window: int) -> DicomMetadata:
    burned_in = code_string(dataset, "BurnedInAnnotation") == "YES"
    cautions = (
        (Caution.BURNED_IN_ANNOTATION, burned_in),
        (Caution.ENCODING_ASSUMED, assumed),
        (Caution.NON_DEFAULT_WINDOW, window > 0),
    )
    spacing, at_detector = _image_size(dataset)
    syntax = dataset.file_meta.TransferSyntaxUID.name + (" (assumed)" if assumed else "")
    sign = "signed" if dataset.PixelRepresentation else "unsigned"
    stored = f"{dataset.PhotometricInterpretation}, {dataset.BitsStored} of {dataset.BitsAllocated} bits, {sign}"
    further = (
        ("Orientation", "\\".join(patient_orientation(dataset))),
        *((name, _format_number(dataset, keyword, unit)) for keyword, (name, unit) in _TECHNICAL_TAGS.items()),
        ("Compressed with loss at some time (00 no, 01 yes)", allowed_term(dataset, "LossyImageCompression", LOSS)),
    )
    return DicomMetadata(
        modality=code_string(dataset, "Modality"),
        body_part=allowed_term(dataset, "BodyPartExamined", BODY_PART),
        view_position=allowed_term(dataset, "ViewPosition", VIEW_POSITION),
        age_years=_age_in_years(dataset),
        cautions=tuple(caution for caution, holds in cautions if holds),
        size_millimetres=spacing and (spacing[0] * dataset.Rows, spacing[1] * dataset.Columns),
        size_at_detector=at_detector,
        windows=windows,
        window=window,
        details=(
            ("Columns x rows", f"{dataset.Columns} x {dataset.Rows}"),
            ("Height x width of a pixel", _size_from_spacing(spacing, at_detector)),
            ("Stored as", stored),
            ("Transfer syntax", syntax),
            *((name, value) for name, value in further if value),
        ),
    )


def _age_in_years(dataset: Dataset) -> int | None:
    """Full years, from the age (PS3.5 6.2, AS) or else from two dates; None where neither tells."""
    if found := re.fullmatch(r"(\d{1,3})([DWMY]?)", str(dataset.get("PatientAge") or "").strip().upper()):
        years = math.floor(int(found[1]) * _DAYS_PER_UNIT[found[2]] / _DAYS_PER_UNIT["Y"] + 1e-6)
    elif (born := _parse_date(dataset, "PatientBirthDate")) and (filmed := _parse_date(dataset, "StudyDate")):
        years = filmed.year - born.year - ((filmed.month, filmed.day) < (born.month, born.day))
    else:
        return None
    return years if 0 <= years <= _MAX_AGE else None


def _parse_date(dataset: Dataset, keyword: str) -> date | None:
    try:
        return datetime.strptime(str(dataset.get(keyword) or "").strip(), "%Y%m%d").date()
    except ValueError:
        return None


def _image_size(dataset: Dataset) -> tuple[tuple[float, float] | None, bool]:
    """Height and width of a pixel in mm, and whether at the detector (PS3.3 10.7); some files say 0."""
    known = {name: _two_numbers(dataset, name) for name in ("PixelSpacing", "ImagerPixelSpacing")}
    spacing = known["PixelSpacing"] or known["ImagerPixelSpacing"]
    return spacing, spacing is not None and spacing == known["ImagerPixelSpacing"]


def _size_from_spacing(spacing: tuple[float, float] | None, at_detector: bool) -> str:
    if not spacing:
        return "not told"
    return f"{spacing[0]:g} x {spacing[1]:g} mm" + (" at the detector" if at_detector else "")


def _two_numbers(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    try:
        height, width = map(float, dataset.get(keyword) or ())
    except (TypeError, ValueError):
        return None
    return (height, width) if 0.01 <= height <= 5 and 0.01 <= width <= 5 else None


def _format_number(dataset: Dataset, keyword: str, unit: str) -> str:
    try:
        value = float(dataset.get(keyword))
    except (TypeError, ValueError):
        return ""
    return f"{value:g}{unit}" if math.isfinite(value) else ""
