"""From a radiograph to what the network sees; training and reading share this code."""

import numpy as np
from PIL import Image

from model.radiograph import Radiograph

# Named in the release, so that a change of method makes an old release refuse instead of reading a little wrong.
RESIZE_METHOD = "bilinear, antialiased, sides independently"


def resize(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize to (height, width), sides independently.

    Args:
        pixels: float32 (any height, any width).
        height: rows wanted.
        width: columns wanted.

    Returns:
        float32 (height, width), in the range of the input; the support of the triangle filter grows with the
        reduction, so that fine detail is averaged and not aliased.
    """
    if pixels.shape == (height, width):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR))


def preprocess(radiograph: Radiograph, height: int, width: int) -> np.ndarray:
    """The network's input: float32 (1, height, width, 1), 0-255, bright = dense."""
    return resize(radiograph.pixels, height, width)[np.newaxis, :, :, np.newaxis]
