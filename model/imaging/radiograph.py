"""The decoded radiograph, with the same structure for every file format."""

from dataclasses import dataclass

import numpy as np

from model.codes import Caution


@dataclass(frozen=True)
class DicomMetadata:
    """Metadata of a DICOM file, without names, dates or identifiers.

    Attributes:
        modality: Modality as in the file, such as "CR"; "" if absent.
        body_part: Body part as in the file, such as "CHEST"; "" if absent. HIDDEN_VALUE_TEXT of
            `model.imaging.dicom.display_terms` if the term is unknown.
        view_position: View as in the file, such as "AP"; "" if absent. HIDDEN_VALUE_TEXT if the term is unknown.
        age_years: Age of the patient in completed years; None if unknown.
        size_millimetres: Height and width of the whole image; None if unknown.
        size_at_detector: Whether `size_millimetres` was measured at the detector, where the body appears magnified.
        windows: Labels of the VOI LUTs, then of the windows in the file; they contain only numbers and known terms.
        window: Index in `windows` of the entry that was applied.
        details: Other technical tags as (name, value).
    """

    modality: str
    body_part: str
    view_position: str
    age_years: int | None
    size_millimetres: tuple[float, float] | None
    size_at_detector: bool
    windows: tuple[str, ...]
    window: int
    details: tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class Radiograph:
    """One decoded radiograph.

    Attributes:
        pixels: float32 (height, width), 0-255, bright = dense (MONOCHROME2), with the orientation of the file
            applied. Do not modify: the array of a DICOM file is read-only.
        source_format: "PNG", "JPEG" or "DICOM", as detected from the content.
        bits: Significant bits per grey sample in the file, 1-16.
        metadata: Metadata of a DICOM file; None for PNG and JPEG.
        colourfulness: 0 = grey; see `model.imaging.samples.colourfulness`.
        cautions: Cautions about the file; every finding from the file carries them too.
    """

    pixels: np.ndarray
    source_format: str
    bits: int
    metadata: DicomMetadata | None = None
    colourfulness: float = 0.0
    cautions: tuple[Caution, ...] = ()

    def __post_init__(self) -> None:
        if self.pixels.ndim != 2 or self.pixels.dtype != np.float32 or 0 in self.pixels.shape:
            raise ValueError(f"pixels must be float32 (height, width), got {self.pixels.dtype} {self.pixels.shape}")

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(self.pixels)

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.pixels[0])
