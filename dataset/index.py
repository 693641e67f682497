"""Find the labelled pictures: `train/ val/ test/` x `NORMAL/ PNEUMONIA/` under one folder."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dataset.file_names import parse_file_name
from model.errors import DatasetError

OFFICIAL_SPLITS = ("train", "val", "test")
LABELS = ("NORMAL", "PNEUMONIA")
DEFAULT_ROOT = Path("data/chest_xray")


@dataclass(frozen=True)
class LabelledImage:
    """One labelled picture.

    split: the official folder, "train", "val" or "test"; label: "NORMAL" or "PNEUMONIA";
    patient, group and cause: see `dataset.file_names.PatientIdentity`.
    """

    path: Path
    split: str
    label: str
    patient: str
    group: str
    cause: str

    @property
    def target(self) -> int:
        """1 for pneumonia, 0 for normal."""
        return LABELS.index(self.label)

    @property
    def relative_path(self) -> str:
        """Where it lies within the set: "train/NORMAL/IM-0115-0001.jpeg"."""
        return f"{self.split}/{self.label}/{self.path.name}"


def unique_names(records: Sequence[LabelledImage]) -> list[str]:
    """A name for each record: that of its file, or its place where other files have the same name."""
    times = Counter(record.path.name for record in records)
    return [record.path.name if times[record.path.name] == 1 else record.relative_path for record in records]


def dataset_root() -> Path:
    """The folder named by `CHEST_XRAY_DIR`, or `data/chest_xray`."""
    return Path(os.environ.get("CHEST_XRAY_DIR") or DEFAULT_ROOT)


def load_index(root: Path) -> list[LabelledImage]:
    """List every picture of the set, ordered by split, label and name.

    Hidden files and sub-folders are passed over. A split may be absent (`val` is sixteen pictures that some copies
    drop), a class may not.

    Raises:
        DatasetError: no such folder, a split without its two classes, an empty class.
    """
    if not root.is_dir():
        raise DatasetError(
            f"There is no folder {root}. Set CHEST_XRAY_DIR to the folder that holds train/, val/ and test/, "
            "or fetch the set with `python -m dataset download`."
        )
    splits = [split for split in OFFICIAL_SPLITS if (root / split).is_dir()]
    if not splits:
        raise DatasetError(f"{root} holds none of the folders train, val and test, each with NORMAL and PNEUMONIA.")
    return [record for split in splits for label in LABELS for record in _images_of_class(root, split, label)]


def _images_of_class(root: Path, split: str, label: str) -> list[LabelledImage]:
    folder = root / split / label
    if not folder.is_dir():
        raise DatasetError(f"The folder {folder} is missing: every split needs the two classes NORMAL and PNEUMONIA.")
    paths = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    if not paths:
        raise DatasetError(f"The folder {folder} is empty: put its pictures there or remove the split {split}.")
    return [_labelled_image(path, split, label) for path in paths]


def _labelled_image(path: Path, split: str, label: str) -> LabelledImage:
    identity = parse_file_name(path.name, label)
    return LabelledImage(path, split, label, identity.patient, identity.group, identity.cause)
