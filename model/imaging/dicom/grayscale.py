"""The pixels of a DICOM file as a radiology workstation shows them; runs in the child process of model.imaging.dicom.sandbox alone.

Stored values -> modality LUT or rescale (PS3.3 C.11.1) -> VOI LUT or window (C.11.2) -> inversion for MONOCHROME1 or
Presentation LUT Shape INVERSE (C.11.6). Each step is a function of one grey value, so the steps are worked out once for
each value that 16 bits can hold, and the picture is looked up in the result.

Overlays are not drawn, and are masked out where old files keep them in unused bits of the pixels. Padding is black.
"""

from dataclasses import dataclass

import numpy as np
from pydicom import Dataset
from pydicom.pixels import pixel_array
from pydicom.uid import RLELossless

from model.imaging.dicom.display_terms import allowed_window_name

_MAX_VOI_OPTIONS = 20  # VOI LUTs and windows of one file; usual are one to three


@dataclass(frozen=True)
class PresentationImage:
    """pixels: float32 (height, width), 0-255, bright = dense; bits stored; windows offered, and which was applied."""

    pixels: np.ndarray
    bits: int
    windows: tuple[str, ...]
    window: int


@dataclass(frozen=True)
class LookupTable:
    """A lookup table: `values[i]` belongs to `first + i`; below and above, the values at its ends."""

    first: int
    values: np.ndarray
    bits: int
    words: str

    def __call__(self, levels: np.ndarray) -> np.ndarray:
        """The entry of each level, float64 (n,)."""
        return self.values[np.clip(np.rint(levels) - self.first, 0, len(self.values) - 1).astype(int)]

    def to_grey(self, levels: np.ndarray) -> np.ndarray:
        """Grey 0-255 of each level."""
        return self(levels) * 255 / (2**self.bits - 1)


@dataclass(frozen=True)
class VoiWindow:
    """A window by its VOI LUT Function, PS3.3 C.11.2.1.2 and C.11.2.1.3."""

    centre: float
    width: float
    function: str
    words: str

    def to_grey(self, levels: np.ndarray) -> np.ndarray:
        """Grey 0-255 of each level."""
        if self.function == "SIGMOID":
            share = 1 / (1 + np.exp(np.clip(-4 * (levels - self.centre) / self.width, -700, 700)))
        elif self.function == "LINEAR_EXACT":
            share = (levels - self.centre) / self.width + 0.5
        else:
            share = (levels - (self.centre - 0.5)) / max(self.width - 1, 1e-9) + 0.5
        return 255 * np.clip(share, 0, 1)


def apply_presentation(dataset: Dataset, window: int) -> PresentationImage:
    """Decode and present a file whose tags `model.imaging.dicom.read` has checked.

    Raises:
        IndexError: the file offers no such window. Anything at all: damaged.
    """
    compressed = dataset.file_meta.TransferSyntaxUID.is_encapsulated
    plugin = "gdcm" if compressed and dataset.file_meta.TransferSyntaxUID != RLELossless else ""
    stored = pixel_array(dataset, decoding_plugin=plugin)
    bits, signed = int(dataset.BitsStored), bool(dataset.PixelRepresentation)
    least, most = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    # A compressed stream may hold more bits than the file says.
    levels = np.arange(min(least, int(stored.min())), max(most, int(stored.max())) + 1)
    padding = _padding_levels(dataset, levels, signed)
    values = apply_modality_lut(dataset, levels, signed)
    choices = voi_options(dataset, values)
    if choices:
        grey = choices[window].to_grey(values)
    else:
        as_stored = bits <= 8 and (values == levels).all()  # as in PNG and JPEG
        grey = _stretch(values, padding | True if as_stored else _used_levels(stored, levels) & ~padding)
    if is_inverted(dataset):
        grey = 255 - grey
    grey[padding] = 0
    pixels = _look_up(grey.astype(np.float32), stored, levels)
    return PresentationImage(pixels, bits, tuple(choice.words for choice in choices), window)


def apply_modality_lut(dataset: Dataset, levels: np.ndarray, signed: bool) -> np.ndarray:
    """What the modality's own table or rescale makes of stored values: float64 (n,)."""
    if tables := dataset.get("ModalityLUTSequence"):
        return _lookup_table(dataset, tables[0], signed)(levels)
    slope, intercept = (
        float(_first_value(dataset, "RescaleSlope", 1)),
        float(_first_value(dataset, "RescaleIntercept", 0)),
    )
    if not (np.isfinite(slope * intercept) and slope):
        raise ValueError("rescale")
    return levels * slope + intercept


def voi_options(dataset: Dataset, values: np.ndarray) -> list[LookupTable | VoiWindow]:
    """What the file offers to be shown by: its VOI LUTs, then its windows; those that make no sense are left out."""
    items = dataset.get("VOILUTSequence") or []
    tables = [_lookup_table(dataset, item, values.min() < 0, number) for number, item in enumerate(items, start=1)]
    function = str(dataset.get("VOILUTFunction") or "LINEAR").strip().upper()
    centres, widths, words = (
        _values(dataset, f"Window{name}") for name in ("Center", "Width", "CenterWidthExplanation")
    )
    windows = []
    for number, (centre, width) in enumerate(zip(map(float, centres), map(float, widths), strict=False)):
        if np.isfinite(centre) and np.isfinite(width) and (width >= 1 or (width > 0 and function != "LINEAR")):
            name = allowed_window_name(words[number] if number < len(words) else "")
            sizes = f"centre {centre:g}, width {width:g}"
            windows.append(VoiWindow(centre, width, function, f"{name} ({sizes})" if name else f"Window, {sizes}"))
    return [*tables, *windows][:_MAX_VOI_OPTIONS]


def is_inverted(dataset: Dataset) -> bool:
    """Whether the lowest value is white."""
    shape = str(dataset.get("PresentationLUTShape") or "").strip().upper()
    return dataset.PhotometricInterpretation == "MONOCHROME1" or shape == "INVERSE"


# Row by row, both: what indexes takes four times the memory of what is indexed.
def _used_levels(stored: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Which levels occur in the picture: bool (n,)."""
    used = np.zeros(len(levels), bool)
    for row in stored:
        used[row - levels[0]] = True
    return used


def _look_up(grey: np.ndarray, stored: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The picture, float32 (height, width), by the grey of each level."""
    pixels = np.empty(stored.shape, np.float32)
    for row, values in zip(pixels, stored, strict=True):
        np.take(grey, values - levels[0], out=row)
    return pixels


def _stretch(values: np.ndarray, in_use: np.ndarray) -> np.ndarray:
    """Grey 0-255 of each value, from the least to the largest that is in use."""
    least, most = (values[in_use].min(), values[in_use].max()) if in_use.any() else (0, 0)
    return 255 * np.clip((values - least) / max(most - least, 1e-9), 0, 1)


def _padding_levels(dataset: Dataset, levels: np.ndarray, signed: bool) -> np.ndarray:
    """Which levels are padding (PS3.3 C.7.5.1.1.2): bool (n,)."""
    first = _first_value(dataset, "PixelPaddingValue", None)
    if first is None:
        return np.zeros(len(levels), bool)
    ends = [_with_sign(int(end), signed) for end in (first, _first_value(dataset, "PixelPaddingRangeLimit", first))]
    return (levels >= min(ends)) & (levels <= max(ends))


def _lookup_table(dataset: Dataset, item: Dataset, signed: bool, number: int = 1) -> LookupTable:
    """A LUT of PS3.3 C.11.1.1 or C.11.2.1.1, by its number; `signed`: the values that go in may be negative."""
    count, first, bits = (int(number) for number in item.LUTDescriptor)
    count = count % 2**16 or 2**16  # negative where an implicit file takes it for signed
    data = item.LUTData
    if isinstance(data, bytes):
        little = dataset.original_encoding[1] is not False
        # Tables of 8 bits come as bytes or, just as often, in words.
        data = np.frombuffer(data, np.uint8 if len(data) in (count, count + 1) else "<u2" if little else ">u2")
    values = np.asarray(data, np.float64)[:count]
    if len(values) != count or not 1 <= bits <= 16:
        raise ValueError("lookup table")
    return LookupTable(_with_sign(first, signed), np.minimum(values, 2**bits - 1), bits, _name(item, number))


def _name(item: Dataset, number: int) -> str:
    name = allowed_window_name(item.get("LUTExplanation"))
    return f"{name} (table)" if name else f"Table {number}"


def _with_sign(value: int, signed: bool) -> int:
    """A 16-bit value with the sign that the pixels have, whichever of the two the file has marked it with."""
    return value - 2**16 if signed and value >= 2**15 else value + 2**16 if not signed and value < 0 else value


def _values(dataset: Dataset, keyword: str) -> list:
    """The values of an element: none, one or several."""
    value = dataset.get(keyword)
    if value is None or value == "":
        return []
    return [value] if isinstance(value, str | int | float) else list(value)


def _first_value(dataset: Dataset, keyword: str, otherwise: float | None) -> float | None:
    values = _values(dataset, keyword)
    return values[0] if values else otherwise
