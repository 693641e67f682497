"""Opacity maps of a release, measured per population: agreement with radiologists' boxes, and evidence in the lungs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from dataset.images import ImageDecoder, decode_image
from dataset.index import LabelledImage
from model.explanation.reliability import evidence_share_in_lungs
from model.imaging.geometry import RelativeBox
from model.inference.classifier import Classifier
from model.inference.lung_segmentation import LungMask
from model.performance.binary_metrics import mean_with_ci
from model.performance.schema import BoxHits, CountedEstimate, LungEvidence, OpacityMapMetrics
from training.data.loading import read_prepared
from training.data.opacity_boxes import box_area, iou, is_hit, upsample_to_mask


@dataclass(frozen=True, eq=False)
class MappedImage:
    """Opacity map of one image.

    Attributes:
        record: The labelled image.
        opacity_map: Probability of an opacity in each cell, float (rows, columns), 0-1.
        region: Part of the image that the map covers.
        lungs: Lungs; None if none were found.
        is_marked: Whether a cell is at or above the contour.
    """

    record: LabelledImage
    opacity_map: np.ndarray
    region: RelativeBox
    lungs: LungMask | None
    is_marked: bool


def opacity_map_metrics(
    classifier: Classifier, records: Sequence[LabelledImage], decoder: ImageDecoder = decode_image
) -> OpacityMapMetrics | None:
    """Measure the opacity maps of the images of one population.

    Args:
        classifier: Classifier to measure.
        records: Images of one population and split.
        decoder: Decodes the images.

    Returns:
        Measurements with 95% confidence intervals by patient; None if the release has no opacity map.
    """
    contour = classifier.release.opacity_contour
    if contour is None:
        return None
    images = [
        _map_image(classifier, record, decoder, contour)
        for record in tqdm(records, desc="opacity maps", unit="image", disable=None)
    ]
    ill, normal = ([image for image in images if bool(image.record.target) is target] for target in (True, False))
    return {
        "boxes": box_hits([image for image in images if image.record.opacities], contour),
        "inside_lungs": _evidence_in_lungs([image for image in ill if image.is_marked]),
        "marked_pneumonia": _mean([image.is_marked for image in ill], ill),
        "marked_normal": _mean([image.is_marked for image in normal], normal),
    }


def box_hits(images: Sequence[MappedImage], contour: float) -> BoxHits | None:
    """Compare maps with boxes.

    Args:
        images: Images with boxes.
        contour: Probability of an opacity on the contour, 0-1.

    Returns:
        Agreement; None without images.
    """
    if not images:
        return None
    truths = [box_area(image.record) for image in images]
    pairs = list(zip(images, truths, strict=True))
    overlaps = [iou(upsample_to_mask(image.opacity_map, image.region) >= contour, truth) for image, truth in pairs]
    return {
        "pointing": _mean([is_hit(image.opacity_map, image.region, truth) for image, truth in pairs], images),
        "area": _mean([float(truth.mean()) for truth in truths], images),
        "overlap": _mean(overlaps, images),
    }


def _map_image(classifier: Classifier, record: LabelledImage, decoder: ImageDecoder, contour: float) -> MappedImage:
    inference = classifier.infer_working(read_prepared(record, decoder).working)
    opacity_map = inference.output.opacity_map
    if opacity_map is None:
        raise ValueError("the network has no opacity map")
    region = classifier.release.input_region.box(inference.lungs)
    return MappedImage(record, opacity_map, region, inference.lungs, bool((opacity_map >= contour).any()))


def _evidence_in_lungs(images: Sequence[MappedImage]) -> LungEvidence:
    """Return the mean shares of the probability and of the area of the map that are inside the lungs."""
    located = [image for image in images if image.lungs]
    uniform = np.ones((1, 1))
    evidence, area = (
        [evidence_share_in_lungs(uniform if is_uniform else i.opacity_map, i.region, i.lungs) for i in located]
        for is_uniform in (False, True)
    )
    return {"evidence": _mean(evidence, located), "area": _mean(area, located)}


def _mean(values: Sequence[float | None], images: Sequence[MappedImage]) -> CountedEstimate:
    patients = np.array([image.record.patient for image in images], str)
    return mean_with_ci(np.array(values, float), patients)
