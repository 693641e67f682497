"""Contour of the opacity map, selected on validation images with boxes that radiologists drew."""

from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from dataset.images import ImageDecoder, decode_image
from dataset.index import LabelledImage
from model.errors import TrainingError
from model.inference.classifier import Classifier
from training.data.loading import read_prepared
from training.data.opacity_boxes import box_area, iou, upsample_to_mask

CANDIDATES = np.round(np.arange(0.05, 0.96, 0.01), 2)  # probabilities of an opacity


def select_opacity_contour(
    classifier: Classifier, records: Sequence[LabelledImage], decoder: ImageDecoder = decode_image
) -> tuple[float, str]:
    """Select the probability at which the contour of the opacity map agrees best with radiologists' boxes.

    Args:
        classifier: Classifier whose network has an opacity map.
        records: Validation images. Those with boxes are used.
        decoder: Decodes the images.

    Returns:
        The candidate with the highest mean intersection over union of the area inside the contour and the union of the
        boxes (the lowest of equal candidates), and one sentence that says how it was selected.

    Raises:
        TrainingError: No image has boxes.
    """
    annotated = [record for record in records if record.opacities]
    if not annotated:
        raise TrainingError(
            "The network has an opacity map, but no validation image has boxes of opacities. Package it with the data "
            "set of adults that it was trained on."
        )
    overlaps = [
        _overlap_by_candidate(classifier, record, decoder)
        for record in tqdm(annotated, "opacity contour", unit="image", leave=False)
    ]
    mean_overlap = np.mean(overlaps, axis=0)
    best = int(mean_overlap.argmax())
    rationale = (
        f"Probability with the highest mean overlap (IoU {mean_overlap[best]:.2f}) of the area inside the contour and "
        f"the boxes of radiologists, on {len(annotated)} validation images with boxes."
    )
    return float(CANDIDATES[best]), rationale


def _overlap_by_candidate(classifier: Classifier, record: LabelledImage, decoder: ImageDecoder) -> list[float]:
    """Return the intersection over union of contour and boxes for each candidate."""
    inference = classifier.infer_working(read_prepared(record, decoder).working)
    opacity_map = inference.output.opacity_map
    if opacity_map is None:
        raise ValueError("the network has no opacity map")
    probability = upsample_to_mask(opacity_map, classifier.release.input_region.box(inference.lungs))
    truth = box_area(record)
    return [iou(probability >= candidate, truth) for candidate in CANDIDATES]
