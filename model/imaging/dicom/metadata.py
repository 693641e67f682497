"""Metadata of a DICOM file for display. Runs in the worker process only."""

import math
from collections.abc import Iterator

from pydicom import Dataset

from model.imaging.dicom.age import age_in_years
from model.imaging.dicom.display_terms import (
    BODY_PART,
    LOSSY_COMPRESSION,
    VIEW_POSITION,
    allowed_term,
    patient_orientation,
)
from model.imaging.dicom.validation import code_string
from model.imaging.radiograph import DicomMetadata
from model.translation import N_

TECHNICAL_TAGS = {  # further tags that are displayed: name and unit
    "KVP": (N_("Tube voltage"), " kV"),
    "Exposure": (N_("Exposure"), " mAs"),
    "ExposureTime": (N_("Exposure time"), " ms"),
    "DistanceSourceToDetector": (N_("Source-to-detector distance (SID)"), " mm"),
}
_LOSSY_VALUES = {"00": N_("no"), "01": N_("yes")}


def read_metadata(dataset: Dataset, syntax_assumed: bool, windows: tuple[str, ...], window: int) -> DicomMetadata:
    """Return the metadata of a file that has been decoded.

    Args:
        dataset: The file.
        syntax_assumed: Whether its transfer syntax was found out from its content.
        windows: Labels of its windows.
        window: Index of the window that was applied.
    """
    spacing, at_detector = _pixel_spacing(dataset)
    return DicomMetadata(
        modality=code_string(dataset, "Modality"),
        body_part=allowed_term(dataset, "BodyPartExamined", BODY_PART),
        view_position=allowed_term(dataset, "ViewPosition", VIEW_POSITION),
        age_years=age_in_years(dataset),
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
    optional |= {name: _format_number(dataset, keyword, unit) for keyword, (name, unit) in TECHNICAL_TAGS.items()}
    lossy = allowed_term(dataset, "LossyImageCompression", LOSSY_COMPRESSION)
    optional[N_("Lossy compression")] = _LOSSY_VALUES.get(lossy, lossy)
    yield from ((name, value) for name, value in optional.items() if value)


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
