"""Index of the adult radiographs: SIIM-FISABIO-RSNA 2021, with radiologists' labels and opacity boxes.

The folder holds `labels.csv` (file, label, appearance, patient, test) and `boxes.csv` (file, x, y, width, height in
pixels of the image). Images are BOX_SIDE pixels wide and high. A fixed fifth of the patients (test = 1) is the test
split.
"""

import csv
import math
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from dataset.errors import DatasetUnusable
from dataset.index import OFFICIAL_TEST_SPLIT, LabelledImage
from model.codes import Label, Population
from model.imaging.geometry import RelativeBox
from model.messages import MessageCode

DEFAULT_ADULT_ROOT = Path("data/adults")
LABELS_FILE, BOXES_FILE = "labels.csv", "boxes.csv"
BOX_SIDE = 256  # pixels
SPLIT_BY_TEST_FLAG = {"0": "train", "1": OFFICIAL_TEST_SPLIT}


def adult_root() -> Path:
    """Return the folder of the adult data set: `ADULT_XRAY_DIR`, or `data/adults` if it is unset or empty."""
    return Path(os.environ.get("ADULT_XRAY_DIR") or DEFAULT_ADULT_ROOT)


def load_adult_index(root: Path) -> list[LabelledImage]:
    """List all adult images, ordered as in labels.csv.

    Raises:
        DatasetUnusable: A table or an image is missing, or a table is malformed.
    """
    try:
        boxes = _read_boxes(root / BOXES_FILE)
        records = [_labelled_image(root, row, boxes) for row in _rows(root / LABELS_FILE)]
    except (OSError, LookupError, ValueError, csv.Error) as error:
        raise DatasetUnusable(MessageCode.ADULT_DATASET_UNUSABLE, folder=str(root)) from error
    if missing := [record for record in records if not record.path.is_file()]:
        raise DatasetUnusable(MessageCode.ADULT_IMAGE_MISSING, folder=str(root), file=missing[0].relative_path)
    return records


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if None in row.values():
                raise ValueError(f"a row of {path.name} is too short")
            yield row


def _read_boxes(path: Path) -> dict[str, list[RelativeBox]]:
    boxes = defaultdict(list)
    for row in _rows(path):
        boxes[row["file"]].append(_relative_box(*(float(row[name]) for name in ("x", "y", "width", "height"))))
    return boxes


def _relative_box(x: float, y: float, width: float, height: float) -> RelativeBox:
    """Convert a box in pixels, clipped to the image: a few boxes begin a fraction of a pixel outside.

    Raises:
        ValueError: Nothing of the box is inside the image, or a number is not finite.
    """
    if not all(map(math.isfinite, (x, y, width, height))):
        raise ValueError("a box is not finite")
    left, top, right, bottom = (min(max(edge / BOX_SIDE, 0.0), 1.0) for edge in (x, y, x + width, y + height))
    if left >= right or top >= bottom:
        raise ValueError("a box is empty or outside the image")
    return RelativeBox(left, top, right, bottom)


def _labelled_image(root: Path, row: dict[str, str], boxes: dict[str, list[RelativeBox]]) -> LabelledImage:
    """Return the record of one row. An image with pneumonia but without a box is not annotated."""
    label = Label(row["label"].upper())
    annotated = tuple(boxes.get(row["file"], ()))
    return LabelledImage(
        root / row["file"],
        SPLIT_BY_TEST_FLAG[row["test"]],
        label,
        patient=row["patient"],
        group=row["patient"],
        cause=row["appearance"],
        population=Population.ADULTS,
        opacities=annotated if annotated or label is Label.NORMAL else None,
    )
