"""Stored values of a grey image: decode its pixel cells, and find out what each possible cell means.

This is the one place where unused bits are dropped (PS3.5 8.1.1), after every decoder. A cell has at most 16 bits, so
its meaning is computed once for each possible cell and never for each pixel.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    JPEG2000,
    JPEG2000TransferSyntaxes,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSNearLossless,
    RLELossless,
)

from model.errors import FileUnreadable
from model.imaging.dicom.codestream import without_last_comment
from model.imaging.dicom.numbers import first_number
from model.imaging.grey_range import count_levels
from model.messages import MessageCode

OVERLAY_GROUPS = range(0x6000, 0x6020, 2)
OVERLAY_BIT_POSITION = 0x0102  # element of these groups (PS3.3 C.9.2)
_LOSSY = (JPEG2000, JPEGLSNearLossless)  # whose decoder may exceed the range by a little
_MAX_OVERSHOOT_SHARE = 0.01  # of the pixels of a lossy image
_COMPARED_PAIRS = 500_000  # neighbours that are compared in each direction
_MIN_OVERLAY_SHARE = (
    0.9  # of the neighbours that are closer without the unused bits; a wrapped radiograph has below 0.1
)


@dataclass(frozen=True)
class StoredValues:
    """Pixel cells, and the meaning of each possible cell.

    Attributes:
        cells: uint8 or uint16 (height, width), as decoded.
        levels: Stored value of each possible cell: int32 (256,) or (65536,).
        is_padding: Whether a possible cell is padding: bool (256,) or (65536,).
        counts: Number of pixels of each possible cell, in a sample of the image, without padding.
    """

    cells: np.ndarray
    levels: np.ndarray
    is_padding: np.ndarray
    counts: np.ndarray


def read_stored_values(dataset: Dataset) -> StoredValues:
    """Decode a grey image.

    Raises:
        FileUnreadable: The cells have more bits than BitsStored.
        Exception: Any other exception means that the pixel data are damaged.
    """
    cells = decode_cells(dataset)
    bits, signed = int(dataset.BitsStored), bool(dataset.PixelRepresentation)
    possible = np.arange(np.iinfo(cells.dtype).max + 1)
    shift = _unused_low_bits(dataset, cells)
    levels = _with_sign_bit(possible >> shift & (1 << bits) - 1, bits, signed)
    is_padding = _find_padding(dataset, possible, levels, signed)
    counts = np.where(is_padding, 0, count_levels(cells, len(possible)))
    unused = _varying_bits(cells) & ~((1 << bits + shift) - 1) & ~_overlay_bits(dataset)
    if unused and not _is_sign_extended(cells, levels, is_padding, shift):
        full = _with_sign_bit(possible, 8 * cells.itemsize, signed) >> shift
        if _is_overshoot(dataset, full, levels, counts):
            levels = np.clip(full, levels.min(), levels.max())
        elif not _is_overlay(cells, unused, levels << shift, is_padding):
            raise FileUnreadable(MessageCode.BITS_EXCEEDED, bits=bits)
    return StoredValues(cells, levels.astype(np.int32), is_padding, counts)


def decode_cells(dataset: Dataset) -> np.ndarray:
    """Decode pixel data and leave all bits as they are: uint8 or uint16 (height, width) or (height, width, samples)."""
    try:
        cells = _decode(dataset)
    except RuntimeError:  # no decoder could read it
        if dataset.file_meta.TransferSyntaxUID not in JPEG2000TransferSyntaxes:
            raise
        (frame,) = generate_frames(dataset.PixelData, number_of_frames=1)
        dataset.PixelData = encapsulate([without_last_comment(frame)])
        cells = _decode(dataset)
    native = cells.astype(cells.dtype.newbyteorder("="), copy=False)
    return native.view(f"u{native.itemsize}")


def _decode(dataset: Dataset) -> np.ndarray:
    syntax = dataset.file_meta.TransferSyntaxUID
    options: dict[str, Any] = {
        "correct_unused_bits": False,
        "apply_j2k_sign_correction": False,
        "apply_jls_sign_correction": False,
        "allow_excess_frames": False,  # padding after the pixel data is not another frame
    }
    if syntax in (JPEGLossless, JPEGLosslessSV1):  # gdcm would cut off the bits above BitsStored
        options["bits_stored"] = int(dataset.BitsAllocated)
    plugin = "gdcm" if syntax.is_encapsulated and syntax != RLELossless else ""
    cells, _ = get_decoder(syntax).as_array(dataset, raw=True, decoding_plugin=plugin, **options)
    return cells


def _unused_low_bits(dataset: Dataset, cells: np.ndarray) -> int:
    """Return the number of unused bits below the stored ones, by HighBit (PS3.5 8.1.1).

    If the pixels use these bits and not the highest ones, HighBit is wrong.
    """
    bits = int(dataset.BitsStored)
    shift = int(dataset.get("HighBit") or bits - 1) - (bits - 1)
    if not 0 < shift <= 8 * cells.itemsize - bits:
        return 0
    varying = _varying_bits(cells)
    is_aligned_right = varying & (1 << shift) - 1 and not varying >> bits
    return 0 if is_aligned_right else shift


def _with_sign_bit(values: np.ndarray, bits: int, signed: bool) -> np.ndarray:
    """Interpret unsigned values of a number of bits as two's complement if they are signed."""
    return values - (values >> bits - 1 << bits) if signed else values


def _varying_bits(cells: np.ndarray) -> int:
    """Return the bits in which pixels differ."""
    return int(np.bitwise_or.reduce(cells, axis=None) ^ np.bitwise_and.reduce(cells, axis=None))


def _find_padding(dataset: Dataset, possible: np.ndarray, levels: np.ndarray, signed: bool) -> np.ndarray:
    """Find the cells that are padding (PS3.3 C.7.5.1.1.2), by their stored value or by all of their bits."""
    value = first_number(dataset, "PixelPaddingValue")
    if value is None:
        return np.zeros(len(possible), bool)
    limit = first_number(dataset, "PixelPaddingRangeLimit")
    bounds = [as_signed(int(bound), signed) for bound in (value, value if limit is None else limit)]
    full = _with_sign_bit(possible, 8 if len(possible) == 256 else 16, signed)
    is_padding: np.ndarray = np.zeros(len(possible), bool)
    for candidates in (levels, full):
        is_padding |= (candidates >= min(bounds)) & (candidates <= max(bounds))
    return is_padding


def as_signed(value: int, signed: bool) -> int:
    """Return a 16-bit value with the signedness of the pixels, because files often encode it with the other one."""
    if signed and value >= 2**15:
        return value - 2**16
    return value + 2**16 if not signed and value < 0 else value


# --- unused bits above the stored ones, which may contain anything


def _overlay_bits(dataset: Dataset) -> int:
    """Return the bits in which the file says that overlays are embedded (retired in PS3.3, still in use)."""
    bits = 0
    for group in OVERLAY_GROUPS:
        element = dataset.get((group, OVERLAY_BIT_POSITION))
        position = int((element and element.value) or 0)
        bits |= 1 << position if 0 < position < 16 else 0
    return bits


def _is_sign_extended(cells: np.ndarray, levels: np.ndarray, is_padding: np.ndarray, shift: int) -> bool:
    """Return whether the unused bits only repeat the sign."""
    used = np.zeros(len(levels), bool)
    for row in cells:  # an index array takes four times the memory of the image
        used[row] = True
    used &= ~is_padding
    expected = (levels << shift) & len(levels) - 1
    return bool((expected >> shift == np.arange(len(levels)) >> shift)[used].all())


def _is_overshoot(dataset: Dataset, full: np.ndarray, levels: np.ndarray, counts: np.ndarray) -> bool:
    """Return whether lossy compression has pushed a few pixels over the end of the range."""
    exceeding = counts[full != levels].sum()
    is_lossy = dataset.file_meta.TransferSyntaxUID in _LOSSY
    return is_lossy and bool(exceeding <= _MAX_OVERSHOOT_SHARE * counts.sum())


def _is_overlay(cells: np.ndarray, unused: int, levels: np.ndarray, is_padding: np.ndarray) -> bool:
    """Return whether the unused bits are independent of the radiograph, as those of an overlay are.

    If these bits differ between neighbours, the stored values of an image with an overlay hardly do, whereas those of
    an image with more bits than declared, or with undeclared signs, jump from one end of the range to the other.
    """
    whole_cells = np.arange(len(levels)), _with_sign_bit(np.arange(len(levels)), 8 * cells.itemsize, signed=True)
    smooth = changes = 0
    for first, second in _neighbours(cells):
        differs = ((first ^ second) & unused != 0) & ~is_padding[first] & ~is_padding[second]
        first, second = first[differs], second[differs]
        steps = [abs(meaning[first] - meaning[second]) for meaning in (levels, *whole_cells)]
        smooth += int((steps[0] < np.minimum(steps[1], steps[2])).sum())
        changes += len(first)
    return smooth >= _MIN_OVERLAY_SHARE * changes


def _neighbours(cells: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return pairs of neighbours in some rows and in some columns."""
    step = max(1, cells.size // _COMPARED_PAIRS)
    rows, columns = cells[::step], cells[:, ::step]
    return [(rows[:, :-1], rows[:, 1:]), (columns[:-1], columns[1:])]
