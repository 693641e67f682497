"""Tables of the adult data set: rows with their line numbers, and boxes."""

import csv
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from dataset.errors import DatasetUnusable
from model.imaging.geometry import RelativeBox
from model.messages import MessageCode

LABELS_FILE, BOXES_FILE, LUNG_BOXES_FILE = "labels.csv", "boxes.csv", "lung_boxes.csv"
BOX_SIDE = 256  # pixels of the images, in which boxes are measured
BOX_NUMBERS = ("x", "y", "width", "height")


class InvalidColumn(ValueError):
    """A column of a row has a value that is not accepted. The message is the name of the column."""


def read_rows(root: Path, table: str, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Read a table of the data set. Columns that are not listed are ignored.

    Yields:
        Line number, and the values of the columns.

    Raises:
        DatasetUnusable: The table is missing or not a CSV file in UTF-8, lacks a column, or has a short row.
    """
    try:
        with (root / table).open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if missing := [name for name in columns if name not in (reader.fieldnames or ())]:
                code = MessageCode.ADULT_COLUMNS_MISSING
                raise DatasetUnusable(code, folder=str(root), table=table, columns=", ".join(missing))
            for row in reader:
                if any(row[name] is None for name in columns):
                    code = MessageCode.ADULT_ROW_TOO_SHORT
                    raise DatasetUnusable(code, folder=str(root), table=table, line=reader.line_num)
                yield reader.line_num, {name: row[name] for name in columns}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetUnusable(MessageCode.ADULT_DATASET_UNUSABLE, folder=str(root), table=table) from error


def read_boxes(root: Path, table: str) -> dict[str, list[RelativeBox]]:
    """Read a table of boxes in pixels.

    Returns:
        Boxes by path of the image within the data set.

    Raises:
        DatasetUnusable: The table is missing or malformed, or a box is empty or outside its image.
    """
    boxes = defaultdict(list)
    for line, row in read_rows(root, table, ("file", *BOX_NUMBERS)):
        try:
            boxes[row["file"]].append(_relative_box(*(float(row[name]) for name in BOX_NUMBERS)))
        except ValueError as error:
            code = MessageCode.ADULT_BOX_INVALID
            raise DatasetUnusable(code, folder=str(root), table=table, line=line, side=BOX_SIDE) from error
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
