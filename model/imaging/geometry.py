"""A part of a radiograph, in shares of its sides, so that it holds at any size."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class RelativeBox:
    """Edges as shares (0-1) of the radiograph's width and height; left < right, top < bottom."""

    left: float
    top: float
    right: float
    bottom: float

    def expanded(self, margin: float) -> Self:
        """Grown on each side by a share of its own width or height, as far as the radiograph goes."""
        across, down = margin * (self.right - self.left), margin * (self.bottom - self.top)
        return type(self)(
            max(0.0, self.left - across),
            max(0.0, self.top - down),
            min(1.0, self.right + across),
            min(1.0, self.bottom + down),
        )

    def to_pixels(self, height: int, width: int) -> tuple[float, float, float, float]:
        """Left, top, right and bottom in pixels of a picture of this height and width."""
        return self.left * width, self.top * height, self.right * width, self.bottom * height


WHOLE_IMAGE = RelativeBox(0.0, 0.0, 1.0, 1.0)


def resize(pixels: np.ndarray, height: int, width: int, box: RelativeBox = WHOLE_IMAGE) -> np.ndarray:
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
    if pixels.shape == (height, width) and box == WHOLE_IMAGE:
        return pixels
    return np.asarray(
        Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR, box.to_pixels(*pixels.shape))
    )
