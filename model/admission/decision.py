"""Decision of the admission check: accepted, accepted with cautions, or refused, with a correction if possible."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from model.codes import Caution, RefusalReason
from model.imaging.grey_range import image_uses_grey_range
from model.imaging.radiograph import Radiograph


class Decision(StrEnum):
    """Outcome of the admission check."""

    ACCEPT = "accept"
    CAUTION = "caution"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Correction:
    """A rotation, an inversion or both that make a refused image admissible.

    Attributes:
        turns: Quarter turns clockwise, 0-3, that turn the image upright.
        invert: Whether black and white are swapped first.
    """

    turns: int
    invert: bool

    def apply_to_pixels(self, pixels: np.ndarray) -> np.ndarray:
        """Return corrected pixels.

        Args:
            pixels: float32 (height, width), 0-255.

        Returns:
            A contiguous array of the same type and range; an odd number of turns swaps height and width.
        """
        upright = np.rot90(pixels, -self.turns)
        return np.ascontiguousarray(255 - upright if self.invert else upright)

    def apply_to_radiograph(self, radiograph: Radiograph) -> Radiograph:
        """Return the corrected radiograph; an odd number of turns also swaps the height and width in its metadata."""
        metadata = radiograph.metadata
        if metadata and metadata.size_millimetres and self.turns % 2:
            metadata = replace(metadata, size_millimetres=metadata.size_millimetres[::-1])
        pixels = self.apply_to_pixels(radiograph.pixels)
        cautions = self.remaining_cautions(radiograph.cautions, pixels)
        return replace(radiograph, pixels=pixels, metadata=metadata, cautions=cautions)

    def remaining_cautions(self, cautions: tuple[Caution, ...], corrected: np.ndarray) -> tuple[Caution, ...]:
        """Return the cautions about a file that still apply after the correction.

        The white background of an inverted image looks like the cut-off white of a wrong window.

        Args:
            cautions: Cautions about the file.
            corrected: Corrected pixels, float32 (height, width), 0-255.
        """
        if not (self.invert and image_uses_grey_range(corrected)):
            return cautions
        return tuple(caution for caution in cautions if caution is not Caution.WINDOW_IMPLAUSIBLE)

    @property
    def corrects(self) -> tuple[RefusalReason, ...]:
        """Reasons for refusal that this correction removes."""
        return (RefusalReason.INVERTED,) * self.invert + (RefusalReason.ROTATED,) * (self.turns > 0)


@dataclass(frozen=True)
class AdmissionDecision:
    """What the admission check decided about one image.

    Attributes:
        refusals: Reasons why the image must not be read, the main reason first; empty if it may be read.
        cautions: Limitations of the finding.
        correction: Correction that makes a refused image admissible; None if there is none.
    """

    refusals: tuple[RefusalReason, ...] = ()
    cautions: tuple[Caution, ...] = ()
    correction: Correction | None = None

    @property
    def decision(self) -> Decision:
        """Refuse if there are refusals, caution if there are cautions, else accept."""
        if self.refusals:
            return Decision.REFUSE
        return Decision.CAUTION if self.cautions else Decision.ACCEPT
