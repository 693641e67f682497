"""Index of the labelled images in the folders `train/`, `val/`, `test/` x `NORMAL/`, `PNEUMONIA/`."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dataset.errors import DatasetUnusable
from dataset.file_names import parse_file_name
from model.codes import LABELS, Label, Population
from model.imaging.geometry import RelativeBox
from model.messages import MessageCode

OFFICIAL_TEST_SPLIT = "test"
OFFICIAL_SPLITS = ("train", "val", OFFICIAL_TEST_SPLIT)  # folders of the published data set
DEFAULT_ROOT = Path("data/chest_xray")


@dataclass(frozen=True)
class LabelledImage:
    """One labelled image in the data set.

    Attributes:
        path: Path of the file.
        split: Official split, one of `OFFICIAL_SPLITS`.
        label: Class, from the name of the folder.
        patient, group, cause: See `dataset.file_names.PatientIdentity`. For adults, the group is the patient, and the
            cause is the appearance of pneumonia that radiologists stated.
        population: Population of the patient.
        opacities: Boxes that radiologists drew around opacities; empty if there are none, None if nobody looked for
            them.
        lung_box: Box around both lungs, from a table of the data set; None if there is none.
    """

    path: Path
    split: str
    label: Label
    patient: str
    group: str
    cause: str
    population: Population = Population.CHILDREN
    opacities: tuple[RelativeBox, ...] | None = None
    lung_box: RelativeBox | None = None

    @property
    def target(self) -> int:
        """1 for pneumonia, 0 for normal."""
        return LABELS.index(self.label)

    @property
    def relative_path(self) -> str:
        """Path within the data set: "train/NORMAL/IM-0115-0001.jpeg", "adults/normal/000c3a3f293f.jpg"."""
        if self.population is Population.ADULTS:
            return f"{self.population}/{self.label.lower()}/{self.path.name}"
        return f"{self.split}/{self.label}/{self.path.name}"


def unique_names(records: Sequence[LabelledImage]) -> list[str]:
    """Return a unique name per record: the file name, or the relative path if the file name occurs more than once."""
    occurrences = Counter(record.path.name for record in records)
    return [record.path.name if occurrences[record.path.name] == 1 else record.relative_path for record in records]


def dataset_root() -> Path:
    """Return the data set folder: `CHEST_XRAY_DIR`, or `data/chest_xray` if it is unset or empty."""
    return Path(os.environ.get("CHEST_XRAY_DIR") or DEFAULT_ROOT)


def load_index(root: Path) -> list[LabelledImage]:
    """List all images in the data set, ordered by split, label and file name.

    Hidden files and sub-folders are ignored. A split may be missing (some copies omit the sixteen images of `val`), but
    each split needs both classes.

    Raises:
        DatasetUnusable: The folder does not exist or has none of the splits, or a split has no images of one class.
    """
    if not root.is_dir():
        raise DatasetUnusable(MessageCode.DATASET_MISSING, folder=str(root))
    splits = [split for split in OFFICIAL_SPLITS if (root / split).is_dir()]
    if not splits:
        raise DatasetUnusable(MessageCode.DATASET_WITHOUT_SPLITS, folder=str(root))
    return [record for split in splits for label in LABELS for record in _images_of_class(root, split, label)]


def _images_of_class(root: Path, split: str, label: Label) -> list[LabelledImage]:
    folder = root / split / label
    if not folder.is_dir():
        raise DatasetUnusable(MessageCode.CLASS_FOLDER_MISSING, folder=str(folder))
    paths = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    if not paths:
        raise DatasetUnusable(MessageCode.CLASS_FOLDER_EMPTY, folder=str(folder))
    return [_labelled_image(path, split, label) for path in paths]


def _labelled_image(path: Path, split: str, label: Label) -> LabelledImage:
    identity = parse_file_name(path.name, label)
    opacities = () if label is Label.NORMAL else None
    return LabelledImage(
        path, split, label, identity.patient, identity.group, identity.cause, Population.CHILDREN, opacities
    )
