"""Index of the adult radiographs: SIIM-FISABIO-RSNA 2021, with radiologists' study labels and opacity boxes.

The folder holds the images in `normal/` and `pneumonia/`, BOX_SIDE pixels wide and high, and three tables:

- `labels.csv`: file, label, appearance, patient, test. A fixed fifth of the patients (test = 1) is the test split.
- `boxes.csv`: file, x, y, width, height of each opacity, in pixels of the image.
- `lung_boxes.csv`: the same columns, one box around both lungs per image. This table may be missing.

Other files in the folder are ignored.
"""

import os
from enum import StrEnum
from pathlib import Path

from dataset.adult_tables import BOXES_FILE, LABELS_FILE, LUNG_BOXES_FILE, InvalidColumn, read_boxes, read_rows
from dataset.errors import DatasetUnusable
from dataset.index import OFFICIAL_TEST_SPLIT, LabelledImage
from model.codes import Label, Population
from model.imaging.geometry import RelativeBox
from model.messages import MessageCode
from model.translation import N_

DEFAULT_ADULT_ROOT = Path("data/adults")
LABEL_COLUMNS = ("file", "label", "appearance", "patient", "test")
SPLIT_BY_TEST_FLAG = {"0": "train", "1": OFFICIAL_TEST_SPLIT}


class Appearance(StrEnum):
    """Study label: what radiologists say about the appearance of pneumonia, in the words of the data set.

    The values are part of tables and URLs; translate them before showing them.
    """

    NEGATIVE = N_("Negative for Pneumonia")
    TYPICAL = N_("Typical Appearance")
    INDETERMINATE = N_("Indeterminate Appearance")
    ATYPICAL = N_("Atypical Appearance")


APPEARANCES = tuple(Appearance)


def adult_root() -> Path:
    """Return the folder of the adult data set: `ADULT_XRAY_DIR`, or `data/adults` if it is unset or empty."""
    return Path(os.environ.get("ADULT_XRAY_DIR") or DEFAULT_ADULT_ROOT)


def load_adult_index(root: Path) -> list[LabelledImage]:
    """List all adult images, ordered as in labels.csv.

    Raises:
        DatasetUnusable: A table or an image is missing, or a table is empty or malformed. The message names the line.
    """
    boxes = read_boxes(root, BOXES_FILE)
    lung_boxes = read_boxes(root, LUNG_BOXES_FILE) if (root / LUNG_BOXES_FILE).exists() else {}
    records: dict[str, LabelledImage] = {}
    for line, row in read_rows(root, LABELS_FILE, LABEL_COLUMNS):
        try:
            if row["file"] in records:
                raise InvalidColumn("file")
            records[row["file"]] = _labelled_image(root, row, boxes, lung_boxes)
        except InvalidColumn as error:
            code = MessageCode.ADULT_LABEL_INVALID
            raise DatasetUnusable(code, folder=str(root), line=line, column=str(error)) from error
    if not records:
        raise DatasetUnusable(MessageCode.ADULT_DATASET_EMPTY, folder=str(root))
    missing = [record for record in records.values() if not record.path.is_file()]
    if missing:
        raise DatasetUnusable(MessageCode.ADULT_IMAGE_MISSING, folder=str(root), file=missing[0].relative_path)
    return list(records.values())


def _labelled_image(
    root: Path, row: dict[str, str], boxes: dict[str, list[RelativeBox]], lung_boxes: dict[str, list[RelativeBox]]
) -> LabelledImage:
    """Return the record of one row. An image with pneumonia but without a box is not annotated.

    Raises:
        InvalidColumn: A column has a value that is not accepted.
    """
    label, appearance = _label(row["label"]), _appearance(row["appearance"])
    if (label is Label.NORMAL) != (appearance is Appearance.NEGATIVE):
        raise InvalidColumn("appearance")
    if not _is_in_class_folder(row["file"], label):
        raise InvalidColumn("file")
    if not row["patient"].strip():
        raise InvalidColumn("patient")
    if row["test"] not in SPLIT_BY_TEST_FLAG:
        raise InvalidColumn("test")
    annotated = tuple(boxes.get(row["file"], ()))
    return LabelledImage(
        root / row["file"],
        SPLIT_BY_TEST_FLAG[row["test"]],
        label,
        patient=row["patient"],
        group=row["patient"],
        cause=str(appearance),
        population=Population.ADULTS,
        opacities=annotated if annotated or label is Label.NORMAL else None,
        lung_box=next(iter(lung_boxes.get(row["file"], ())), None),
    )


def _label(text: str) -> Label:
    try:
        return Label(text.upper())
    except ValueError as error:
        raise InvalidColumn("label") from error


def _appearance(text: str) -> Appearance:
    try:
        return Appearance(text)
    except ValueError as error:
        raise InvalidColumn("appearance") from error


def _is_in_class_folder(file: str, label: Label) -> bool:
    """Return whether a path is a file name in the folder of the class, so that it cannot leave the data set."""
    folder, _, name = file.partition("/")
    return folder == label.lower() and name not in ("", ".", "..") and not set(name) & {"/", "\\", ":", "\0"}
