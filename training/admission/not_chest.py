"""Real images that are not frontal chest radiographs, for fitting the admission check and for measuring it.

The folder is optional. It contains images, possibly in subfolders, and labels.csv with the columns file, label (kind of
image), patient (empty if unknown) and source. Half of the patients of each kind are for fitting, half for measuring.
"""

import csv
import hashlib
import itertools
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from dataset.images import read_image_file
from model.codes import RefusalReason
from model.errors import FileRefused, TrainingError
from model.imaging.decode import decode
from model.imaging.radiograph import Radiograph

LABELS_FILE = "labels.csv"
COLUMNS = ("file", "label", "patient", "source")
# Kind in labels.csv -> family in metrics.json. Other kinds keep their name.
FAMILY_OF_KIND = {
    "ct_chest": "CT slices of patients",
    "dental_panoramic": "panoramic dental radiographs",
    "dental_periapical": "periapical dental radiographs",
    "hand": "radiographs of hands",
    "knee": "radiographs of knees",
    "lateral_chest": "lateral chest radiographs",
    "mr_brain": "MR slices of patients",
}


@dataclass(frozen=True)
class NotChestImage:
    """A real image that is not a frontal chest radiograph.

    Attributes:
        path: Path of the file.
        kind: What the image shows, for example "hand".
        patient: Patient within the source; the file if the patient is unknown.
        source: Collection that the image comes from.
    """

    path: Path
    kind: str
    patient: str
    source: str

    @property
    def family(self) -> str:
        """Name of the kind in metrics.json."""
        return FAMILY_OF_KIND.get(self.kind, self.kind.replace("_", " "))

    @property
    def reason(self) -> RefusalReason:
        """Expected reason for the refusal."""
        return RefusalReason.NO_LUNGS

    def read(self) -> Radiograph:
        """Decode the file.

        Raises:
            TrainingError: The file cannot be read. The message names it.
        """
        try:
            return decode(read_image_file(self.path))
        except (FileRefused, OSError) as error:
            raise TrainingError(f"{self.path} cannot be read. Replace or remove the file.") from error


class Halves(NamedTuple):
    """Images for fitting and for measuring. They have no patient in common."""

    fitting: list[NotChestImage]
    measuring: list[NotChestImage]


def not_chest_root() -> Path | None:
    """Return the folder of the images: `NOT_CHEST_DIR`; None if it is unset or empty."""
    folder = os.environ.get("NOT_CHEST_DIR")
    return Path(folder) if folder else None


def load_not_chest(root: Path | None) -> Halves:
    """List all images in two halves; both are empty if no folder is given.

    Raises:
        TrainingError: The table cannot be used, or an image is missing.
    """
    if root is None:
        return Halves([], [])
    try:
        with (root / LABELS_FILE).open(newline="", encoding="utf-8") as file:
            images = [_image(root, row) for row in csv.DictReader(file)]
    except (OSError, LookupError, ValueError, csv.Error) as error:
        raise TrainingError(
            f"{root} cannot be used: it must contain {LABELS_FILE} with the columns {', '.join(COLUMNS)}."
        ) from error
    if missing := [image for image in images if not image.path.is_file()]:
        raise TrainingError(f"{root} cannot be used: {len(missing)} of the {len(images)} images are missing.")
    return halve(images)


def halve(images: Sequence[NotChestImage]) -> Halves:
    """Split images in two halves by patient.

    The patients of each kind are ordered by a hash of their name and take turns, so both halves contain each kind and
    the halves do not depend on the order of the images. A patient with images of several kinds counts for the first
    kind in alphabetical order.
    """
    kind_of_patient: dict[tuple[str, str], str] = {}
    for image in images:
        key = (image.source, image.patient)
        kind_of_patient[key] = min(image.kind, kind_of_patient.get(key, image.kind))
    patients_of_kind = defaultdict(list)
    for patient, kind in kind_of_patient.items():
        patients_of_kind[kind].append(patient)
    ordered = (sorted(patients, key=_hash) for patients in patients_of_kind.values())
    for_fitting = set(itertools.chain.from_iterable(patients[::2] for patients in ordered))
    is_for_fitting = [(image.source, image.patient) in for_fitting for image in images]
    return Halves(
        fitting=list(itertools.compress(images, is_for_fitting)),
        measuring=list(itertools.compress(images, [not fits for fits in is_for_fitting])),
    )


def _image(root: Path, row: Mapping[str, str]) -> NotChestImage:
    if None in row.values():
        raise ValueError("a row is too short")
    file, kind, patient, source = (row[name] for name in COLUMNS)
    return NotChestImage(root / file, kind, patient or file, source)


def _hash(patient: tuple[str, str]) -> bytes:
    return hashlib.sha256("\n".join(patient).encode()).digest()
