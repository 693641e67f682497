"""Grey images that are stored as colour, as many secondary captures are. Runs in the worker process only."""

import numpy as np
from pydicom import Dataset
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import RLELossless

from model.errors import ColourImage
from model.messages import MessageCode

PALETTE = "PALETTE COLOR"
COLOUR_INTERPRETATIONS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT", PALETTE)
_TOLERANCE = 3  # of 255; lossy compression rounds each channel on its own


def is_colour(dataset: Dataset) -> bool:
    """Return whether an image is stored as colour."""
    return dataset.PhotometricInterpretation in COLOUR_INTERPRETATIONS


def grey_from_colour(dataset: Dataset) -> np.ndarray:
    """Decode an image that is stored as colour but is grey: float32 (height, width), 0-255.

    Its red, green and blue are equal, or both of its chrominances are neutral. A codestream may be either, whatever its
    photometric interpretation says.

    Raises:
        ColourImage: The image is in colour.
        Exception: Any other exception means that the file is damaged.
    """
    syntax = dataset.file_meta.TransferSyntaxUID
    has_codestream = syntax.is_encapsulated and syntax != RLELossless
    plugin = "gdcm" if has_codestream else ""
    samples = pixel_array(dataset, raw=True, decoding_plugin=plugin, allow_excess_frames=False)
    white = 2 ** int(dataset.BitsStored) - 1
    if dataset.PhotometricInterpretation == PALETTE:
        samples = apply_color_lut(samples, dataset)
        white = 255 if samples.max() <= 255 else 65535  # 8-bit entries may be stored as 16-bit words
    tolerance = _TOLERANCE * white / 255
    is_ybr, neutral = dataset.PhotometricInterpretation.startswith("YBR"), (white + 1) // 2
    if (has_codestream or not is_ybr) and _largest_range(samples) <= tolerance:
        grey = samples[..., 1]
    elif (has_codestream or is_ybr) and max(_largest_distance(samples[..., n], neutral) for n in (1, 2)) <= tolerance:
        grey = samples[..., 0]
    else:
        raise ColourImage(MessageCode.COLOUR)
    scaled: np.ndarray = np.clip(grey.astype(np.float32) * np.float32(255 / white), 0, 255)
    return scaled


# Both functions work row by row, to save memory.
def _largest_range(samples: np.ndarray) -> int:
    """Return the largest difference between the channels of a pixel."""
    return max(int(np.ptp(row.astype(np.int32), axis=-1).max()) for row in samples)


def _largest_distance(channel: np.ndarray, value: int) -> int:
    """Return the largest distance of a pixel from a value."""
    return max(int(np.abs(row.astype(np.int32) - value).max()) for row in channel)
