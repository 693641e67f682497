"""Modality and VOI transformations of a DICOM file: lookup tables, rescale and windows (PS3.3 C.11.1 and C.11.2).

Runs in the worker process only. What a file declares but is not valid is left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
from pydicom import Dataset

from model.imaging.dicom.display_terms import allowed_window_name
from model.imaging.dicom.numbers import numbers
from model.imaging.dicom.stored_values import as_signed

_MAX_VOI_OPTIONS = 20  # VOI LUTs and windows of one file; one to three are usual
_MAX_MISSING_SHARE = 0.01  # of the entries of a table; the last entry replaces those that are missing


@dataclass(frozen=True)
class LookupTable:
    """A lookup table: input `first + i` maps to `values[i]`; inputs beyond either end map to the value at that end."""

    first: int
    values: np.ndarray
    label: str

    def apply(self, levels: np.ndarray) -> np.ndarray:
        """Look up each level; return float64 (n,)."""
        indices = np.clip(np.rint(levels) - self.first, 0, len(self.values) - 1).astype(int)
        entries: np.ndarray = self.values[indices]
        return entries

    def to_grey(self, levels: np.ndarray) -> np.ndarray:
        """Map each level to grey: float64 (n,), 0-255.

        The largest entry is white, as in other viewers, because the number of bits in the descriptor is often that of
        the memory instead of the values.
        """
        grey: np.ndarray = self.apply(levels) * (255 / self.values.max())
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


VoiOption = LookupTable | VoiWindow


def apply_modality_lut(dataset: Dataset, levels: np.ndarray, signed: bool) -> tuple[np.ndarray, bool]:
    """Apply the modality LUT, or rescale slope and intercept, to stored values.

    Returns:
        float64 (n,), and whether an invalid LUT, slope or intercept was left out.
    """
    if tables := dataset.get("ModalityLUTSequence"):
        table = _lookup_table(dataset, tables[0], signed)
        return (table.apply(levels), False) if table else (levels.astype(np.float64), True)
    slope, intercept = (
        (numbers(dataset, keyword) or [default])[0]
        for keyword, default in (("RescaleSlope", 1), ("RescaleIntercept", 0))
    )
    is_valid = bool(np.isfinite(slope * intercept) and slope)
    return (levels * slope + intercept if is_valid else levels.astype(np.float64)), not is_valid


def voi_options(dataset: Dataset, values: np.ndarray) -> tuple[list[VoiOption], bool]:
    """List the valid VOI LUTs and then the valid windows of a file.

    Args:
        dataset: The file.
        values: Output of the modality LUT for each possible stored value.

    Returns:
        The options, and whether the first one of the file was left out, which a workstation would apply.
    """
    signed = values.min() < 0
    items = enumerate(dataset.get("VOILUTSequence") or [], start=1)
    found = [*(_lookup_table(dataset, item, signed, number) for number, item in items), *_windows(dataset)]
    options = [option for option in found if option]
    return options[:_MAX_VOI_OPTIONS], bool(found) and not found[0]


def _windows(dataset: Dataset) -> Iterator[VoiWindow | None]:
    """Yield each window, or None in place of an invalid one."""
    function = str(dataset.get("VOILUTFunction") or "LINEAR").strip().upper()
    centres, widths = (numbers(dataset, f"Window{name}") for name in ("Center", "Width"))
    explanations = _texts(dataset, "WindowCenterWidthExplanation")
    for number, (centre, width) in enumerate(zip_longest(centres, widths, fillvalue=np.nan)):
        if np.isfinite(centre) and np.isfinite(width) and (width >= 1 or (width > 0 and function != "LINEAR")):
            name = allowed_window_name(explanations[number] if number < len(explanations) else "")
            label = f"centre {centre:g}, width {width:g}"
            yield VoiWindow(centre, width, function, f"{name} ({label})" if name else f"Window, {label}")
        else:
            yield None


def _lookup_table(dataset: Dataset, item: Dataset, signed: bool, number: int = 1) -> LookupTable | None:
    """Read a LUT of PS3.3 C.11.1.1 or C.11.2.1.1; None if it is not valid.

    Args:
        dataset: The file.
        item: Item of the LUT sequence.
        signed: Whether the input values may be negative.
        number: Number of the table in the file, from 1; used in its label if it has no allowed name.
    """
    descriptor, data = numbers(item, "LUTDescriptor"), item.get("LUTData")
    if len(descriptor) != 3 or not np.isfinite(descriptor).all() or not data:
        return None
    # pydicom returns a negative count if an implicit file is read as signed
    count = int(descriptor[0]) % 2**16 or 2**16
    if isinstance(data, bytes):
        little_endian = dataset.original_encoding[1] is not False
        # 8-bit tables are stored as bytes or, just as often, as 16-bit words.
        is_bytes = len(data) <= count + 1
        data = np.frombuffer(
            data if is_bytes else data[: len(data) & -2], np.uint8 if is_bytes else _word(little_endian)
        )
    values = np.atleast_1d(np.asarray(data, np.float64))[:count]
    if len(values) < (1 - _MAX_MISSING_SHARE) * count or values.min() < 0 or values.min() == values.max():
        return None
    name = allowed_window_name(item.get("LUTExplanation"))
    return LookupTable(as_signed(int(descriptor[1]), signed), values, f"{name} (table)" if name else f"Table {number}")


def _word(little_endian: bool) -> str:
    return "<u2" if little_endian else ">u2"


def _texts(dataset: Dataset, keyword: str) -> list[Any]:
    """Return the values of an element as a list; empty if it is absent."""
    value = dataset.get(keyword)
    if value is None or value == "":
        return []
    return [value] if isinstance(value, str) else list(value)
