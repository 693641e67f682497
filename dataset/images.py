"""Decoding of labelled images."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from dataset.index import LabelledImage
from model.imaging.decode import decode
from model.imaging.preprocessing import PreparedImage


@dataclass(frozen=True, eq=False)
class DecodedImage:
    """The working image of a file and the size of the file's own image.

    Attributes:
        prepared: The working image, and what else the admission check needs.
        height: Rows of the file's image.
        width: Columns of the file's image.
    """

    prepared: PreparedImage
    height: int
    width: int


ImageDecoder: TypeAlias = Callable[[LabelledImage], DecodedImage]


def decode_image(record: LabelledImage) -> DecodedImage:
    """Decode the file of a labelled image.

    Raises:
        FileRefused: The file is not an image that can be read.
        OSError: The file does not exist or cannot be opened.
    """
    radiograph = decode(record.path.read_bytes())
    return DecodedImage(PreparedImage.from_radiograph(radiograph), radiograph.height, radiograph.width)
