"""What is wrong or odd in the labelled set: copies, patients in two splits, labels that contradict each other.

Two pictures are exact copies where their decoded pixels at working size are the same, near copies where their
fingerprints are nearly the same (`model.imaging.perceptual_hash`) or the reader cannot tell them apart (SAME_TO_READER).
"""

import itertools
from collections.abc import Iterator

import numpy as np
import pandas as pd

from dataset.quality.features import ImageInventory
from model.imaging.perceptual_hash import DUPLICATE_MAX_BITS, hash_distances
from model.inference.similar_cases import normalise

# Cosine of two embeddings: of the public set's 17 million pairs none but exact copies reaches it.
DUPLICATE_MIN_COSINE = 0.997
OUTLIER_IQR = 3.0  # interquartile ranges beyond the quartiles (Tukey 1977, "far out")
BLOCK = 500  # pictures that are compared with all others at once


def audit_dataset(survey: ImageInventory) -> dict:
    """Audit the set.

    Returns:
        pictures: how many were looked at; unreadable: file and reason; copies: pairs of `a`, `b` (files), `exact`,
        `bits` (fingerprint distance), `similarity` (cosine of the embeddings), and whether they stand in two `folders`
        (official splits) or `splits` (after the cut), under two `patients_of`, with two `labels`; closest_others: bits and
        similarity of the most alike pictures that are no copies; patients: per key, how many there are and how many of
        them stand in two official splits or in two parts of the cut; odd: file and what is odd about it.
    """
    rows = survey.rows
    pairs, bits, similarity = _compare(survey)
    return {
        "pictures": len(rows),
        "unreadable": survey.unreadable,
        "copies": [_pair(rows, *pair) for pair in pairs],
        "closest_others": {"bits": bits, "similarity": similarity},
        "patients": {"series and number": _spread(rows, "patient"), "number alone": _spread(rows, "group")},
        "odd": list(_outliers(rows)),
    }


def duplicate_groups(copies: list[dict]) -> list[list[str]]:
    """Pairs of copies joined into groups of files that are all copies of one film, each in order."""
    groups: list[set[str]] = []
    for pair in copies:
        joined = {pair["a"], pair["b"]}.union(*(group for group in groups if group & {pair["a"], pair["b"]}))
        groups = [group for group in groups if not group & joined] + [joined]
    return sorted(sorted(group) for group in groups)


def _compare(survey: ImageInventory) -> tuple[list[tuple[int, int, int, float]], int | None, float | None]:
    """Every pair of copies as (first, second, bits, similarity), and the closest of all other pairs by each measure."""
    embeddings = normalise(survey.embeddings.astype(np.float32))
    copies, fewest, highest = [], [], []
    for start in range(0, len(embeddings), BLOCK):
        stop = min(start + BLOCK, len(embeddings))
        similarity = embeddings[start:stop] @ embeddings.T
        bits = np.stack([hash_distances(one, survey.fingerprints) for one in survey.fingerprints[start:stop]])
        later = np.arange(len(embeddings)) > np.arange(start, stop)[:, np.newaxis]
        same = later & ((bits <= DUPLICATE_MAX_BITS) | (similarity >= DUPLICATE_MIN_COSINE))
        copies += [
            (start + i, int(j), int(bits[i, j]), min(1.0, float(similarity[i, j]))) for i, j in np.argwhere(same)
        ]
        others = later & ~same
        if others.any():
            fewest.append(int(bits[others].min()))
            highest.append(float(similarity[others].max()))
    return copies, min(fewest, default=None), max(highest, default=None)


def _pair(rows: pd.DataFrame, first: int, second: int, bits: int, similarity: float) -> dict:
    a, b = rows.iloc[first], rows.iloc[second]
    differs = {f"two_{column}s": bool(a[column] != b[column]) for column in ("folder", "split", "patient", "label")}
    exact = bool(a["content"] == b["content"])
    return {"a": a["file"], "b": b["file"], "exact": exact, "bits": bits, "similarity": similarity, **differs}


def _spread(rows: pd.DataFrame, key: str) -> dict[str, int]:
    """How many patients a key tells apart, and how many of them stand in two folders or in two splits."""
    of = rows.groupby([key, "label"])  # a number names one patient within a class at most
    return {
        "patients": of.ngroups,
        "in_two_folders": int((of["folder"].nunique() > 1).sum()),
        "in_two_splits": int((of["split"].nunique() > 1).sum()),
    }


def _outliers(rows: pd.DataFrame) -> Iterator[dict[str, str]]:
    without_lungs = rows.loc[~rows["lungs_found"], "file"]
    yield from ({"file": file, "what": "no lungs found"} for file in without_lungs)
    words = (("intensity", "very bright", "very dark"), ("contrast", "very high contrast", "very low contrast"))
    for column, above, below in words:
        low, high = _outlier_limits(rows[column])
        outside = itertools.chain(
            ((file, above) for file in rows.loc[rows[column] > high, "file"]),
            ((file, below) for file in rows.loc[rows[column] < low, "file"]),
        )
        yield from ({"file": file, "what": what} for file, what in outside)


def _outlier_limits(values: pd.Series) -> tuple[float, float]:
    first, third = values.quantile([0.25, 0.75])
    return first - OUTLIER_IQR * (third - first), third + OUTLIER_IQR * (third - first)
