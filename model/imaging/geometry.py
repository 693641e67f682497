"""Regions of a radiograph in relative coordinates, which are independent of image size."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class RelativeBox:
    """Edges as fractions (0-1) of the radiograph's width and height; left < right, top < bottom."""

    left: float
    top: float
    right: float
    bottom: float

    def expanded(self, margin: float) -> Self:
        """Return the box enlarged on each side by a fraction of its own width or height, clipped to the radiograph."""
        horizontal, vertical = margin * (self.right - self.left), margin * (self.bottom - self.top)
        return type(self)(
            max(0.0, self.left - horizontal),
            max(0.0, self.top - vertical),
            min(1.0, self.right + horizontal),
            min(1.0, self.bottom + vertical),
        )

    def to_pixels(self, height: int, width: int) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom in pixels, for an image of this height and width."""
        return self.left * width, self.top * height, self.right * width, self.bottom * height


WHOLE_IMAGE = RelativeBox(0.0, 0.0, 1.0, 1.0)


def resize(pixels: np.ndarray, height: int, width: int, box: RelativeBox = WHOLE_IMAGE) -> np.ndarray:
    """Resize a region of an image; height and width are scaled independently.

    Args:
        pixels: float32 (any height, any width).
        height: Number of rows of the result.
        width: Number of columns of the result.
        box: Region to resize.

    Returns:
        float32 (height, width), in the range of the input. The support of the triangle filter grows with the
        reduction, so fine detail is averaged instead of aliased. `pixels` itself is returned if nothing changes.
    """
    if pixels.shape == (height, width) and box == WHOLE_IMAGE:
        return pixels
    return np.asarray(
        Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR, box.to_pixels(*pixels.shape))
    )
