"""Look once at every picture of the labelled set and keep what the figures, the audit and the index are made of."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from tqdm import tqdm

from dataset.index import LabelledImage, unique_names
from model.codes import Caution
from model.errors import DatasetError, FileRefused
from model.imaging.decode import decode
from model.imaging.perceptual_hash import perceptual_hash
from model.imaging.preprocessing import WORKING_SIDE, working_image
from model.inference.classifier import Classifier


@dataclass(frozen=True, eq=False)
class ImageInventory:
    """What was seen of n pictures.

    rows: one per picture: file (see `dataset.index.unique_names`), patient, group, folder (of the official split), split
        ("training", "validation", "test"), label, cause, probability (0-1, at the training prevalence), intensity and
        contrast (mean and standard deviation of the working picture, 0-255), height and width (of the file, pixels),
        lungs_found, content (SHA-256 of the working picture).
    embeddings: float32 (n, channels).
    fingerprints: uint8 (n, bytes), see `model.imaging.perceptual_hash`.
    sums: per split and cause, the sum of the working pictures: float64 (WORKING_SIDE, WORKING_SIDE).
    unreadable: file and reason of what could not be read; in none of the others.
    """

    rows: pd.DataFrame
    embeddings: np.ndarray
    fingerprints: np.ndarray
    sums: dict[tuple[str, str], np.ndarray]
    unreadable: list[dict[str, str]] = field(default_factory=list)

    def mean_picture(self, split: str, cause: str) -> tuple[np.ndarray, int]:
        """Mean of the working pictures of a cause, float64 (side, side), and how many they are."""
        count = int(((self.rows["split"] == split) & (self.rows["cause"] == cause)).sum())
        return self.sums[split, cause] / count, count


def scan_images(classifier: Classifier, parts: Mapping[str, Sequence[LabelledImage]]) -> ImageInventory:
    """Read every picture of the parts: "training", "validation" or "test" to its records.

    Raises:
        DatasetError: not one picture can be read.
    """
    seen = ImageStatistics()
    names = iter(unique_names([record for records in parts.values() for record in records]))
    for split, records in parts.items():
        for record in tqdm(records, desc=f"reading {split} pictures", unit="picture", disable=None):
            file = next(names)
            try:
                seen.add(classifier, record, {"file": file, "split": split})
            except FileRefused as refused:
                seen.unreadable.append({"file": file, "reason": str(refused)})
            except OSError as error:  # its own words would name the folder
                seen.unreadable.append({"file": file, "reason": f"{error.strerror}."})
    if not seen.rows:
        raise DatasetError(
            "Not one picture of the data set can be read: its files are to be complete PNG or JPEG pictures."
        )
    return ImageInventory(
        pd.DataFrame(seen.rows), np.stack(seen.embeddings), np.stack(seen.fingerprints), seen.sums, seen.unreadable
    )


@dataclass
class ImageStatistics:
    rows: list[dict] = field(default_factory=list)
    embeddings: list[np.ndarray] = field(default_factory=list)
    fingerprints: list[np.ndarray] = field(default_factory=list)
    sums: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    unreadable: list[dict[str, str]] = field(default_factory=list)

    def add(self, classifier: Classifier, record: LabelledImage, known: dict[str, str]) -> None:
        radiograph = decode(record.path.read_bytes())
        working = working_image(radiograph)
        finding = classifier.read(replace(radiograph, pixels=working))  # which need not be resized again
        self.rows.append(
            {
                **known,
                "patient": record.patient,
                "group": record.group,
                "folder": record.split,
                "label": record.label,
                "cause": record.cause,
                "probability": finding.probability,
                "intensity": float(working.mean()),
                "contrast": float(working.std()),
                "height": radiograph.height,
                "width": radiograph.width,
                "lungs_found": Caution.LUNGS_NOT_FOUND not in finding.cautions,
                "content": hashlib.sha256(np.ascontiguousarray(working)).hexdigest(),
            }
        )
        self.embeddings.append(finding.embedding)
        self.fingerprints.append(perceptual_hash(working))
        empty = np.zeros((WORKING_SIDE, WORKING_SIDE))
        key = known["split"], record.cause
        self.sums[key] = self.sums.get(key, empty) + working
