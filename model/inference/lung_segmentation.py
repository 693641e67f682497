"""Lung segmentation: the lung network, the lung mask and its bounding box."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from model.imaging.geometry import RelativeBox, resize
from model.inference.litert import LiteRTNetwork

OUTPUT = "lung_probability"  # of the lung network: (1, side, side), 0-1
MIN_LUNG_AREA = 0.02  # share of the radiograph; a smaller mask cannot be a pair of lungs
MIN_FIELD_SHARE = 0.1  # share of the area of the largest lung field; smaller fields are specks


@dataclass(frozen=True, eq=False)
class LungMask:
    """The lungs of one radiograph.

    Attributes:
        fields: bool (rows, columns), True on the lungs; covers the whole radiograph.
        box: Bounding box of the lungs.
    """

    fields: np.ndarray
    box: RelativeBox


class LungSegmenter:
    """Segments the lungs with the lung network of a release. Safe to share between threads."""

    def __init__(self, content: bytes, side: int, threads: int | None = None) -> None:
        """Open the network.

        Args:
            content: Bytes of the LiteRT file.
            side: Height and width of the network's input.
            threads: CPU threads per image; None leaves the choice to LiteRT.

        Raises:
            ReleaseIncompatible: The file cannot be opened, or the network's inputs or outputs are not as expected.
        """
        self.side = side
        self._network = LiteRTNetwork(content, side, {OUTPUT: (1, side, side)}, threads)

    def segment(self, image: np.ndarray) -> LungMask | None:
        """Segment the lungs.

        Args:
            image: float32 (any height, any width), 0-255, bright = dense.

        Returns:
            The lung mask; None if no lungs were found.

        Raises:
            ReleaseIncompatible: The network returned a value that is not finite.
        """
        return lungs_from_probability(self.probability_map(image))

    def probability_map(self, image: np.ndarray) -> np.ndarray:
        """Return the lung probability of an image, float32 (side, side), 0-1.

        Args:
            image: float32 (any height, any width), 0-255, bright = dense.

        Raises:
            ReleaseIncompatible: The network returned a value that is not finite.
        """
        network_input = resize(image, self.side, self.side)[np.newaxis, :, :, np.newaxis]
        return self._network(network_input)[OUTPUT]


def lungs_from_probability(probability: np.ndarray) -> LungMask | None:
    """Return the lungs for a lung probability map, float (rows, columns), 0-1; None if no lungs were found."""
    fields = lung_mask(probability)
    box = lung_box(fields)
    return LungMask(fields, box) if box else None


def lung_mask(probability: np.ndarray) -> np.ndarray:
    """Threshold a lung probability map at 0.5 and remove specks.

    Args:
        probability: float (rows, columns), 0-1.

    Returns:
        bool (rows, columns).
    """
    components, count = ndimage.label(probability >= 0.5)
    if count == 0:
        return np.zeros(probability.shape, bool)
    sizes = np.bincount(components.ravel())
    sizes[0] = 0  # background
    is_lung = sizes >= MIN_FIELD_SHARE * sizes.max()
    mask: np.ndarray = is_lung[components]
    return mask


def lung_box(fields: np.ndarray) -> RelativeBox | None:
    """Return the bounding box of a lung mask, bool (rows, columns); None if the mask is too small to be lungs."""
    if fields.mean() < MIN_LUNG_AREA:
        return None
    rows, columns = np.flatnonzero(fields.any(axis=1)), np.flatnonzero(fields.any(axis=0))
    height, width = fields.shape
    edges = columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height
    return RelativeBox(*map(float, edges))
