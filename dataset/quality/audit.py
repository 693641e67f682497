"""Audit of the labelled set: duplicates, patients in two splits, contradicting labels, outliers.

Two images are exact copies if their decoded pixels at working size are equal. They are near copies if their perceptual
hashes are nearly equal (`DUPLICATE_MAX_BITS`) or their embeddings are (`DUPLICATE_MIN_COSINE`).
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import TypedDict

import numpy as np
import pandas as pd

from dataset.quality.features import ImageInventory, UnreadableFile
from model.imaging.perceptual_hash import DUPLICATE_MAX_BITS, hash_distances
from model.inference.similar_cases import normalise

# Cosine of two embeddings. Of the 17 million pairs of the public set, only exact copies reach it.
DUPLICATE_MIN_COSINE = 0.997
OUTLIER_IQR = 3.0  # interquartile ranges beyond the quartiles (Tukey 1977, "far out")
BLOCK = 500  # images that are compared with all others at once, to bound memory


class DuplicatePair(TypedDict):
    """Two copies of one radiograph.

    a, b: File names; exact: whether the pixels are equal; bits: Hamming distance of the perceptual hashes; similarity:
    cosine of the embeddings; two_...: whether the copies differ in official split (folder), split, patient or label.
    """

    a: str
    b: str
    exact: bool
    bits: int
    similarity: float
    two_folders: bool
    two_splits: bool
    two_patients: bool
    two_labels: bool


class ClosestOthers(TypedDict):
    """Smallest hash distance and largest cosine among all pairs that are no copies; None if there is no such pair."""

    bits: int | None
    similarity: float | None


class PatientSpread(TypedDict):
    """Number of patients, and how many of them have images in two official splits (folders) or in two splits."""

    patients: int
    in_two_folders: int
    in_two_splits: int


class Outlier(TypedDict):
    """An image and what is unusual about it."""

    file: str
    what: str


class DatasetAudit(TypedDict):
    """Result of an audit, as in dataset_audit.json.

    pictures: Number of images that were read; patients: spread of the patients by the key that identifies them.
    """

    pictures: int
    unreadable: list[UnreadableFile]
    copies: list[DuplicatePair]
    closest_others: ClosestOthers
    patients: dict[str, PatientSpread]
    odd: list[Outlier]


def audit_dataset(inventory: ImageInventory) -> DatasetAudit:
    """Audit the labelled set."""
    rows = inventory.rows
    pairs, closest_others = _find_duplicates(inventory)
    return {
        "pictures": len(rows),
        "unreadable": inventory.unreadable,
        "copies": [_duplicate_pair(rows, *pair) for pair in pairs],
        "closest_others": closest_others,
        "patients": {
            "series and number": _patient_spread(rows, "patient"),
            "number alone": _patient_spread(rows, "group"),
        },
        "odd": list(_outliers(rows)),
    }


def duplicate_groups(copies: Sequence[DuplicatePair]) -> list[list[str]]:
    """Merge pairs of copies into groups of files that all show one radiograph; files and groups are sorted."""
    groups: list[set[str]] = []
    for pair in copies:
        files = {pair["a"], pair["b"]}
        merged = files.union(*(group for group in groups if group & files))
        groups = [group for group in groups if not group & merged] + [merged]
    return sorted(sorted(group) for group in groups)


def _find_duplicates(inventory: ImageInventory) -> tuple[list[tuple[int, int, int, float]], ClosestOthers]:
    """Return each pair of copies as (first row, second row, bits, similarity), and the closest of all other pairs."""
    embeddings = normalise(inventory.embeddings.astype(np.float32))
    copies: list[tuple[int, int, int, float]] = []
    min_bits: list[int] = []
    max_similarity: list[float] = []
    for start in range(0, len(embeddings), BLOCK):
        stop = min(start + BLOCK, len(embeddings))
        similarity = embeddings[start:stop] @ embeddings.T
        bits = np.stack([hash_distances(code, inventory.fingerprints) for code in inventory.fingerprints[start:stop]])
        is_later = np.arange(len(embeddings)) > np.arange(start, stop)[:, np.newaxis]  # each pair once
        is_copy = is_later & ((bits <= DUPLICATE_MAX_BITS) | (similarity >= DUPLICATE_MIN_COSINE))
        copies += [
            (start + int(i), int(j), int(bits[i, j]), min(1.0, float(similarity[i, j])))
            for i, j in np.argwhere(is_copy)
        ]
        is_other = is_later & ~is_copy
        if is_other.any():
            min_bits.append(int(bits[is_other].min()))
            max_similarity.append(float(similarity[is_other].max()))
    return copies, {"bits": min(min_bits, default=None), "similarity": max(max_similarity, default=None)}


def _duplicate_pair(rows: pd.DataFrame, first: int, second: int, bits: int, similarity: float) -> DuplicatePair:
    a, b = rows.iloc[first], rows.iloc[second]
    return {
        "a": a["file"],
        "b": b["file"],
        "exact": bool(a["content"] == b["content"]),
        "bits": bits,
        "similarity": similarity,
        "two_folders": bool(a["folder"] != b["folder"]),
        "two_splits": bool(a["split"] != b["split"]),
        "two_patients": bool(a["patient"] != b["patient"]),
        "two_labels": bool(a["label"] != b["label"]),
    }


def _patient_spread(rows: pd.DataFrame, key: str) -> PatientSpread:
    patients = rows.groupby([key, "label"])  # a number identifies a patient only within a class
    return {
        "patients": patients.ngroups,
        "in_two_folders": int((patients["folder"].nunique() > 1).sum()),
        "in_two_splits": int((patients["split"].nunique() > 1).sum()),
    }


def _outliers(rows: pd.DataFrame) -> Iterator[Outlier]:
    for file in rows.loc[~rows["lungs_found"], "file"]:
        yield {"file": file, "what": "no lungs found"}
    names = (("intensity", "very bright", "very dark"), ("contrast", "very high contrast", "very low contrast"))
    for column, above_name, below_name in names:
        low, high = _outlier_limits(rows[column])
        outside = itertools.chain(
            ((file, above_name) for file in rows.loc[rows[column] > high, "file"]),
            ((file, below_name) for file in rows.loc[rows[column] < low, "file"]),
        )
        for file, name in outside:
            yield {"file": file, "what": name}


def _outlier_limits(values: pd.Series) -> tuple[float, float]:
    lower_quartile, upper_quartile = values.quantile([0.25, 0.75])
    reach = OUTLIER_IQR * (upper_quartile - lower_quartile)
    return lower_quartile - reach, upper_quartile + reach
