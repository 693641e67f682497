"""Decoding of labelled images."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from dataset.index import LabelledImage
from model.imaging.decode import decode
from model.imaging.preprocessing import PreparedImage
from model.limits import MAX_BYTES


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """Working image and original size of a file.

    Attributes:
        prepared: Working image and other inputs of the admission check.
        height: Rows of the original image.
        width: Columns of the original image.
    """

    prepared: PreparedImage
    height: int
    width: int


ImageDecoder: TypeAlias = Callable[[LabelledImage], DecodedImage]


def read_image_file(path: Path) -> bytes:
    """Read at most MAX_BYTES + 1 bytes of a file, which is enough for `decode` to refuse a file that is too large.

    Raises:
        OSError: The file does not exist or cannot be opened.
    """
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def decode_image(record: LabelledImage) -> DecodedImage:
    """Decode the file of a labelled image.

    Raises:
        FileRefused: The file is not a readable image.
        OSError: The file does not exist or cannot be opened.
    """
    radiograph = decode(read_image_file(record.path))
    return DecodedImage(PreparedImage.from_radiograph(radiograph), radiograph.height, radiograph.width)
