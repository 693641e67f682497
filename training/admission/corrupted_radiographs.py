"""Corrupted radiographs that must not be read: rotated, inverted, cropped, with poor contrast, or in a screenshot."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from model.admission.decision import Correction
from model.codes import RefusalReason
from model.inference.lung_segmentation import LungMask
from training.admission.incomplete_radiographs import incomplete_versions
from training.admission.screens import photograph_monitor, place_on_screen, show_in_viewer


@dataclass(frozen=True, eq=False)
class NegativeExample:
    """An image that must not be read.

    Attributes:
        image: uint8 (any height, any width).
        family: Group of similar images; one rate is reported for each family.
        reason: Expected reason for the refusal.
        source: Patient or generator that the image comes from. Images from the same source resemble each other.
        correction: Correction that makes the image readable; None if there is none.
    """

    image: np.ndarray
    family: str
    reason: RefusalReason
    source: str
    correction: Correction | None = None


def corrupted_versions(
    image: np.ndarray, lungs: LungMask | None, source: str, rng: np.random.Generator
) -> Iterator[NegativeExample]:
    """Yield corrupted versions of one radiograph.

    Args:
        image: uint8 (height, width).
        lungs: Lung mask. If there is none, the cropped versions are left out.
        source: Patient that the radiograph belongs to.
        rng: Source of randomness.
    """
    correctable = {
        "rotated by 90 degrees": (RefusalReason.ROTATED, Correction(int(rng.choice([1, 3])), invert=False)),
        "upside down": (RefusalReason.ROTATED, Correction(2, invert=False)),
        "inverted": (RefusalReason.INVERTED, Correction(0, invert=True)),
        "inverted and rotated": (RefusalReason.INVERTED, Correction(int(rng.integers(1, 4)), invert=True)),
    }
    for family, (reason, correction) in correctable.items():
        rotated = np.rot90(image, correction.turns)  # counterclockwise
        corrupted = 255 - rotated if correction.invert else rotated
        yield NegativeExample(corrupted, family, reason, source, correction)
    for family, (reason, corrupt) in _IRREPARABLE.items():
        yield NegativeExample(corrupt(image, rng), family, reason, source)
    if lungs:
        for family, incomplete in incomplete_versions(image, lungs.box, rng):
            yield NegativeExample(incomplete, family, RefusalReason.CROPPED, source)


def _compress_contrast(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Compress the grey values into a range of 3 to 24 grey levels."""
    span = rng.uniform(3, 24)
    return (rng.uniform(0, 255 - span) + image * (span / 255)).astype(np.uint8)


def _clip_greys(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Raise the contrast until most pixels are black or white."""
    stretched = (image.astype(np.float32) - rng.uniform(60, 190)) * rng.uniform(6, 20) + 128
    clipped: np.ndarray = np.clip(stretched, 0, 255)
    return clipped.astype(np.uint8)


def _expose_wrongly(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Make 75% to 97% of the pixels black or white."""
    share, gain = rng.uniform(0.75, 0.97), rng.uniform(1, 4)
    if rng.random() < 0.5:
        exposed = (image - np.quantile(image, share)) * gain
    else:
        exposed = 255 + (image - np.quantile(image, 1 - share)) * gain
    clipped: np.ndarray = np.clip(exposed, 0, 255)
    return clipped.astype(np.uint8)


_IRREPARABLE: dict[str, tuple[RefusalReason, Callable[[np.ndarray, np.random.Generator], np.ndarray]]] = {
    "washed out": (RefusalReason.NO_CONTRAST, _compress_contrast),
    "grey values clipped": (RefusalReason.NO_CONTRAST, _clip_greys),
    "almost black or white": (RefusalReason.NO_CONTRAST, _expose_wrongly),
    "screenshots of a radiograph": (RefusalReason.NOT_A_RADIOGRAPH, place_on_screen),
    "windows of a viewer": (RefusalReason.NOT_A_RADIOGRAPH, show_in_viewer),
    "photographs of a monitor": (RefusalReason.NOT_A_RADIOGRAPH, photograph_monitor),
}
