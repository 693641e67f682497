"""The decoded picture, the same whatever file it came from."""

from dataclasses import dataclass

import numpy as np

from model.codes import Caution


@dataclass(frozen=True)
class DicomMetadata:
    """What a clinical (DICOM) file tells beside its pixels. Nothing in it names a patient, a date or an identifier.

    modality, body_part, view_position: in the file's own words, such as "CR", "CHEST", "AP", where they are
        known (`model.imaging.dicom.display_terms`); "" where it does not say.
    age_years: of the patient, in full years; None where it is not told.
    cautions: codes, see above.
    size_millimetres: height and width of the whole picture; None where unknown.
    size_at_detector: they hold at the detector, where the shadow of the body is larger than the body.
    windows: what the file offers to be shown by (VOI LUTs, then windows), in numbers and known words; empty where it
        offers nothing.
    window: which of them was applied.
    details: further technical tags, as name and value.
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

    pixels: float32 (height, width), 0-255, bright = dense (MONOCHROME2), upright as the file's own orientation says.
    source_format: what the file's content said it is ("PNG", "JPEG", "DICOM").
    bits: significant bits per grey sample in the file, 1-16.
    metadata: what a DICOM file tells beside its pixels; None for PNG and JPEG.
    colourfulness: of what the file held, see `model.imaging.decode.colourfulness`; 0 grey.
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
        """Rows."""
        return self.pixels.shape[0]

    @property
    def width(self) -> int:
        """Columns."""
        return self.pixels.shape[1]
