"""The decoded radiograph, the same for every file format."""

from dataclasses import dataclass

import numpy as np

from model.codes import Caution


@dataclass(frozen=True)
class DicomMetadata:
    """What a DICOM file says besides its pixels. Holds no name, no date and no identifier.

    Attributes:
        modality: as in the file, such as "CR"; "" if absent.
        body_part: as in the file, such as "CHEST", if the term is known (`model.imaging.dicom.display_terms`); "" if
            absent.
        view_position: as in the file, such as "AP", if the term is known; "" if absent.
        age_years: age of the patient in full years; None if unknown.
        cautions: those of the file, which a finding carries too.
        size_millimetres: height and width of the whole image; None if unknown.
        size_at_detector: whether `size_millimetres` holds at the detector, where the body's shadow is larger than the
            body.
        windows: labels of the VOI LUTs, then of the windows that the file offers, as numbers and known terms.
        window: index of the one that was applied.
        details: further technical tags, as (name, value).
    """

    modality: str
    body_part: str
    view_position: str
    age_years: int | None
    cautions: tuple[Caution, ...]
    size_millimetres: tuple[float, float] | None
    size_at_detector: bool
    windows: tuple[str, ...]
    window: int
    details: tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class Radiograph:
    """One decoded radiograph.

    Attributes:
        pixels: float32 (height, width), 0-255, bright = dense (MONOCHROME2), upright by the file's own orientation.
            Do not modify: the array of a DICOM file is read-only.
        source_format: "PNG", "JPEG" or "DICOM", by the file's content.
        bits: significant bits per grey sample in the file, 1-16.
        metadata: of a DICOM file; None for PNG and JPEG.
        colourfulness: of the file's samples, 0 = grey; see `model.imaging.decode.colourfulness`.
    """

    pixels: np.ndarray
    source_format: str
    bits: int
    metadata: DicomMetadata | None = None
    colourfulness: float = 0.0

    def __post_init__(self) -> None:
        if self.pixels.ndim != 2 or self.pixels.dtype != np.float32 or 0 in self.pixels.shape:
            raise ValueError(f"pixels: float32 (height, width) expected, got {self.pixels.dtype} {self.pixels.shape}")

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(self.pixels)

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.pixels[0])
