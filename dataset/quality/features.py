"""Features of every image in the labelled data set, computed in one pass over the files.

Metrics, audit, mean radiographs and the index of similar cases are based on them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

import numpy as np
import pandas as pd
from tqdm import tqdm

from dataset.errors import DatasetUnusable
from dataset.images import ImageDecoder, decode_image
from dataset.index import LabelledImage, unique_names
from model.codes import Caution
from model.errors import FileRefused
from model.imaging.perceptual_hash import perceptual_hash
from model.imaging.preprocessing import WORKING_SIDE
from model.inference.classifier import Classifier
from model.messages import MessageCode
from model.translation import gettext as _


class UnreadableFile(TypedDict):
    """File that could not be read, and the reason as a sentence."""

    file: str
    reason: str


@dataclass(frozen=True, eq=False)
class ImageInventory:
    """Features of the n readable images.

    Attributes:
        rows: One row per image: file (see `dataset.index.unique_names`), patient, group, folder (official split), split
            (training, validation or test), label, cause, probability (0-1, at the training prevalence), intensity and
            contrast (mean and standard deviation of the working image, 0-255), height and width (of the file, in
            pixels), lungs_found, content (SHA-256 of the working image), population.
        embeddings: float32 (n, channels).
        fingerprints: Perceptual hashes, uint8 (n, bytes), see `model.imaging.perceptual_hash`.
        sums: Sum of the working images for each split and cause, float64 (WORKING_SIDE, WORKING_SIDE).
        unreadable: Files that could not be read. They are in none of the other attributes.
    """

    rows: pd.DataFrame
    embeddings: np.ndarray
    fingerprints: np.ndarray
    sums: dict[tuple[str, str], np.ndarray]
    unreadable: list[UnreadableFile] = field(default_factory=list)

    def mean_image(self, split: str, cause: str) -> tuple[np.ndarray, int]:
        """Return the mean of the working images of a split and cause, float64 (side, side), and the image count."""
        count = int(((self.rows["split"] == split) & (self.rows["cause"] == cause)).sum())
        return self.sums[split, cause] / count, count


def scan_images(
    classifier: Classifier, parts: Mapping[str, Sequence[LabelledImage]], decoder: ImageDecoder = decode_image
) -> ImageInventory:
    """Compute the features of all images.

    Args:
        classifier: Computes probabilities and embeddings.
        parts: Records by the name of their split (`SplitName`).
        decoder: Decodes the files.

    Raises:
        DatasetUnusable: None of the images can be read.
    """
    builder = _InventoryBuilder(classifier, decoder)
    file_names = iter(unique_names([record for records in parts.values() for record in records]))
    for split, records in parts.items():
        for record in tqdm(
            records, desc=_("reading {split} images").format(split=_(split)), unit="image", disable=None
        ):
            builder.add(record, next(file_names), split)
    return builder.build()


class _InventoryBuilder:
    """Builder that collects features image by image."""

    def __init__(self, classifier: Classifier, decoder: ImageDecoder) -> None:
        self._classifier = classifier
        self._decode = decoder
        self._rows: list[dict[str, Any]] = []
        self._embeddings: list[np.ndarray] = []
        self._fingerprints: list[np.ndarray] = []
        self._sums: dict[tuple[str, str], np.ndarray] = {}
        self._unreadable: list[UnreadableFile] = []

    def add(self, record: LabelledImage, file_name: str, split: str) -> None:
        """Add the features of one image, or the reason why it cannot be read."""
        try:
            self._read(record, file_name, split)
        except FileRefused as refusal:
            self._unreadable.append({"file": file_name, "reason": str(refusal)})
        except OSError as error:  # not str(error), which contains the folder
            self._unreadable.append({"file": file_name, "reason": f"{error.strerror}."})

    def build(self) -> ImageInventory:
        """Return the inventory of the added images."""
        if not self._rows:
            raise DatasetUnusable(MessageCode.NO_READABLE_IMAGES)
        return ImageInventory(
            pd.DataFrame(self._rows),
            np.stack(self._embeddings),
            np.stack(self._fingerprints),
            self._sums,
            self._unreadable,
        )

    def _read(self, record: LabelledImage, file_name: str, split: str) -> None:
        image = self._decode(record)
        working = image.prepared.working
        finding = self._classifier.finding_from(self._classifier.infer_working(working))
        self._rows.append(
            {
                "file": file_name,
                "split": split,
                "patient": record.patient,
                "group": record.group,
                "folder": record.split,
                "label": record.label,
                "cause": record.cause,
                "probability": finding.probability,
                "intensity": float(working.mean()),
                "contrast": float(working.std()),
                "height": image.height,
                "width": image.width,
                "lungs_found": Caution.LUNGS_NOT_FOUND not in finding.cautions,
                "content": hashlib.sha256(working.tobytes()).hexdigest(),
                "population": str(record.population),
            }
        )
        self._embeddings.append(finding.embedding)
        self._fingerprints.append(perceptual_hash(working))
        empty = np.zeros((WORKING_SIDE, WORKING_SIDE))
        self._sums[split, record.cause] = self._sums.get((split, record.cause), empty) + working
