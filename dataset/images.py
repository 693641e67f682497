"""Decoding of labelled images."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from dataset.index import LabelledImage
from model.imaging.decode import decode
from model.imaging.preprocessing import PreparedImage


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


def decode_image(record: LabelledImage) -> DecodedImage:
    """Decode the file of a labelled image.

    Raises:
        FileRefused: The file is not a readable image.
        OSError: The file does not exist or cannot be opened.
    """
    radiograph = decode(record.path.read_bytes())
    return DecodedImage(PreparedImage.from_radiograph(radiograph), radiograph.height, radiograph.width)
