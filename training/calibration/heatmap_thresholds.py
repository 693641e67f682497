"""Limits of the checks of class-activation maps in `model.explanation.reliability`, selected on validation images."""

import math
from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from dataset.images import ImageDecoder, decode_image
from dataset.index import LabelledImage
from model.codes import HeatMapWarning
from model.explanation.reliability import HeatMapReliability, ReliabilityLimits, measure_class_activation_map
from model.inference.classifier import Classifier
from model.inference.decision import Verdict
from training.data.loading import draw_sample, read_prepared

TARGET_WARNING_RATE = 0.1  # maximum share of true positives with a warning
MEASUREMENTS = (HeatMapWarning.INSIDE_LUNGS, HeatMapWarning.EFFECT, HeatMapWarning.AGREEMENT)
N_CHECKED = 300  # images with pneumonia; checking them takes a few minutes


def select_reliability_limits(
    classifier: Classifier, records: Sequence[LabelledImage], decoder: ImageDecoder = decode_image
) -> ReliabilityLimits | None:
    """Select the limits of the heat-map checks on true positives.

    Args:
        classifier: Calibrated classifier with operating points.
        records: Validation images.
        decoder: Decodes the images.

    Returns:
        The limits; None if the images contain no true positives.
    """
    measured = []
    positives = draw_sample([record for record in records if record.target], N_CHECKED)
    for record in tqdm(positives, desc="heat-map limits", unit="image", leave=False):
        inference = classifier.infer_working(read_prepared(record, decoder).working)
        if classifier.finding_from(inference).verdict is not Verdict.PNEUMONIA:
            continue
        if reliability := measure_class_activation_map(classifier, inference):
            measured.append(reliability)
    if not measured:
        return None
    rationale = (
        f"Together, the limits cause a warning for at most {TARGET_WARNING_RATE:.0%} of the {len(measured)} validation "
        "images in which the model correctly finds pneumonia."
    )
    limits = limits_at_rate(measured)
    return ReliabilityLimits(limits["inside_lungs"], limits["effect"], limits["agreement"], rationale)


def limits_at_rate(measured: Sequence[HeatMapReliability]) -> dict[str, float]:
    """Return the highest limits that together cause a warning for at most TARGET_WARNING_RATE of the heat maps.

    Each limit has the same rank among the values of its measure.
    """
    names = [measurement.value for measurement in MEASUREMENTS]
    values = np.array(  # None becomes NaN
        [[getattr(reliability, name) for name in names] for reliability in measured], float
    )
    max_warnings = math.floor(TARGET_WARNING_RATE * len(measured) + 1e-9)
    descending = np.sort(values, axis=0)[::-1]  # the last row, the minimum of each measure, causes no warning
    limits = next(row for row in descending if (values < row).any(axis=1).sum() <= max_warnings)
    return dict(zip(names, np.nan_to_num(limits, nan=-1.0).tolist(), strict=True))
