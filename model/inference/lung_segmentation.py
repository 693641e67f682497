"""Where the lungs lie: the lung network, its map of lung fields, and the box that holds them."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from model.imaging.geometry import RelativeBox, resize
from model.inference.litert import LiteRTNetwork

OUTPUT = "lung_probability"  # of the lung network: (1, side, side), 0-1
MIN_LUNG_AREA = 0.02  # of the radiograph: what is smaller is no pair of lungs
MIN_FIELD_SHARE = 0.1  # of the largest field: smaller ones are specks, the second lung is not


@dataclass(frozen=True, eq=False)
class LungMask:
    """The lungs of one radiograph: fields bool (rows, columns), covering all of it, and the box that holds them."""

    fields: np.ndarray
    box: RelativeBox


class LungSegmenter:
    """Finds the lungs with the release's lung network; safe to share between threads."""

    def __init__(self, content: bytes, side: int, threads: int | None = None):
        """Open the network; `side` is the height and width of the picture it takes.

        Raises:
            ReleaseMismatch: it cannot be opened, or takes or gives anything else.
        """
        self.side = side
        self._network = LiteRTNetwork(content, side, {OUTPUT: (1, side, side)}, threads)

    def segment(self, picture: np.ndarray) -> LungMask | None:
        """The lungs in a picture, float32 (any height, any width), 0-255, bright = dense; None where there are none.

        Raises:
            ReleaseMismatch: the network gave no number.
        """
        return lungs_from_probability(self.probability_map(picture))

    def probability_map(self, picture: np.ndarray) -> np.ndarray:
        """The map of lung probability of such a picture: float32 (side, side), 0-1.

        Raises:
            ReleaseMismatch: the network gave no number.
        """
        small = resize(picture, self.side, self.side)[np.newaxis, :, :, np.newaxis]
        return self._network(small)[OUTPUT]


def lungs_from_probability(probability: np.ndarray) -> LungMask | None:
    """The lungs of a map of lung probability, float (rows, columns), 0-1; None where there are none."""
    fields = lung_mask(probability)
    box = lung_box(fields)
    return LungMask(fields, box) if box else None


def lung_mask(probability: np.ndarray) -> np.ndarray:
    """The lung fields of a map of lung probability.

    Args:
        probability: float (rows, columns), 0-1.

    Returns:
        bool (rows, columns): probability of at least a half, specks removed.
    """
    labels, count = ndimage.label(probability >= 0.5)
    if count == 0:
        return np.zeros(probability.shape, bool)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0  # what is no field
    return (sizes >= MIN_FIELD_SHARE * sizes.max())[labels]


def lung_box(fields: np.ndarray) -> RelativeBox | None:
    """The box of the lung fields, bool (rows, columns); None where they are too small to be lungs."""
    if fields.mean() < MIN_LUNG_AREA:
        return None
    rows, columns = np.flatnonzero(fields.any(axis=1)), np.flatnonzero(fields.any(axis=0))
    height, width = fields.shape
    edges = columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height
    return RelativeBox(*map(float, edges))
