"""Intensity normalisation, so that a radiograph's exposure, window and gamma do not change its reading."""

from enum import StrEnum

import numpy as np

LOW_PERCENTILE, HIGH_PERCENTILE = 1.0, 99.0
MIN_SPAN = 8.0  # grey levels between the two percentiles; stretching a smaller span would only amplify noise
MEDIAN = 0.5  # of the normalised image, unless this needs a gamma outside the limits
MIN_GAMMA, MAX_GAMMA = 0.4, 2.5


class Intensity(StrEnum):
    """Normalisation of a network input; the values are those in model.json."""

    UNCHANGED = "unchanged"
    RANGE = "range"  # black and white point
    RANGE_AND_MEDIAN = "range and median"


def normalise_intensity(pixels: np.ndarray, method: Intensity) -> np.ndarray:
    """Normalise the intensity of a network input with robust statistics.

    Args:
        pixels: float32 (rows, columns), 0-255: the region that the network sees.
        method: RANGE maps the 1st and 99th percentiles to black and white. RANGE_AND_MEDIAN also applies the gamma that
            maps the median to MEDIAN, limited to MIN_GAMMA-MAX_GAMMA.

    Returns:
        float32 (rows, columns), 0-255.
    """
    if method is Intensity.UNCHANGED:
        return pixels
    low, median, high = np.percentile(pixels, (LOW_PERCENTILE, 50.0, HIGH_PERCENTILE)).astype(np.float32)
    span = np.maximum(high - low, np.float32(MIN_SPAN))
    scaled = np.clip((pixels - low) / span, 0, 1)
    if method is Intensity.RANGE_AND_MEDIAN:
        scaled **= _gamma(float((median - low) / span))
    normalised: np.ndarray = scaled * np.float32(255)
    return normalised


def _gamma(median: float) -> np.float32:
    """Return the gamma that maps a median, 0-1, to MEDIAN, limited to MIN_GAMMA-MAX_GAMMA."""
    if not 0 < median < 1:
        return np.float32(1)
    return np.float32(np.clip(np.log(MEDIAN) / np.log(median), MIN_GAMMA, MAX_GAMMA))
