"""Synthetic lung masks."""

import numpy as np


def two_lungs(side: int = 64) -> np.ndarray:
    """Return a lung probability map, float (side, side), for an upright chest: two ellipses."""
    y, x = np.mgrid[0 : 1 : side * 1j, 0 : 1 : side * 1j]
    return np.maximum.reduce([1.0 * (((x - c) / 0.15) ** 2 + ((y - 0.5) / 0.3) ** 2 < 1) for c in (0.3, 0.7)])
