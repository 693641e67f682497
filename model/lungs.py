"""Where the lungs lie: from a lung field map to the box that holds them."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

LEAST_SHARE = 0.1  # of the largest field: smaller ones are specks, the second lung is not


@dataclass(frozen=True)
class LungBox:
    """Edges of the lungs' box as shares (0-1) of the radiograph's width and height; left < right, top < bottom."""

    left: float
    top: float
    right: float
    bottom: float


def lung_fields(probability: np.ndarray) -> np.ndarray:
    """The lung fields of a map of lung probability.

    Args:
        probability: float (rows, columns), 0-1.

    Returns:
        bool (rows, columns): probability of at least a half, specks removed.
    """
    labels, count = ndimage.label(probability >= 0.5)
    if count == 0:
        return np.zeros(probability.shape, bool)
    sizes = np.bincount(labels.ravel())[1:]
    kept = 1 + np.flatnonzero(sizes >= LEAST_SHARE * sizes.max())
    return np.isin(labels, kept)


def lung_box(fields: np.ndarray) -> LungBox | None:
    """The box of the lung fields, bool (rows, columns); None where there are none."""
    if not fields.any():
        return None
    rows, columns = np.flatnonzero(fields.any(axis=1)), np.flatnonzero(fields.any(axis=0))
    height, width = fields.shape
    return LungBox(columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height)
