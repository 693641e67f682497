"""DICOM grayscale pipeline: render pixels as a radiology workstation does. Runs in the worker process only.

Stored values -> modality LUT or rescale (PS3.3 C.11.1) -> VOI LUT or window (C.11.2) -> inversion for MONOCHROME1 or
Presentation LUT Shape INVERSE (C.11.6). Each step is a function of one grey value, so it is computed once for each
possible stored value (at most 16 bits), and each pixel is then looked up in the result.

Overlays are not drawn. If an old file stores them in unused bits of the pixels, they are masked out. Padding is black.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.pixels.utils import pixel_array
from pydicom.uid import RLELossless

from model.imaging.dicom.display_terms import allowed_window_name

_MAX_VOI_OPTIONS = 20  # VOI LUTs and windows of one file; one to three are usual


@dataclass(frozen=True)
class PresentationImage:
    """A rendered image.

    Attributes:
        pixels: float32 (height, width), 0-255, bright = dense.
        bits: Bits stored.
        windows: Labels of the VOI LUTs and windows in the file.
        window: Index in `windows` of the one that was applied.
    """

    pixels: np.ndarray
    bits: int
    windows: tuple[str, ...]
    window: int


@dataclass(frozen=True)
class LookupTable:
    """A lookup table: input `first + i` maps to `values[i]`; inputs beyond either end map to the value at that end."""

    first: int
    values: np.ndarray
    bits: int
    label: str

    def apply(self, levels: np.ndarray) -> np.ndarray:
        """Look up each level; return float64 (n,)."""
        indices = np.clip(np.rint(levels) - self.first, 0, len(self.values) - 1).astype(int)
        entries: np.ndarray = self.values[indices]
        return entries

    def to_grey(self, levels: np.ndarray) -> np.ndarray:
        """Map each level to grey: float64 (n,), 0-255."""
        grey: np.ndarray = self.apply(levels) * 255 / (2**self.bits - 1)
        return grey


@dataclass(frozen=True)
class VoiWindow:
    """A window with its VOI LUT Function (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""

    centre: float
    width: float
    function: str
    label: str

    def to_grey(self, levels: np.ndarray) -> np.ndarray:
        """Map each level to grey: float64 (n,), 0-255."""
        if self.function == "SIGMOID":
            fraction = 1 / (1 + np.exp(np.clip(-4 * (levels - self.centre) / self.width, -700, 700)))
        elif self.function == "LINEAR_EXACT":
            fraction = (levels - self.centre) / self.width + 0.5
        else:
            fraction = (levels - (self.centre - 0.5)) / max(self.width - 1, 1e-9) + 0.5
        grey: np.ndarray = 255 * np.clip(fraction, 0, 1)
        return grey


def apply_presentation(dataset: Dataset, window: int) -> PresentationImage:
    """Decode and render a file that has passed `model.imaging.dicom.validation`.

    Args:
        dataset: The file.
        window: Index in `voi_options` of the table or window to apply.

    Raises:
        IndexError: The file has no such window.
        Exception: Any other exception means that the file is damaged.
    """
    syntax = dataset.file_meta.TransferSyntaxUID
    stored = pixel_array(dataset, decoding_plugin="gdcm" if syntax.is_encapsulated and syntax != RLELossless else "")
    bits, signed = int(dataset.BitsStored), bool(dataset.PixelRepresentation)
    levels = _possible_levels(stored, bits, signed)
    padding = _padding_levels(dataset, levels, signed)
    values = apply_modality_lut(dataset, levels, signed)
    options = voi_options(dataset, values)
    if options:
        grey = options[window].to_grey(values)
    else:
        as_stored = bits <= 8 and bool((values == levels).all())  # as in PNG and JPEG
        grey = _stretch(values, padding | True if as_stored else _used_levels(stored, levels) & ~padding)
    if is_inverted(dataset):
        grey = 255 - grey
    grey[padding] = 0
    pixels = _look_up(grey.astype(np.float32), stored, levels)
    return PresentationImage(pixels, bits, tuple(option.label for option in options), window)


def apply_modality_lut(dataset: Dataset, levels: np.ndarray, signed: bool) -> np.ndarray:
    """Apply the modality LUT, or rescale slope and intercept, to stored values; return float64 (n,)."""
    if tables := dataset.get("ModalityLUTSequence"):
        return _lookup_table(dataset, tables[0], signed).apply(levels)
    slope = float(_first_value(dataset, "RescaleSlope", 1))
    intercept = float(_first_value(dataset, "RescaleIntercept", 0))
    if not (np.isfinite(slope * intercept) and slope):
        raise ValueError("rescale")
    return levels * slope + intercept


def voi_options(dataset: Dataset, values: np.ndarray) -> list[LookupTable | VoiWindow]:
    """List the VOI LUTs and then the windows of a file, without invalid windows.

    Args:
        dataset: The file.
        values: Output of the modality LUT for each possible stored value.
    """
    signed = values.min() < 0
    items = enumerate(dataset.get("VOILUTSequence") or [], start=1)
    tables = [_lookup_table(dataset, item, signed, number) for number, item in items]
    options: list[LookupTable | VoiWindow] = [*tables, *_windows(dataset)]
    return options[:_MAX_VOI_OPTIONS]


def is_inverted(dataset: Dataset) -> bool:
    """Return whether the lowest value is displayed as white."""
    shape = str(dataset.get("PresentationLUTShape") or "").strip().upper()
    return dataset.PhotometricInterpretation == "MONOCHROME1" or shape == "INVERSE"


# --- grey levels and pixels


def _possible_levels(stored: np.ndarray, bits: int, signed: bool) -> np.ndarray:
    """Return all possible stored values in ascending order: int (n,)."""
    lowest, highest = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    # A compressed stream may have more bits than BitsStored.
    return np.arange(min(lowest, int(stored.min())), max(highest, int(stored.max())) + 1)


def _padding_levels(dataset: Dataset, levels: np.ndarray, signed: bool) -> np.ndarray:
    """Find the levels that are padding (PS3.3 C.7.5.1.1.2): bool (n,)."""
    value = _first_value(dataset, "PixelPaddingValue")
    if value is None:
        return np.zeros(len(levels), bool)
    limit = _first_value(dataset, "PixelPaddingRangeLimit", value)
    bounds = [_with_sign(int(bound), signed) for bound in (value, limit)]
    return (levels >= min(bounds)) & (levels <= max(bounds))


# The next two functions work row by row, because an index array takes four times the memory of the image.
def _used_levels(stored: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Find the levels that occur in the image: bool (n,)."""
    used = np.zeros(len(levels), bool)
    for row in stored:
        used[row - levels[0]] = True
    return used


def _look_up(grey: np.ndarray, stored: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Replace each stored value by the grey of its level: float32 (height, width)."""
    pixels = np.empty(stored.shape, np.float32)
    for row, stored_row in zip(pixels, stored, strict=True):
        np.take(grey, stored_row - levels[0], out=row)
    return pixels


def _stretch(values: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Scale values linearly to grey 0-255, from the smallest to the largest used value."""
    lowest, highest = (values[used].min(), values[used].max()) if used.any() else (0, 0)
    grey: np.ndarray = 255 * np.clip((values - lowest) / max(highest - lowest, 1e-9), 0, 1)
    return grey


# --- tables, windows and tags


def _windows(dataset: Dataset) -> Iterator[VoiWindow]:
    function = str(dataset.get("VOILUTFunction") or "LINEAR").strip().upper()
    centres, widths = (map(float, _values(dataset, f"Window{name}")) for name in ("Center", "Width"))
    explanations = _values(dataset, "WindowCenterWidthExplanation")
    for number, (centre, width) in enumerate(zip(centres, widths, strict=False)):
        if np.isfinite(centre) and np.isfinite(width) and (width >= 1 or (width > 0 and function != "LINEAR")):
            name = allowed_window_name(explanations[number] if number < len(explanations) else "")
            numbers = f"centre {centre:g}, width {width:g}"
            yield VoiWindow(centre, width, function, f"{name} ({numbers})" if name else f"Window, {numbers}")


def _lookup_table(dataset: Dataset, item: Dataset, signed: bool, number: int = 1) -> LookupTable:
    """Read a LUT of PS3.3 C.11.1.1 or C.11.2.1.1.

    Args:
        dataset: The file.
        item: Item of the LUT sequence.
        signed: Whether the input values may be negative.
        number: Number of the table in the file, from 1; used in its label if it has no allowed name.
    """
    count, first, bits = (int(entry) for entry in item.LUTDescriptor)
    count = count % 2**16 or 2**16  # pydicom returns a negative count if an implicit file is read as signed
    data = item.LUTData
    if isinstance(data, bytes):
        little_endian = dataset.original_encoding[1] is not False
        # 8-bit tables are stored as bytes or, just as often, as 16-bit words.
        is_bytes = len(data) in (count, count + 1)
        data = np.frombuffer(data, np.uint8 if is_bytes else "<u2" if little_endian else ">u2")
    values = np.asarray(data, np.float64)[:count]
    if len(values) != count or not 1 <= bits <= 16:
        raise ValueError("lookup table")
    name = allowed_window_name(item.get("LUTExplanation"))
    label = f"{name} (table)" if name else f"Table {number}"
    return LookupTable(_with_sign(first, signed), np.minimum(values, 2**bits - 1), bits, label)


def _with_sign(value: int, signed: bool) -> int:
    """Return a 16-bit value with the signedness of the pixels, because files often encode it with the other one."""
    if signed and value >= 2**15:
        return value - 2**16
    return value + 2**16 if not signed and value < 0 else value


def _values(dataset: Dataset, keyword: str) -> list[Any]:
    """Return the values of an element as a list; empty if it is absent."""
    value = dataset.get(keyword)
    if value is None or value == "":
        return []
    return [value] if isinstance(value, str | int | float) else list(value)


def _first_value(dataset: Dataset, keyword: str, default: float | None = None) -> Any:
    """Return the first value of an element, or the default if it is absent."""
    values = _values(dataset, keyword)
    return values[0] if values else default
