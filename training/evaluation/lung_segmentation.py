"""Accuracy of the lung segmentation compared with manual masks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dataset.images import ImageDecoder, decode_image
from dataset.index import LabelledImage
from model.imaging.geometry import RelativeBox
from model.imaging.preprocessing import WORKING_SIDE
from model.inference.lung_segmentation import LungMask, LungSegmenter, lung_box
from training.data.loading import load_images
from training.data.lung_masks import images_with_mask, load_masks


def segmentation_metrics(
    segmenter: LungSegmenter,
    records: Sequence[LabelledImage],
    masks: Path,
    decoder: ImageDecoder = decode_image,
) -> dict[str, Any]:
    """Segment the images that have a manual mask, and compare each result with that mask.

    Args:
        segmenter: Lung segmentation to measure.
        records: Images. Those without a mask are left out.
        masks: Folder with the masks.
        decoder: Decodes the images.

    Returns:
        See `model.performance.schema.LungMetrics`.

    Raises:
        TrainingError: No image has a mask, or a file cannot be read.
    """
    masked_records = images_with_mask(records, masks)
    manual_masks = load_masks(masked_records, masks, segmenter.side)[..., 0] >= 128
    images = load_images(masked_records, WORKING_SIDE, "images with a mask", decoder)[..., 0].astype(np.float32)
    counts = {"n": len(masked_records), "patients": len({record.patient for record in masked_records})}
    return counts | compare_masks([segmenter.segment(image) for image in images], manual_masks)


def compare_masks(lungs: Sequence[LungMask | None], manual_masks: np.ndarray) -> dict[str, Any]:
    """Compare predicted and manual lung masks.

    Args:
        lungs: Predicted mask of each image; None if no lungs were found.
        manual_masks: bool (n, rows, columns).

    Returns:
        "dice": mean, median and 5th percentile of the Dice score, 0-1.
        "box_error": mean and 95th percentile of the largest edge error of the lung box, as a share of the image side;
        null if no lungs were found.
        "not_found": number of images in which no lungs were found.
    """
    fields = np.stack([mask.fields if mask else np.zeros(manual_masks.shape[1:], bool) for mask in lungs])
    areas = fields.sum(axis=(1, 2)) + manual_masks.sum(axis=(1, 2))
    dice = 2 * (fields & manual_masks).sum(axis=(1, 2)) / np.maximum(areas, 1)
    boxes = [(mask and mask.box, lung_box(manual)) for mask, manual in zip(lungs, manual_masks, strict=True)]
    errors = [_edge_error(box, manual_box) for box, manual_box in boxes if box and manual_box]
    return {
        "dice": {"mean": float(dice.mean()), "median": float(np.median(dice)), "p05": float(np.quantile(dice, 0.05))},
        "box_error": {"mean": float(np.mean(errors)), "p95": float(np.quantile(errors, 0.95))} if errors else None,
        "not_found": sum(mask is None for mask in lungs),
    }


def _edge_error(box: RelativeBox, manual_box: RelativeBox) -> float:
    """Return the largest distance between corresponding edges."""
    edges = ("left", "top", "right", "bottom")
    return max(abs(float(getattr(box, edge)) - float(getattr(manual_box, edge))) for edge in edges)
