"""Whether a picture may be read: accepted, accepted with cautions, or refused, and why, in words for a clinician."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from model.imaging.radiograph import Radiograph

LEAST_SIDE = 128  # pixels: on a shorter side a lung has fewer than fifty across


class Decision(StrEnum):
    """What becomes of a picture."""

    ACCEPT = "accept"
    CAUTION = "caution"
    REFUSE = "refuse"


class Code(StrEnum):
    """Why a picture is refused, or what the reader of its finding should know; exports carry these words."""

    TOO_SMALL = "too_small"
    NOT_A_RADIOGRAPH = "not_a_radiograph"
    NO_LUNGS = "no_lungs"
    INVERTED = "inverted"
    ROTATED = "rotated"
    CROPPED = "cropped"
    NO_CONTRAST = "no_contrast"
    UNFAMILIAR = "unfamiliar"
    MIRRORED = "mirrored"
    LOW_QUALITY = "low_quality"
    NEAR_DUPLICATE = "near_duplicate"
    REMEDIED = "remedied"

    @property
    def sentence(self) -> str:
        """What the check saw, and what to do."""
        return _SENTENCES[self]


_SENTENCES = {
    Code.TOO_SMALL: (
        f"The picture is too small to judge lungs: at least {LEAST_SIDE} pixels on the shorter side are accepted. "
        "Export the radiograph in its full size and choose that file."
    ),
    Code.NOT_A_RADIOGRAPH: (
        "This does not look like a chest radiograph. It may be a photograph, a drawing, a document, a screenshot, or "
        "another part of the body. Choose a file that shows a frontal chest radiograph and nothing else."
    ),
    Code.NO_LUNGS: (
        "No two lungs of plausible size and place were found. It may be a side view, another part of the body, or a "
        "CT or MR slice. Choose the frontal chest radiograph."
    ),
    Code.INVERTED: (
        "Black and white seem to be swapped: lungs should be dark and bones bright. Swap them, or export the "
        "radiograph anew without inversion."
    ),
    Code.ROTATED: "The radiograph seems to be turned. Turn it upright, with the head at the top.",
    Code.CROPPED: (
        "Only a part of the chest is in the picture. Choose the whole frontal film, with both lungs from top to bottom."
    ),
    Code.NO_CONTRAST: (
        "Too little is left between dark and bright: the picture is washed out, or its greys are cut off. Export the "
        "radiograph with its whole range of grey values."
    ),
    Code.UNFAMILIAR: (
        "This radiograph is unlike those that the reader was trained on, so its figures may not hold here. Give your "
        "own look more weight."
    ),
    Code.MIRRORED: (
        "Left and right may be swapped: the heart seems to lie on the wrong side. Check the side marker of the film."
    ),
    Code.LOW_QUALITY: (
        "The picture is unusually coarse, blurred or noisy, so fine opacities may be lost. Use the original file if "
        "there is one."
    ),
    Code.NEAR_DUPLICATE: (
        "This film, or one nearly the same, was among those that the reader was trained on. The finding shows what it "
        "was taught rather than how well it reads."
    ),
    Code.REMEDIED: "The picture was turned, or its black and white swapped, at the user's wish before it was read.",
}

_TURNS = ("", "by 90° clockwise", "by 180°", "by 90° counterclockwise")


@dataclass(frozen=True)
class Remedy:
    """One step that makes a refused picture one that may be read.

    turns: quarter turns clockwise, 0-3, after which it stands upright; invert: black and white are swapped first.
    """

    turns: int
    invert: bool

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels float32 (height, width), 0-255, put right: contiguous, width and height swapped by odd turns."""
        upright = np.rot90(pixels, -self.turns)
        return np.ascontiguousarray(255 - upright if self.invert else upright)

    def put_right(self, radiograph: Radiograph) -> Radiograph:
        """The radiograph with this remedy applied; what its file tells of its size turns with it."""
        clinical = radiograph.clinical
        if clinical and clinical.millimetres and self.turns % 2:
            clinical = replace(clinical, millimetres=clinical.millimetres[::-1])
        return replace(radiograph, pixels=self.apply(radiograph.pixels), clinical=clinical)

    @property
    def codes(self) -> tuple[Code, ...]:
        """What it puts right."""
        return (Code.INVERTED,) * self.invert + (Code.ROTATED,) * (self.turns > 0)

    @property
    def offer(self) -> str:
        """What it does, as the words of a button."""
        steps = ["swap black and white"] * self.invert + [f"turn {_TURNS[self.turns]}"] * (self.turns > 0)
        return " and ".join(steps).capitalize()

    @property
    def done(self) -> str:
        """What was done, once it was."""
        steps = ["black and white swapped"] * self.invert + [f"turned {_TURNS[self.turns]}"] * (self.turns > 0)
        return " and ".join(steps).capitalize()


@dataclass(frozen=True)
class Admission:
    """What the check says of one picture.

    refusals: why it must not be read, the main reason first; none where it may be.
    cautions: what the reader of its finding should know.
    remedy: one step that helps, where one does; only of a refused picture.
    """

    refusals: tuple[Code, ...] = ()
    cautions: tuple[Code, ...] = ()
    remedy: Remedy | None = None

    @property
    def decision(self) -> Decision:
        """Refused, accepted with cautions, or accepted."""
        if self.refusals:
            return Decision.REFUSE
        return Decision.CAUTION if self.cautions else Decision.ACCEPT


def refusal_reason(refusals: tuple[Code, ...]) -> str:
    """Why a picture is refused, in words; "" where it is not."""
    return " ".join(code.sentence for code in refusals)
