"""What is still usual of a heat map that is right: the limits of `model.explanation.reliability`, chosen on validation."""

import math
from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from dataset.index import LabelledImage
from model.explanation.reliability import RELIABILITY_KEY, WARNING_TEXTS, HeatMapReliability, measure_reliability
from model.inference.classifier import Classifier
from model.inference.decision import Verdict
from training.data.loading import draw_sample, read_radiograph

TARGET_WARNING_RATE = 0.1  # of the correct positives, at most
N_CHECKED = 300  # pictures with pneumonia, which takes some minutes


def select_reliability_limits(classifier: Classifier, records: Sequence[LabelledImage]) -> dict:
    """The part of model.json that holds the limits; empty where no picture of the records is found rightly.

    reader: calibrated and with operating points; records: of validation.
    """
    checks = []
    ill = draw_sample([record for record in records if record.target], N_CHECKED)
    for record in tqdm(ill, desc="checking explanations", unit="picture", leave=False):
        seen = classifier.infer(read_radiograph(record))
        if classifier.finding_from(seen).verdict is Verdict.PNEUMONIA and (
            found := measure_reliability(classifier, seen)
        ):
            checks.append(found)
    if not checks:
        return {}
    where = f"{len(checks)} validation pictures with pneumonia that the reader finds"
    return {
        RELIABILITY_KEY: limits_at_rate(checks)
        | {"chosen": f"Together they warn about at most {TARGET_WARNING_RATE:.0%} of {where}."}
    }


def limits_at_rate(checks: Sequence[HeatMapReliability]) -> dict[str, float]:
    """The highest limits that lie at the same rank in each measure and together warn about WARNED of the checks."""
    values = np.array(
        [[getattr(one, name) for name in WARNING_TEXTS] for one in checks], float
    )  # None becomes not a number
    allowed = math.floor(TARGET_WARNING_RATE * len(checks) + 1e-9)
    from_the_highest = np.sort(values, axis=0)[::-1]  # below the last, the lowest of each, there is nothing
    least = next(row for row in from_the_highest if (values < row).any(axis=1).sum() <= allowed)
    return dict(zip(WARNING_TEXTS, np.nan_to_num(least, nan=-1.0).tolist(), strict=True))
