"""Limit of the check of opacity maps in `model.explanation.reliability`, selected on validation images with boxes.

A reliable map hits: its hottest cell lies in a box that a radiologist drew. Of the measurements, only the one that
separates hits from misses best gets a limit. A weighted sum of all would need more misses than there are, and could not
say in words why a map is unreliable.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from dataset.images import ImageDecoder, decode_image
from dataset.index import LabelledImage
from model.codes import HeatMapWarning
from model.explanation.reliability import HeatMapReliability, ReliabilityLimits, measure_reliability
from model.inference.classifier import Classifier
from model.performance.binary_metrics import Predictions, auc_with_ci
from model.performance.schema import CountedEstimate
from training.calibration.heatmap_thresholds import TARGET_WARNING_RATE
from training.data.loading import read_prepared
from training.data.opacity_boxes import box_area, is_hit

_NAMES = {
    HeatMapWarning.INSIDE_LUNGS: "the share of the map inside the lungs",
    HeatMapWarning.EFFECT: "the effect of masking the marked area on the logit",
    HeatMapWarning.AGREEMENT: "the rank correlation with Grad-CAM",
    HeatMapWarning.PEAK: "the highest probability on the map",
}


@dataclass(frozen=True)
class CheckedMap:
    """Opacity map of one image with boxes.

    Attributes:
        reliability: Measurements of the map.
        is_hit: Whether the hottest cell lies in a box.
        patient: Patient of the image.
    """

    reliability: HeatMapReliability
    is_hit: bool
    patient: str


def select_opacity_map_limits(
    classifier: Classifier, records: Sequence[LabelledImage], decoder: ImageDecoder = decode_image
) -> ReliabilityLimits | None:
    """Select the limit of the check of opacity maps.

    Args:
        classifier: Classifier with an opacity map and its contour.
        records: Validation images. Those with boxes and a marked area are used.
        decoder: Decodes the images.

    Returns:
        See `limits_of`.
    """
    checked = []
    annotated = [record for record in records if record.opacities]
    for record in tqdm(annotated, desc="opacity-map limits", unit="image", leave=False):
        inference = classifier.infer_working(read_prepared(record, decoder).working)
        opacity_map, reliability = inference.output.opacity_map, measure_reliability(classifier, inference)
        if opacity_map is not None and reliability:
            region = classifier.release.input_region.box(inference.lungs)
            hit = is_hit(opacity_map, region, box_area(record))
            checked.append(CheckedMap(reliability, hit, record.patient))
    return limits_of(checked)


def limits_of(checked: Sequence[CheckedMap]) -> ReliabilityLimits | None:
    """Return the limit of the measurement that separates hits from misses best.

    Its limit is the highest at which at most TARGET_WARNING_RATE of the maps that hit get a warning.

    Returns:
        The limit, with the AUC of all measurements; None if no measurement is better than chance, because the lower
        limit of its 95% confidence interval must exceed 0.5.
    """
    auc = {name.value: _auc(checked, name) for name in HeatMapWarning}
    useful = [name for name in HeatMapWarning if (auc[name]["low"] or 0) > 0.5]
    if not useful:
        return None
    best = max(useful, key=lambda name: auc[name]["value"])
    hits, misses = (_values([each for each in checked if each.is_hit is hit], best) for hit in (True, False))
    limit = float(np.sort(hits)[math.floor(TARGET_WARNING_RATE * len(hits) + 1e-9)])
    estimate = auc[best]
    rationale = (
        f"Of {len(checked)} validation images with boxes of radiologists and a marked area, the hottest cell lies in a "
        f"box in {sum(each.is_hit for each in checked)}. Of {len(_NAMES)} measurements, {_NAMES[best]} separates these "
        f"best from the others (AUC {estimate['value']:.2f}, 95% confidence interval {estimate['low']:.2f} to "
        f"{estimate['high']:.2f}, on the same images). The limit causes a warning for {np.mean(hits < limit):.0%} of "
        f"the maps that hit and {np.mean(misses < limit):.0%} of those that miss."
    )
    limits: dict[str, float | None] = {name.value: None for name in HeatMapWarning} | {best.value: limit}
    return ReliabilityLimits(**limits, rationale=rationale, auc=auc)


def _auc(checked: Sequence[CheckedMap], name: HeatMapWarning) -> CountedEstimate:
    """Return the AUC of a measurement for hit against miss, over the images for which it is defined."""
    defined = [each for each in checked if getattr(each.reliability, name) is not None]
    hits = np.array([each.is_hit for each in defined], int)
    if len(set(hits.tolist())) < 2:
        return {"n": len(defined), "value": None, "low": None, "high": None}
    _, ranks = np.unique(_values(defined, name), return_inverse=True)
    patients = np.array([each.patient for each in defined], str)
    ranking = auc_with_ci(Predictions(hits, ranks / len(ranks), patients))
    return {"n": ranking["n"], **ranking["auc"]}


def _values(checked: Sequence[CheckedMap], name: HeatMapWarning) -> np.ndarray:
    """Return the values of a measurement that are defined, float (n,)."""
    values = (getattr(each.reliability, name) for each in checked)
    return np.array([value for value in values if value is not None], float)
