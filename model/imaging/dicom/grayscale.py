"""DICOM grayscale pipeline: render pixels as a radiology workstation does. Runs in the worker process only.

Stored values -> modality LUT or rescale (PS3.3 C.11.1) -> VOI LUT or window (C.11.2) -> inversion for MONOCHROME1 or
Presentation LUT Shape INVERSE (C.11.6). Each step is a function of one grey value, so it is computed once for each
possible pixel cell (at most 16 bits), and each pixel is then looked up in the result.

Overlays are not drawn. If an old file stores them in unused bits of the pixels, they are masked out. Padding is black.
"""

from dataclasses import dataclass

import numpy as np
from pydicom import Dataset

from model.codes import Caution
from model.imaging.dicom.colour import grey_from_colour, is_colour
from model.imaging.dicom.lookup import apply_modality_lut, voi_options
from model.imaging.dicom.stored_values import StoredValues, read_stored_values
from model.imaging.grey_range import GreyRange, estimate_range, image_uses_grey_range, uses_grey_range


@dataclass(frozen=True)
class PresentationImage:
    """A rendered image.

    Attributes:
        pixels: float32 (height, width), 0-255, bright = dense.
        bits: Bits stored.
        windows: Labels of the VOI LUTs and windows in the file.
        window: Index in `windows` of the one that was applied.
        cautions: WINDOW_GUESSED if a part of the pipeline was estimated instead of read from the file, and
            WINDOW_IMPLAUSIBLE if the result uses a small part of the grey levels.
    """

    pixels: np.ndarray
    bits: int
    windows: tuple[str, ...]
    window: int
    cautions: tuple[Caution, ...]


def apply_presentation(dataset: Dataset, window: int) -> PresentationImage:
    """Decode and render a file that has passed `model.imaging.dicom.validation`.

    Args:
        dataset: The file.
        window: Index in `voi_options` of the table or window to apply.

    Raises:
        IndexError: The file has no such window.
        FileRefused: The pixels are in colour, or have more bits than the file declares.
        Exception: Any other exception means that the file is damaged.
    """
    bits = int(dataset.BitsStored)
    if is_colour(dataset):
        pixels = grey_from_colour(dataset)
        implausible = (Caution.WINDOW_IMPLAUSIBLE,) * (not image_uses_grey_range(pixels))
        return PresentationImage(pixels, bits, (), window, implausible)
    stored = read_stored_values(dataset)
    values, is_guess = apply_modality_lut(dataset, stored.levels, bool(dataset.PixelRepresentation))
    options, first_is_invalid = voi_options(dataset, values)
    if options:
        grey, is_guess = options[window].to_grey(values), is_guess or first_is_invalid
    else:
        lowest, highest, is_estimate = _full_range(stored, values, bits)
        grey, is_guess = _stretch(values, lowest, highest), is_guess or first_is_invalid or is_estimate
    if is_inverted(dataset):
        grey = 255 - grey
    grey[stored.is_padding] = 0
    applies = {
        Caution.WINDOW_GUESSED: is_guess,
        Caution.WINDOW_IMPLAUSIBLE: not uses_grey_range(grey, stored.counts),
    }
    cautions = tuple(caution for caution, is_given in applies.items() if is_given)
    pixels = _look_up(grey.astype(np.float32), stored.cells)
    return PresentationImage(pixels, bits, tuple(option.label for option in options), window, cautions)


def is_inverted(dataset: Dataset) -> bool:
    """Return whether the lowest value is displayed as white."""
    shape = str(dataset.get("PresentationLUTShape") or "").strip().upper()
    return dataset.PhotometricInterpretation == "MONOCHROME1" or shape == "INVERSE"


def _full_range(stored: StoredValues, values: np.ndarray, bits: int) -> GreyRange:
    """Return the range to display in a file without a window: that of the radiograph, or as stored if it has 8 bits."""
    if bits <= 8 and bool((values == stored.levels).all()):  # as in PNG and JPEG
        return GreyRange(values.min(), values.max(), is_estimate=False)
    return estimate_range(values, stored.counts)


def _stretch(values: np.ndarray, lowest: float, highest: float) -> np.ndarray:
    """Scale values linearly to grey 0-255."""
    grey: np.ndarray = 255 * np.clip((values - lowest) / max(highest - lowest, 1e-9), 0, 1)
    return grey


def _look_up(grey: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Replace each cell by its grey: float32 (height, width); row by row, because NumPy copies the indices."""
    pixels = np.empty(cells.shape, np.float32)
    for row, cell_row in zip(pixels, cells, strict=True):
        np.take(grey, cell_row, out=row, mode="clip")
    return pixels
