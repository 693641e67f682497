"""Admissible versions of a radiograph: framed, exposed and processed as another hospital might."""

import numpy as np
from PIL import Image

from model.imaging.geometry import RelativeBox
from training.data.augmentation import Augmenter

# Limits of a different exposure.
MAX_BLACK, MAX_WHITE = 4, 40  # percent of the pixels that are clipped; the lungs are among the darker ones
MAX_LOG_GAMMA = 0.9
MIN_RANGE = 36  # grey values from black to white


def reframe(pixels: np.ndarray, lung_box: RelativeBox | None, rng: np.random.Generator) -> np.ndarray:
    """Frame, expose and process an image differently. The lungs remain complete.

    Args:
        pixels: uint8 (height, width).
        lung_box: Bounding box of the lungs; None if there are none.
        rng: Source of randomness.

    Returns:
        uint8 (height, width).
    """
    height, width = pixels.shape
    image = Image.fromarray(pixels)
    if rng.random() < 0.4:
        image = image.rotate(rng.uniform(-10, 10), Image.Resampling.BILINEAR)
    if rng.random() < 0.4 and lung_box:
        box = lung_box.expanded(0.03)
        left, top = rng.uniform(0, box.left), rng.uniform(0, box.top)
        right, bottom = rng.uniform(box.right, 1), rng.uniform(box.bottom, 1)
        image = image.crop((round(left * width), round(top * height), round(right * width), round(bottom * height)))
    if rng.random() < 0.4:
        borders = [tuple(rng.integers(0, side // 6, size=2)) for side in (image.height, image.width)]
        image = Image.fromarray(np.pad(np.asarray(image), borders, constant_values=rng.choice([0, 0, 0, 255])))
    reframed = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
    if rng.random() < 0.5:
        return expose_differently(reframed, rng)
    return Augmenter().perturb_appearance(reframed, rng)


def expose_differently(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Change window, gamma, contrast and brightness within limits in which the radiograph can still be read.

    Args:
        pixels: uint8 (height, width).
        rng: Source of randomness.

    Returns:
        uint8 (height, width), with a range of MIN_RANGE grey values or more.
    """
    percentiles = MAX_BLACK * rng.random(), 100 - MAX_WHITE * rng.random() ** 2  # strong clipping is rarer
    low, high = np.percentile(pixels, percentiles).astype(np.float32)
    windowed = np.clip((pixels - low) / max(high - low, 1), 0, 1)
    grey = windowed ** np.float32(np.exp(rng.uniform(-MAX_LOG_GAMMA, MAX_LOG_GAMMA)))
    grey_range = np.exp(rng.uniform(np.log(MIN_RANGE), np.log(255)))
    exposed: np.ndarray = (rng.uniform(0, 255 - grey_range) + grey_range * grey).round().astype(np.uint8)
    return exposed
