"""What of a radiograph the reader network sees: all of it, the box of the lungs, or the lungs alone."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy import ndimage

from model.imaging.geometry import WHOLE, Box
from model.imaging.preprocessing import resize
from model.inference.lung_segmentation import Lungs

ROOM = 0.03  # of the side: how far around the lung fields `outside_dark` keeps the picture, for errors of their edge


class Part(StrEnum):
    """The part of the radiograph that is seen."""

    WHOLE = "whole"
    LUNG_BOX = "lung box"
    LUNGS_ALONE = "lungs alone"  # their box, with everything outside the fields dark


@dataclass(frozen=True)
class View:
    """A part, and the share of the lungs' width and height that is kept on each side of their box."""

    part: Part
    margin: float

    def __post_init__(self) -> None:
        if not 0 <= self.margin <= 1:
            raise ValueError(f"margin: a share, 0-1, expected, got {self.margin}")

    def box(self, lungs: Lungs | None) -> Box:
        """The box that is seen; the whole radiograph where no lungs were found."""
        return WHOLE if self.part is Part.WHOLE or lungs is None else lungs.box.widened(self.margin)

    def shown(self, working: np.ndarray, lungs: Lungs | None) -> np.ndarray:
        """The working picture as the view leaves it before the box is cut out: same shape, type and range."""
        return outside_dark(working, lungs) if self.part is Part.LUNGS_ALONE and lungs else working

    def look(self, working: np.ndarray, lungs: Lungs | None, side: int) -> np.ndarray:
        """The network's input, float32 (1, side, side, 1), 0-255, from the working picture."""
        return resize(self.shown(working, lungs), side, side, self.box(lungs))[np.newaxis, :, :, np.newaxis]


def outside_dark(picture: np.ndarray, lungs: Lungs) -> np.ndarray:
    """The picture, float32 (height, width), with everything outside the lung fields, and a little room, black."""
    return picture * near_lungs(lungs, *picture.shape)


def near_lungs(lungs: Lungs, height: int, width: int) -> np.ndarray:
    """float32 (height, width): 1 on the lung fields and within ROOM of them, 0 elsewhere."""
    reach = max(1, round(ROOM * lungs.fields.shape[0]))
    near = ndimage.binary_dilation(lungs.fields, iterations=reach)
    return (resize(near.astype(np.float32), height, width) >= 0.5).astype(np.float32)
