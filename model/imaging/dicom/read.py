"""Read a DICOM file: tags to `DicomMetadata`, pixels to `Radiograph`. Runs in the worker process only.

Only the tags listed here are parsed, so names and identifiers are not. If the file has no age, it is computed from two
dates, which are then dropped.

Not supported: non-square pixels (shown as stored), 12-bit JPEG and High-Throughput JPEG 2000.
"""

import io
import math
import re
from collections.abc import Iterator
from datetime import date, datetime

from pydicom import Dataset, config, dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from model.codes import Caution
from model.imaging.dicom.dimensions import check_dimensions
from model.imaging.dicom.display_terms import (
    BODY_PART,
    LOSSY_COMPRESSION,
    VIEW_POSITION,
    allowed_term,
    patient_orientation,
)
from model.imaging.dicom.grayscale import apply_presentation
from model.imaging.dicom.validation import check_document, check_pixel_layout, code_string
from model.imaging.radiograph import DicomMetadata, Radiograph
from model.translation import N_

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
_TECHNICAL_TAGS = {  # further tags that are displayed: name and unit
    "KVP": (N_("Tube voltage"), " kV"),
    "Exposure": (N_("Exposure"), " mAs"),
    "ExposureTime": (N_("Exposure time"), " ms"),
    "DistanceSourceToDetector": (N_("Source-to-detector distance (SID)"), " mm"),
}
_LOSSY_VALUES = {"00": N_("no"), "01": N_("yes")}
_DAYS_PER_YEAR = 365.25
# By the unit of an age string (PS3.5 6.2, AS); a number without a unit is in years.
_DAYS_PER_UNIT = {"D": 1, "W": 7, "M": _DAYS_PER_YEAR / 12, "Y": _DAYS_PER_YEAR, "": _DAYS_PER_YEAR}
_MAX_AGE = 120  # years


def read_dicom(content: bytes, window: int) -> Radiograph:
    """Read a DICOM file and render it with one of its windows.

    Args:
        content: The whole file.
        window: Index in `DicomMetadata.windows` of the one to apply.

    Raises:
        FileRefused: The tags say that it is not a single grey frontal chest radiograph, or the encoding is unsupported.
        Exception: Any other exception means that the file is damaged or incomplete.
    """
    config.settings.reading_validation_mode = config.IGNORE  # many files violate rules that do not matter here
    tags = [*_LUT_TAGS, *_PIXEL_TAGS, *_METADATA_TAGS, *_TECHNICAL_TAGS]
    dataset = dcmread(io.BytesIO(content), force=True, specific_tags=tags)
    syntax_assumed = "TransferSyntaxUID" not in dataset.file_meta
    if syntax_assumed:
        # Implicit is the default (PS3.10), but pydicom has detected the actual encoding from the tags.
        implicit, _ = dataset.original_encoding
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    check_document(dataset)
    check_pixel_layout(dataset)
    check_dimensions(dataset)
    rendered = apply_presentation(dataset, window)
    metadata = _metadata(dataset, syntax_assumed, rendered.windows, window)
    applies = {
        Caution.BURNED_IN_ANNOTATION: code_string(dataset, "BurnedInAnnotation") == "YES",
        Caution.ENCODING_ASSUMED: syntax_assumed,
        Caution.NON_DEFAULT_WINDOW: window > 0,
    }
    cautions = tuple(caution for caution, is_given in applies.items() if is_given)
    return Radiograph(rendered.pixels, "DICOM", rendered.bits, metadata=metadata, cautions=cautions)


def _metadata(dataset: Dataset, syntax_assumed: bool, windows: tuple[str, ...], window: int) -> DicomMetadata:
    spacing, at_detector = _pixel_spacing(dataset)
    return DicomMetadata(
        modality=code_string(dataset, "Modality"),
        body_part=allowed_term(dataset, "BodyPartExamined", BODY_PART),
        view_position=allowed_term(dataset, "ViewPosition", VIEW_POSITION),
        age_years=_age_in_years(dataset),
        size_millimetres=spacing and (spacing[0] * dataset.Rows, spacing[1] * dataset.Columns),
        size_at_detector=at_detector,
        windows=windows,
        window=window,
        details=tuple(_details(dataset, syntax_assumed)),
    )


def _details(dataset: Dataset, syntax_assumed: bool) -> Iterator[tuple[str, str]]:
    """Yield name and value of technical tags for display: four always, the others only if the file has them."""
    sign = "signed" if dataset.PixelRepresentation else "unsigned"
    bits = f"{dataset.BitsStored} of {dataset.BitsAllocated} bits"
    yield N_("Height x width"), f"{dataset.Rows} x {dataset.Columns} pixels"
    yield N_("Pixel height x width"), _format_spacing(*_pixel_spacing(dataset))
    yield N_("Stored as"), f"{dataset.PhotometricInterpretation}, {bits}, {sign}"
    yield N_("Transfer syntax"), dataset.file_meta.TransferSyntaxUID.name + (" (assumed)" if syntax_assumed else "")
    optional = {N_("Orientation"): "\\".join(patient_orientation(dataset))}
    optional |= {name: _format_number(dataset, keyword, unit) for keyword, (name, unit) in _TECHNICAL_TAGS.items()}
    lossy = allowed_term(dataset, "LossyImageCompression", LOSSY_COMPRESSION)
    optional[N_("Lossy compression")] = _LOSSY_VALUES.get(lossy, lossy)
    yield from ((name, value) for name, value in optional.items() if value)


def _age_in_years(dataset: Dataset) -> int | None:
    """Return the age in completed years, from PatientAge (PS3.5 6.2, AS) or else from two dates; None if unknown."""
    if match := re.fullmatch(r"(\d{1,3})([DWMY]?)", str(dataset.get("PatientAge") or "").strip().upper()):
        number, unit = match.groups()
        years = math.floor(int(number) * _DAYS_PER_UNIT[unit] / _DAYS_PER_YEAR + 1e-6)
    elif (birth := _parse_date(dataset, "PatientBirthDate")) and (study := _parse_date(dataset, "StudyDate")):
        years = study.year - birth.year - ((study.month, study.day) < (birth.month, birth.day))
    else:
        return None
    return years if 0 <= years <= _MAX_AGE else None


def _parse_date(dataset: Dataset, keyword: str) -> date | None:
    try:
        return datetime.strptime(str(dataset.get(keyword) or "").strip(), "%Y%m%d").date()
    except ValueError:
        return None


def _pixel_spacing(dataset: Dataset) -> tuple[tuple[float, float] | None, bool]:
    """Return height and width of a pixel in mm, and whether they were measured at the detector (PS3.3 10.7)."""
    at_detector = _two_lengths(dataset, "ImagerPixelSpacing")
    spacing = _two_lengths(dataset, "PixelSpacing") or at_detector
    return spacing, spacing is not None and spacing == at_detector


def _two_lengths(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    """Return two plausible lengths in mm; None if they are absent, malformed or, as in some files, 0."""
    try:
        height, width = map(float, dataset.get(keyword) or ())
    except (TypeError, ValueError):
        return None
    return (height, width) if 0.01 <= height <= 5 and 0.01 <= width <= 5 else None


def _format_spacing(spacing: tuple[float, float] | None, at_detector: bool) -> str:
    if not spacing:
        return N_("not specified")
    return f"{spacing[0]:g} x {spacing[1]:g} mm" + (" at the detector" if at_detector else "")


def _format_number(dataset: Dataset, keyword: str, unit: str) -> str:
    """Return a number with its unit; "" if the tag is absent or not a number."""
    try:
        value = float(dataset.get(keyword))
    except (TypeError, ValueError):
        return ""
    return f"{value:g}{unit}" if math.isfinite(value) else ""
