"""Whether a picture may be read: accepted, accepted with cautions, or refused, and why, in words for a clinician."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from model.codes import Caution, RefusalReason
from model.imaging.radiograph import Radiograph


class Decision(StrEnum):
    """What becomes of a picture."""

    ACCEPT = "accept"
    CAUTION = "caution"
    REFUSE = "refuse"


_TURNS = ("", "by 90° clockwise", "by 180°", "by 90° counterclockwise")


@dataclass(frozen=True)
class Correction:
    """One step that makes a refused picture one that may be read.

    turns: quarter turns clockwise, 0-3, after which it stands upright; invert: black and white are swapped first.
    """

    turns: int
    invert: bool

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels float32 (height, width), 0-255, put right: contiguous, width and height swapped by odd turns."""
        upright = np.rot90(pixels, -self.turns)
        return np.ascontiguousarray(255 - upright if self.invert else upright)

    def apply_correction(self, radiograph: Radiograph) -> Radiograph:
        """The radiograph with this remedy applied; what its file tells of its size turns with it."""
        metadata = radiograph.metadata
        if metadata and metadata.size_millimetres and self.turns % 2:
            metadata = replace(metadata, size_millimetres=metadata.size_millimetres[::-1])
        return replace(radiograph, pixels=self.apply(radiograph.pixels), metadata=metadata)

    @property
    def corrects(self) -> tuple[RefusalReason, ...]:
        """What it puts right."""
        return (RefusalReason.INVERTED,) * self.invert + (RefusalReason.ROTATED,) * (self.turns > 0)

    @property
    def button_label(self) -> str:
        """What it does, as the words of a button."""
        steps = ["swap black and white"] * self.invert + [f"turn {_TURNS[self.turns]}"] * (self.turns > 0)
        return " and ".join(steps).capitalize()

    @property
    def past_tense(self) -> str:
        """What was done, once it was."""
        steps = ["black and white swapped"] * self.invert + [f"turned {_TURNS[self.turns]}"] * (self.turns > 0)
        return " and ".join(steps).capitalize()


@dataclass(frozen=True)
class AdmissionDecision:
    """What the check says of one picture.

    refusals: why it must not be read, the main reason first; none where it may be.
    cautions: what the reader of its finding should know.
    remedy: one step that helps, where one does; only of a refused picture.
    """

    refusals: tuple[RefusalReason, ...] = ()
    cautions: tuple[Caution, ...] = ()
    correction: Correction | None = None

    @property
    def decision(self) -> Decision:
        """Refused, accepted with cautions, or accepted."""
        if self.refusals:
            return Decision.REFUSE
        return Decision.CAUTION if self.cautions else Decision.ACCEPT
