"""From a radiograph to what the networks see; training and reading share this code."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from model.imaging.geometry import resize
from model.imaging.radiograph import DicomMetadata, Radiograph

# Every radiograph is brought to this size first, and all networks see parts of that: a part cut from the file itself
# would be sharper the larger the file is, and the size of the file tells the class in the public set.
WORKING_SIDE = 224  # pixels
# Named in the release, so that a change of method makes an old release refuse instead of reading a little wrong.
RESIZE_METHOD = f"bilinear, antialiased, sides independently, through {WORKING_SIDE} x {WORKING_SIDE}"


def working_image(radiograph: Radiograph) -> np.ndarray:
    """The whole radiograph at the size that everything is cut from: float32 (WORKING_SIDE, WORKING_SIDE), 0-255."""
    return resize(radiograph.pixels, WORKING_SIDE, WORKING_SIDE)


@dataclass(frozen=True, eq=False)
class PreparedImage:
    """A radiograph at the working size, with what else decides whether it may be read: small, whatever its own size.

    working: its working picture, see `working_image`.
    least_side: its own shorter side, in pixels.
    colourfulness, clinical: as of `Radiograph`.
    """

    working: np.ndarray
    shorter_side: int
    colourfulness: float
    metadata: DicomMetadata | None

    @classmethod
    def from_radiograph(cls, radiograph: Radiograph) -> Self:
        """The film of a radiograph."""
        least_side = min(radiograph.height, radiograph.width)
        return cls(working_image(radiograph), least_side, radiograph.colourfulness, radiograph.metadata)
