"""Comparison of a map with boxes that radiologists drew around opacities."""

import numpy as np

from dataset.index import LabelledImage
from model.explanation.heatmap import peak_position, upsample_to_image
from model.imaging.geometry import RelativeBox
from training.data.samples import MASK_SIDE, rasterise


def box_area(record: LabelledImage) -> np.ndarray:
    """Return the union of the boxes of an image, bool (MASK_SIDE, MASK_SIDE)."""
    return rasterise(record.opacities or ()) >= 128


def upsample_to_mask(opacity_map: np.ndarray, region: RelativeBox) -> np.ndarray:
    """Upsample an opacity map to the size of a mask.

    Args:
        opacity_map: Probability of an opacity in each cell, float (rows, columns), 0-1.
        region: Part of the image that the map covers.

    Returns:
        float32 (MASK_SIDE, MASK_SIDE), 0-1; 0 outside the region.
    """
    return upsample_to_image(opacity_map, region, MASK_SIDE, MASK_SIDE)


def is_hit(opacity_map: np.ndarray, region: RelativeBox, truth: np.ndarray) -> bool:
    """Return whether the hottest cell of a map lies in a box (pointing game, Zhang et al. 2016).

    Args:
        opacity_map: Probability of an opacity in each cell, float (rows, columns), 0-1.
        region: Part of the image that the map covers.
        truth: See `box_area`.
    """
    position = peak_position(opacity_map, region)
    return position is not None and bool(truth[tuple(int(share * MASK_SIDE) for share in position)])


def iou(first: np.ndarray, second: np.ndarray) -> float:
    """Return the intersection over union of two areas, bool arrays of the same shape; 0 if both are empty."""
    union = (first | second).sum()
    return float((first & second).sum() / union) if union else 0.0
