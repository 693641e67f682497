"""Accuracy of the lung segmentation against manual masks."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dataset.index import LabelledImage
from model.imaging.geometry import RelativeBox
from model.imaging.preprocessing import WORKING_SIDE
from model.inference.lung_segmentation import LungMask, LungSegmenter, lung_box
from training.data.loading import load_images
from training.data.lung_masks import images_with_mask, load_masks


def segmentation_metrics(segmenter: LungSegmenter, records: Sequence[LabelledImage], masks: Path) -> dict:
    """Dice coefficient and error of the lung box on those of the pictures that have a mask.

    Returns:
        n and patients; mean, median and 5th percentile of Dice; mean and 95th percentile of the largest error of the
        four edges, as a share of the side (null where no lungs were found); of how many none were found.
    """
    drawn_of = images_with_mask(records, masks)
    drawn = load_masks(drawn_of, masks, segmenter.side)[..., 0] >= 128
    pictures = load_images(drawn_of, WORKING_SIDE, "pictures with a mask")[..., 0].astype(np.float32)
    return {"n": len(drawn_of), "patients": len({r.patient for r in drawn_of})} | compare_masks(
        [segmenter.segment(picture) for picture in pictures], drawn
    )


def compare_masks(found: Sequence[LungMask | None], drawn: np.ndarray) -> dict:
    """What `segmentation_metrics` tells of the lungs found in pictures whose fields people drew, bool (n, rows, columns)."""
    fields = np.stack([one.fields if one else np.zeros(drawn.shape[1:], bool) for one in found])
    areas = fields.sum(axis=(1, 2)) + drawn.sum(axis=(1, 2))
    overlap = 2 * (fields & drawn).sum(axis=(1, 2)) / np.maximum(areas, 1)
    boxes = [(one and one.box, lung_box(true)) for one, true in zip(found, drawn, strict=True)]
    errors = [_edge_error(box, true) for box, true in boxes if box and true]
    return {
        "dice": {"mean": float(overlap.mean()), "median": float(np.median(overlap)), "p05": _quantile(overlap, 0.05)},
        "box_error": {"mean": float(np.mean(errors)), "p95": _quantile(errors, 0.95)} if errors else None,
        "not_found": sum(one is None for one in found),
    }


def _edge_error(found: RelativeBox, true: RelativeBox) -> float:
    return max(abs(getattr(found, e) - getattr(true, e)) for e in ("left", "top", "right", "bottom"))


def _quantile(values: Sequence[float], q: float) -> float:
    return float(np.quantile(values, q))
