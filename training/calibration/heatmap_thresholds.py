"""What is still usual of a heat map that is right: the limits of `model.explanation.reliability`, chosen on validation."""

import math
from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from dataset.index import Record
from model.explanation.reliability import KEY, WORDS, Checks, check_explanation
from model.inference.classifier import Reader
from model.inference.decision import Verdict
from training.data.loading import read_radiograph
from training.evaluation.heatmaps.cases import sample

WARNED = 0.1  # of the correct positives, at most
CHECKED = 300  # pictures with pneumonia, which takes some minutes


def choose_limits(reader: Reader, records: Sequence[Record]) -> dict:
    """The part of model.json that holds the limits; empty where no picture of the records is found rightly.

    reader: calibrated and with operating points; records: of validation.
    """
    checks = []
    ill = sample([record for record in records if record.target], CHECKED)
    for record in tqdm(ill, desc="checking explanations", unit="picture", leave=False):
        seen = reader.see(read_radiograph(record))
        if reader.finding(seen).verdict is Verdict.PNEUMONIA and (found := check_explanation(reader, seen)):
            checks.append(found)
    if not checks:
        return {}
    where = f"{len(checks)} validation pictures with pneumonia that the reader finds"
    return {KEY: limits(checks) | {"chosen": f"Together they warn about at most {WARNED:.0%} of {where}."}}


def limits(checks: Sequence[Checks]) -> dict[str, float]:
    """The highest limits that lie at the same rank in each measure and together warn about WARNED of the checks."""
    values = np.array([[getattr(one, name) for name in WORDS] for one in checks], float)  # None becomes not a number
    allowed = math.floor(WARNED * len(checks) + 1e-9)
    from_the_highest = np.sort(values, axis=0)[::-1]  # below the last, the lowest of each, there is nothing
    least = next(row for row in from_the_highest if (values < row).any(axis=1).sum() <= allowed)
    return dict(zip(WORDS, np.nan_to_num(least, nan=-1.0).tolist(), strict=True))
