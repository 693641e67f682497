"""Samples of PNG and JPEG files: decode them with Pillow, convert them to grey, and measure their colour."""

import io
from typing import NamedTuple

import numpy as np
from PIL import Image

_LUMA = (299, 587, 114)  # thousandths of red, green, blue (ITU-R BT.601-7, 2.5.1); whole numbers, so sums are exact
_COLOUR_SIDE = 128  # minimum number of pixels along the shorter side that colourfulness is computed from
_MAX_ASPECT = 10  # ratio of the sides above which the longer one is sampled less densely; no radiograph exceeds it
_ROWS_PER_BLOCK = 64  # rows converted at a time, so that temporary arrays stay in the processor's cache


class StoredImage(NamedTuple):
    """An image as stored in a file.

    Attributes:
        grey: float32 (height, width), 0-255.
        bits: Significant bits per sample.
        orientation: Exif orientation, 1-8, which has not been applied yet.
        colourfulness: See `colourfulness`.
        range_is_guess: Whether the sample value that is white was estimated from the samples.
    """

    grey: np.ndarray
    bits: int
    orientation: int
    colourfulness: float
    range_is_guess: bool = False


def decode_samples(stripped: bytes, source_format: str, raw_mode: str | None = None) -> np.ndarray:
    """Decode a stripped file with Pillow.

    Args:
        stripped: The file; see `model.imaging.file_formats`.
        source_format: Format of the file; Pillow tries no other.
        raw_mode: Which bytes Pillow reads, and into which channels; None leaves the choice to Pillow.

    Returns:
        uint8 or uint16 (height, width, channels).
    """
    with Image.open(io.BytesIO(stripped), formats=(source_format,)) as image:
        if raw_mode:
            image.tile = [tile._replace(args=raw_mode) for tile in image.tile]
        image.load()
        samples = np.asarray(image.convert("L") if image.mode == "1" else image)
    return samples if samples.ndim == 3 else samples[..., np.newaxis]


def to_grey(samples: np.ndarray, white: int) -> np.ndarray:
    """Convert samples to grey, composed over black.

    Args:
        samples: uint8 or uint16 (height, width, channels): 1 grey; 2 grey, alpha; 3 RGB; 4 RGB, alpha.
        white: Sample value that maps to 255.

    Returns:
        float32 (height, width), 0-255.
    """
    channels = samples.shape[-1]
    if channels == 1:
        grey = samples[..., 0].astype(np.float32)
        return grey if white == 255 else np.divide(np.multiply(grey, 255, out=grey), white, out=grey)  # 16 + 8 bits fit
    exact: np.dtype = np.dtype(np.float32 if samples.dtype == np.uint8 else np.float64)  # holds weighted sums exactly
    weights = np.array(_LUMA if channels >= 3 else (1000,), exact)
    grey = np.empty(samples.shape[:2], np.float32)
    for top in range(0, len(samples), _ROWS_PER_BLOCK):
        block = samples[top : top + _ROWS_PER_BLOCK].astype(exact)
        value = block[..., : len(weights)] @ weights / (1000 * white / 255)
        if channels in (2, 4):
            value *= block[..., -1] / np.iinfo(samples.dtype).max
        grey[top : top + _ROWS_PER_BLOCK] = value
    return grey


def colourfulness(samples: np.ndarray, white: int) -> float:
    """Measure how colourful an image is (Hasler and Suesstrunk 2003, Measuring colourfulness in natural images).

    The measure uses every n-th pixel, because ten thousand pixels are enough. The long side of a narrow image is
    sampled less densely; otherwise all pixels would be used.

    Args:
        samples: uint8 or uint16 (height, width, channels); the first three of three or four are red, green, blue.
        white: Largest possible sample value.

    Returns:
        0 if grey, about 15 if slightly and 33 if moderately colourful (section 7 of the paper).
    """
    if samples.shape[-1] < 3:
        return 0.0
    height, width = samples.shape[:2]
    step = max(1, min(height, width) // _COLOUR_SIDE)
    row_step, column_step = (max(step, side // (_MAX_ASPECT * _COLOUR_SIDE)) for side in (height, width))
    red, green, blue = np.moveaxis(samples[::row_step, ::column_step, :3] * (255 / white), -1, 0)
    opponent = np.stack([red - green, (red + green) / 2 - blue]).reshape(2, -1)
    return float(np.hypot(*opponent.std(axis=1)) + 0.3 * np.hypot(*opponent.mean(axis=1)))
