"""Input region: the part of a radiograph that the pneumonia network sees."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy import ndimage

from model.imaging.geometry import WHOLE_IMAGE, RelativeBox, resize
from model.imaging.intensity import Intensity, normalise_intensity
from model.inference.lung_segmentation import LungMask

LUNG_MARGIN = 0.03  # share of the image side kept around the lungs, because the edge of their mask is not exact


class RegionKind(StrEnum):
    """Kind of input region; the values are those in model.json."""

    WHOLE = "whole"
    LUNG_BOX = "lung box"
    LUNGS_ALONE = "lungs alone"  # the lung box, black outside the lungs


@dataclass(frozen=True)
class InputRegion:
    """The part of a radiograph that the pneumonia network sees.

    Attributes:
        kind: Whole radiograph, lung box, or lungs alone.
        margin: Share of the width and height of the lung box, 0-1, that is added on each side.
        intensity: How the intensity within the region is normalised.
    """

    kind: RegionKind
    margin: float
    intensity: Intensity = Intensity.UNCHANGED

    def __post_init__(self) -> None:
        if not 0 <= self.margin <= 1:
            raise ValueError(f"margin must be between 0 and 1, got {self.margin}")

    def box(self, lungs: LungMask | None) -> RelativeBox:
        """Return the box of the region, or the whole radiograph if no lungs were found."""
        return WHOLE_IMAGE if self.kind is RegionKind.WHOLE or lungs is None else lungs.box.expanded(self.margin)

    def mask(self, working: np.ndarray, lungs: LungMask | None) -> np.ndarray:
        """Return the working image, black outside the lungs if `kind` is LUNGS_ALONE; same shape, type and range."""
        return mask_outside_lungs(working, lungs) if self.kind is RegionKind.LUNGS_ALONE and lungs else working

    def network_input(self, working: np.ndarray, lungs: LungMask | None, side: int) -> np.ndarray:
        """Crop a working image to the region and resize it.

        Args:
            working: float32 (WORKING_SIDE, WORKING_SIDE), 0-255.
            lungs: Lung mask; None if no lungs were found.
            side: Height and width of the network's input.

        Returns:
            float32 (1, side, side, 1), 0-255.
        """
        return self.crop(self.mask(working, lungs), self.box(lungs), side)[np.newaxis, :, :, np.newaxis]

    def crop(self, working: np.ndarray, box: RelativeBox, side: int) -> np.ndarray:
        """Crop a masked working image to the box of the region, resize it and normalise its intensity.

        Args:
            working: float32 (WORKING_SIDE, WORKING_SIDE), 0-255, from `mask`.
            box: Box of the region, from the method `box`.
            side: Height and width of the result.

        Returns:
            float32 (side, side), 0-255.
        """
        return normalise_intensity(resize(working, side, side, box), self.intensity)


def mask_outside_lungs(image: np.ndarray, lungs: LungMask) -> np.ndarray:
    """Make an image, float32 (height, width), black except on the lungs and within LUNG_MARGIN of them."""
    height, width = image.shape
    masked: np.ndarray = image * dilated_lung_mask(lungs, height, width)
    return masked


def dilated_lung_mask(lungs: LungMask, height: int, width: int) -> np.ndarray:
    """Return float32 (height, width): 1 on the lungs and within LUNG_MARGIN of them, 0 elsewhere."""
    iterations = max(1, round(LUNG_MARGIN * lungs.fields.shape[0]))
    dilated = ndimage.binary_dilation(lungs.fields, iterations=iterations)
    mask: np.ndarray = (resize(dilated.astype(np.float32), height, width) >= 0.5).astype(np.float32)
    return mask
