"""A part of a radiograph, in shares of its sides, so that it holds at any size."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Box:
    """Edges as shares (0-1) of the radiograph's width and height; left < right, top < bottom."""

    left: float
    top: float
    right: float
    bottom: float

    def widened(self, margin: float) -> Self:
        """Grown on each side by a share of its own width or height, as far as the radiograph goes."""
        across, down = margin * (self.right - self.left), margin * (self.bottom - self.top)
        return type(self)(
            max(0.0, self.left - across),
            max(0.0, self.top - down),
            min(1.0, self.right + across),
            min(1.0, self.bottom + down),
        )

    def on(self, height: int, width: int) -> tuple[float, float, float, float]:
        """Left, top, right and bottom in pixels of a picture of this height and width."""
        return self.left * width, self.top * height, self.right * width, self.bottom * height


WHOLE = Box(0.0, 0.0, 1.0, 1.0)
