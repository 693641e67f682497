"""The working image: a radiograph at the one size that all networks start from, in training and in use."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from model.imaging.geometry import resize
from model.imaging.radiograph import DicomMetadata, Radiograph

# Pixels. Every radiograph is resized to this side first, and every network input is cut from the result. A region cut
# from the file itself would be sharper the larger the file is, and file size predicts the class in the public data set.
WORKING_SIDE = 224
# Part of the release, so that a release made with another method is refused instead of giving slightly wrong findings.
RESIZE_METHOD = f"bilinear, antialiased, sides independently, through {WORKING_SIDE} x {WORKING_SIDE}"


def working_image(radiograph: Radiograph) -> np.ndarray:
    """Return the whole radiograph at the working size: float32 (WORKING_SIDE, WORKING_SIDE), 0-255."""
    return resize(radiograph.pixels, WORKING_SIDE, WORKING_SIDE)


@dataclass(frozen=True, eq=False)
class PreparedImage:
    """A working image and what else the admission check needs; of constant size, however large the radiograph.

    Attributes:
        working: the working image, see `working_image`.
        shorter_side: of the radiograph, in pixels.
        colourfulness: see `Radiograph`.
        metadata: see `Radiograph`.
    """

    working: np.ndarray
    shorter_side: int
    colourfulness: float
    metadata: DicomMetadata | None

    @classmethod
    def from_radiograph(cls, radiograph: Radiograph) -> Self:
        """Prepare a radiograph."""
        shorter_side = min(radiograph.height, radiograph.width)
        return cls(working_image(radiograph), shorter_side, radiograph.colourfulness, radiograph.metadata)
