"""From a radiograph to what the networks see; training and reading share this code."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from PIL import Image

from model.imaging.geometry import WHOLE, Box
from model.imaging.radiograph import ClinicalFile, Radiograph

# Every radiograph is brought to this size first, and all networks see parts of that: a part cut from the file itself
# would be sharper the larger the file is, and the size of the file tells the class in the public set.
WORKING_SIDE = 224  # pixels
# Named in the release, so that a change of method makes an old release refuse instead of reading a little wrong.
RESIZE_METHOD = f"bilinear, antialiased, sides independently, through {WORKING_SIDE} x {WORKING_SIDE}"


def resize(pixels: np.ndarray, height: int, width: int, box: Box = WHOLE) -> np.ndarray:
    """Resize a part of a picture to (height, width), sides independently.

    Args:
        pixels: float32 (any height, any width).
        height: rows wanted.
        width: columns wanted.
        box: the part.

    Returns:
        float32 (height, width), in the range of the input; the support of the triangle filter grows with the
        reduction, so that fine detail is averaged and not aliased.
    """
    if pixels.shape == (height, width) and box == WHOLE:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR, box.on(*pixels.shape)))


def working_picture(radiograph: Radiograph) -> np.ndarray:
    """The whole radiograph at the size that everything is cut from: float32 (WORKING_SIDE, WORKING_SIDE), 0-255."""
    return resize(radiograph.pixels, WORKING_SIDE, WORKING_SIDE)


@dataclass(frozen=True, eq=False)
class Film:
    """A radiograph at the working size, with what else decides whether it may be read: small, whatever its own size.

    working: its working picture, see `working_picture`.
    least_side: its own shorter side, in pixels.
    colourfulness, clinical: as of `Radiograph`.
    """

    working: np.ndarray
    least_side: int
    colourfulness: float
    clinical: ClinicalFile | None

    @classmethod
    def of(cls, radiograph: Radiograph) -> Self:
        """The film of a radiograph."""
        least_side = min(radiograph.height, radiograph.width)
        return cls(working_picture(radiograph), least_side, radiograph.colourfulness, radiograph.clinical)
