"""What of a radiograph the reader network sees: all of it, the box of the lungs, or the lungs alone."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy import ndimage

from model.imaging.geometry import WHOLE_IMAGE, RelativeBox, resize
from model.inference.lung_segmentation import LungMask

LUNG_MARGIN = (
    0.03  # of the side: how far around the lung fields `mask_outside_lungs` keeps the picture, for errors of their edge
)


class RegionKind(StrEnum):
    """The part of the radiograph that is seen."""

    WHOLE = "whole"
    LUNG_BOX = "lung box"
    LUNGS_ALONE = "lungs alone"  # their box, with everything outside the fields dark


@dataclass(frozen=True)
class InputRegion:
    """A part, and the share of the lungs' width and height that is kept on each side of their box."""

    part: RegionKind
    margin: float

    def __post_init__(self) -> None:
        if not 0 <= self.margin <= 1:
            raise ValueError(f"margin: a share, 0-1, expected, got {self.margin}")

    def box(self, lungs: LungMask | None) -> RelativeBox:
        """The box that is seen; the whole radiograph where no lungs were found."""
        return WHOLE_IMAGE if self.part is RegionKind.WHOLE or lungs is None else lungs.box.expanded(self.margin)

    def mask(self, working: np.ndarray, lungs: LungMask | None) -> np.ndarray:
        """The working picture as the view leaves it before the box is cut out: same shape, type and range."""
        return mask_outside_lungs(working, lungs) if self.part is RegionKind.LUNGS_ALONE and lungs else working

    def network_input(self, working: np.ndarray, lungs: LungMask | None, side: int) -> np.ndarray:
        """The network's input, float32 (1, side, side, 1), 0-255, from the working picture."""
        return resize(self.mask(working, lungs), side, side, self.box(lungs))[np.newaxis, :, :, np.newaxis]


def mask_outside_lungs(picture: np.ndarray, lungs: LungMask) -> np.ndarray:
    """The picture, float32 (height, width), with everything outside the lung fields, and a little room, black."""
    return picture * dilated_lung_mask(lungs, *picture.shape)


def dilated_lung_mask(lungs: LungMask, height: int, width: int) -> np.ndarray:
    """float32 (height, width): 1 on the lung fields and within ROOM of them, 0 elsewhere."""
    reach = max(1, round(LUNG_MARGIN * lungs.fields.shape[0]))
    near = ndimage.binary_dilation(lungs.fields, iterations=reach)
    return (resize(near.astype(np.float32), height, width) >= 0.5).astype(np.float32)
