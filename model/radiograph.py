"""The decoded picture, the same whatever file it came from."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Radiograph:
    """One decoded radiograph.

    pixels: float32 (height, width), 0-255, bright = dense (MONOCHROME2), upright as the file's own orientation says.
    source_format: what the file's content said it is ("PNG", "JPEG").
    bits: significant bits per grey sample in the file, 1-16.
    """

    pixels: np.ndarray
    source_format: str
    bits: int

    def __post_init__(self) -> None:
        if self.pixels.ndim != 2 or self.pixels.dtype != np.float32 or 0 in self.pixels.shape:
            raise ValueError(f"pixels: float32 (height, width) expected, got {self.pixels.dtype} {self.pixels.shape}")

    @property
    def height(self) -> int:
        """Rows."""
        return self.pixels.shape[0]

    @property
    def width(self) -> int:
        """Columns."""
        return self.pixels.shape[1]
