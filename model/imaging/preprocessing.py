"""The working image: every radiograph resized to the one size that all networks start from, in training and in use."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from model.codes import Caution
from model.imaging.geometry import resize
from model.imaging.radiograph import DicomMetadata, Radiograph

# Pixels. Every radiograph is resized to this side first, and every network input is cropped from the result. If regions
# were cropped from the file itself, larger images would give sharper regions, and in the public data set image size
# predicts the class.
WORKING_SIDE = 224
# Part of the release: a release made with another method is refused, because its findings would be slightly wrong.
RESIZE_METHOD = f"bilinear, antialiased, sides independently, through {WORKING_SIDE} x {WORKING_SIDE}"


def working_image(radiograph: Radiograph) -> np.ndarray:
    """Return the whole radiograph at the working size: float32 (WORKING_SIDE, WORKING_SIDE), 0-255."""
    return resize(radiograph.pixels, WORKING_SIDE, WORKING_SIDE)


@dataclass(frozen=True, eq=False)
class PreparedImage:
    """A working image and the other data for the admission check. Its memory use is the same for every radiograph.

    Attributes:
        working: See `working_image`.
        shorter_side: Shorter side of the radiograph in pixels.
        colourfulness: See `Radiograph`.
        metadata: See `Radiograph`.
        cautions: See `Radiograph`.
    """

    working: np.ndarray
    shorter_side: int
    colourfulness: float
    metadata: DicomMetadata | None
    cautions: tuple[Caution, ...] = ()

    @classmethod
    def from_radiograph(cls, radiograph: Radiograph) -> Self:
        """Prepare a radiograph."""
        return cls(
            working=working_image(radiograph),
            shorter_side=min(radiograph.height, radiograph.width),
            colourfulness=radiograph.colourfulness,
            metadata=radiograph.metadata,
            cautions=radiograph.cautions,
        )
