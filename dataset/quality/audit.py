"""Audit of the labelled data set: duplicates, patients in several splits, conflicting labels and outliers.

Two images are exact duplicates if their decoded pixels at working size are equal. They are near-duplicates if their
perceptual hashes (`DUPLICATE_MAX_BITS`) or their embeddings (`DUPLICATE_MIN_COSINE`) are nearly equal.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import TypedDict

import numpy as np
import pandas as pd

from dataset.quality.features import ImageInventory, UnreadableFile
from model.codes import Population
from model.imaging.perceptual_hash import DUPLICATE_MAX_BITS, hash_distances
from model.inference.similar_cases import normalise
from model.translation import N_

# Cosine similarity between embeddings. Among the 17 million pairs in the public data set, only exact duplicates reach
# it.
DUPLICATE_MIN_COSINE = 0.997
OUTLIER_IQR = 3.0  # interquartile ranges beyond the quartiles (Tukey 1977, "far out")
_NO_LUNGS = N_("no lungs found")
_OUTLIER_NAMES = (  # column, name of a high value, name of a low value
    ("intensity", N_("very bright"), N_("very dark")),
    ("contrast", N_("very high contrast"), N_("very low contrast")),
)
BLOCK = 500  # images per block; each block is compared with all images, which limits memory use


class DuplicatePair(TypedDict):
    """Two images of the same radiograph.

    Attributes:
        a, b: File names.
        exact: Whether the pixels are equal.
        bits: Hamming distance between the perceptual hashes.
        similarity: Cosine similarity between the embeddings.
        two_folders, two_splits, two_patients, two_labels: Whether the images differ in official split (folder), in
            training/validation/test split, in patient or in label.
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


class NearestNonDuplicates(TypedDict):
    """Smallest hash distance and largest cosine similarity of the pairs that are not duplicates, if there are any."""

    bits: int | None
    similarity: float | None


class PatientSpread(TypedDict):
    """Number of patients with images in more than one folder, and in more than one split.

    The folders are the official splits. The splits are training, validation and test. `patients` counts all patients.
    """

    patients: int
    in_two_folders: int
    in_two_splits: int


class Outlier(TypedDict):
    """Image with an unusual feature. `feature` names it in English; translate it before showing it."""

    file: str
    feature: str


class DatasetAudit(TypedDict):
    """Result of an audit, as stored in dataset_audit.json.

    `duplicates` contains pairs of images. `patients` has one entry for each way of identifying a patient.
    """

    images: int  # images that were read
    unreadable: list[UnreadableFile]
    duplicates: list[DuplicatePair]
    nearest_others: NearestNonDuplicates
    patients: dict[str, PatientSpread]
    outliers: list[Outlier]


def audit_dataset(inventory: ImageInventory) -> DatasetAudit:
    """Audit the images of an inventory, which must belong to one population."""
    rows = inventory.rows
    pairs, nearest_others = _find_duplicates(inventory)
    return DatasetAudit(
        images=len(rows),
        unreadable=inventory.unreadable,
        duplicates=[_duplicate_pair(rows, *pair) for pair in pairs],
        nearest_others=nearest_others,
        patients=_patients(rows),
        outliers=list(_outliers(rows)),
    )


def duplicate_groups(duplicates: Sequence[DuplicatePair]) -> list[list[str]]:
    """Merge pairs of duplicates into groups of files that show the same radiograph. Files and groups are sorted."""
    groups: list[set[str]] = []
    for pair in duplicates:
        files = {pair["a"], pair["b"]}
        merged = files.union(*(group for group in groups if group & files))
        groups = [group for group in groups if not group & merged] + [merged]
    return sorted(sorted(group) for group in groups)


def _find_duplicates(inventory: ImageInventory) -> tuple[list[tuple[int, int, int, float]], NearestNonDuplicates]:
    """Return the duplicates, and the smallest hash distance and largest similarity among all other pairs.

    Each pair of duplicates is (first row, second row, bits, similarity).
    """
    embeddings = normalise(inventory.embeddings.astype(np.float32))
    duplicates: list[tuple[int, int, int, float]] = []
    min_bits: list[int] = []
    max_similarity: list[float] = []
    for start in range(0, len(embeddings), BLOCK):
        stop = min(start + BLOCK, len(embeddings))
        similarity = embeddings[start:stop] @ embeddings.T
        bits = np.stack([hash_distances(code, inventory.fingerprints) for code in inventory.fingerprints[start:stop]])
        is_later = np.arange(len(embeddings)) > np.arange(start, stop)[:, np.newaxis]  # each pair once
        is_copy = is_later & ((bits <= DUPLICATE_MAX_BITS) | (similarity >= DUPLICATE_MIN_COSINE))
        duplicates += [
            (start + int(i), int(j), int(bits[i, j]), min(1.0, float(similarity[i, j])))
            for i, j in np.argwhere(is_copy)
        ]
        is_other = is_later & ~is_copy
        if is_other.any():
            min_bits.append(int(bits[is_other].min()))
            max_similarity.append(float(similarity[is_other].max()))
    return duplicates, {"bits": min(min_bits, default=None), "similarity": max(max_similarity, default=None)}


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


def _patients(rows: pd.DataFrame) -> dict[str, PatientSpread]:
    if (rows["population"] == Population.ADULTS).all():
        return {"table": _patient_spread(rows, ["patient"])}
    return {  # a number identifies a patient only within a class
        "series and number": _patient_spread(rows, ["patient", "label"]),
        "number alone": _patient_spread(rows, ["group", "label"]),
    }


def _patient_spread(rows: pd.DataFrame, keys: list[str]) -> PatientSpread:
    patients = rows.groupby(keys)
    return {
        "patients": patients.ngroups,
        "in_two_folders": int((patients["folder"].nunique() > 1).sum()),
        "in_two_splits": int((patients["split"].nunique() > 1).sum()),
    }


def _outliers(rows: pd.DataFrame) -> Iterator[Outlier]:
    for file in rows.loc[~rows["lungs_found"], "file"]:
        yield {"file": file, "feature": _NO_LUNGS}
    for column, above_name, below_name in _OUTLIER_NAMES:
        low, high = _outlier_limits(rows[column])
        outside = itertools.chain(
            ((file, above_name) for file in rows.loc[rows[column] > high, "file"]),
            ((file, below_name) for file in rows.loc[rows[column] < low, "file"]),
        )
        for file, name in outside:
            yield {"file": file, "feature": name}


def _outlier_limits(values: pd.Series) -> tuple[float, float]:
    lower_quartile, upper_quartile = values.quantile([0.25, 0.75])
    reach = OUTLIER_IQR * (upper_quartile - lower_quartile)
    return lower_quartile - reach, upper_quartile + reach
