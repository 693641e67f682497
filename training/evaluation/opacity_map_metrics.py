"""Agreement of the opacity map with boxes that radiologists drew, and with the lungs."""

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from dataset.index import LabelledImage
from model.explanation.reliability import evidence_share_in_lungs
from model.imaging.geometry import RelativeBox
from model.inference.lung_segmentation import LungMask
from training.data.opacity_boxes import box_area, iou, is_hit, upsample_to_mask

CONTOUR = 0.5  # probability of an opacity on the contour


class BoxAgreement(TypedDict):
    """Mean over images with boxes.

    `pointing` is the share of images whose hottest cell lies in a box, `area` the share of the image that boxes cover,
    which is what a random point would hit, and `overlap` the intersection over union of contour and boxes.
    """

    n: int
    pointing: float
    area: float
    overlap: float


def agreement_with_boxes(
    records: Sequence[LabelledImage], maps: np.ndarray, regions: Sequence[RelativeBox]
) -> BoxAgreement:
    """Compare opacity maps with the boxes of the images that have any.

    Args:
        records: Images.
        maps: Probability of an opacity in each cell, float (n, rows, columns), 0-1.
        regions: Part of each image that its map covers.
    """
    hits, areas, overlaps = [], [], []
    for record, opacity_map, region in zip(records, maps, regions, strict=True):
        if record.opacities:
            truth = box_area(record)
            hits.append(is_hit(opacity_map, region, truth))
            areas.append(truth.mean())
            overlaps.append(iou(upsample_to_mask(opacity_map, region) >= CONTOUR, truth))
    return {
        "n": len(hits),
        "pointing": float(np.mean(hits)),
        "area": float(np.mean(areas)),
        "overlap": float(np.mean(overlaps)),
    }


def mean_share_in_lungs(maps: np.ndarray, regions: Sequence[RelativeBox], lungs: Sequence[LungMask | None]) -> float:
    """Return the mean share of the opacity probability that lies in the lungs, 0-1, over images with lungs.

    Args:
        maps: Probability of an opacity in each cell, float (n, rows, columns), 0-1.
        regions: Part of each image that its map covers.
        lungs: Lungs of each image.
    """
    shares = [evidence_share_in_lungs(*parts) for parts in zip(maps, regions, lungs, strict=True)]
    return float(np.mean([share for share in shares if share is not None]))
