"""Corrupted radiographs that must not be read: rotated, inverted, cropped, with poor contrast, or in a screenshot."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from model.admission.decision import Correction
from model.codes import RefusalReason
from model.imaging.geometry import RelativeBox
from model.inference.lung_segmentation import LungMask

SCREEN_WIDTH, SCREEN_HEIGHT = 480, 320


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
    yield NegativeExample(_compress_contrast(image, rng), "washed out", RefusalReason.NO_CONTRAST, source)
    yield NegativeExample(_clip_greys(image, rng), "grey values clipped", RefusalReason.NO_CONTRAST, source)
    screenshot = _place_on_screen(image, rng)
    yield NegativeExample(screenshot, "screenshots of a radiograph", RefusalReason.NOT_A_RADIOGRAPH, source)
    if lungs:
        for family, box in _partial_boxes(lungs, rng).items():
            yield NegativeExample(_crop(image, box), family, RefusalReason.CROPPED, source)


def _partial_boxes(lungs: LungMask, rng: np.random.Generator) -> dict[str, RelativeBox]:
    """Return boxes that contain one lung or less, by family."""
    box = lungs.box
    middle, half = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    slack = rng.uniform(-0.04, 0.04)
    left = RelativeBox(rng.uniform(0, box.left), rng.uniform(0, box.top), middle + slack, rng.uniform(box.bottom, 1))
    right = RelativeBox(middle + slack, rng.uniform(0, box.top), rng.uniform(box.right, 1), rng.uniform(box.bottom, 1))
    upper = RelativeBox(rng.uniform(0, box.left), rng.uniform(0, box.top), rng.uniform(box.right, 1), half + slack)
    lower = RelativeBox(rng.uniform(0, box.left), half + slack, rng.uniform(box.right, 1), 1.0)
    sides = rng.uniform(0.25, 0.5, size=2)
    corner = rng.uniform(0, 1 - sides)
    return {
        "one lung": left if rng.random() < 0.5 else right,
        "upper or lower half": upper if rng.random() < 0.5 else lower,
        "small part": RelativeBox(*corner, *(corner + sides)),
    }


def _compress_contrast(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Compress the grey values into a range of 3 to 40 grey levels."""
    span = rng.uniform(3, 40)
    return (rng.uniform(0, 255 - span) + image * (span / 255)).astype(np.uint8)


def _clip_greys(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Raise the contrast until most pixels are black or white."""
    stretched = (image.astype(np.float32) - rng.uniform(60, 190)) * rng.uniform(6, 20) + 128
    clipped: np.ndarray = np.clip(stretched, 0, 255)
    return clipped.astype(np.uint8)


def _crop(image: np.ndarray, box: RelativeBox) -> np.ndarray:
    """Cut out a box and scale it to the size of the image, because a crop from a large file can still be large."""
    height, width = image.shape
    part = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR, box.to_pixels(height, width))
    return np.asarray(part)


def _place_on_screen(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Place the radiograph among windows, buttons and text. It covers from a tenth to a third of the screen."""
    screen = Image.new("L", (SCREEN_WIDTH, SCREEN_HEIGHT), int(rng.choice([20, 60, 200, 240])))
    draw = ImageDraw.Draw(screen)
    for _ in range(rng.integers(4, 12)):
        x, y = int(rng.integers(0, SCREEN_WIDTH)), int(rng.integers(0, SCREEN_HEIGHT))
        right, bottom = x + int(rng.integers(10, 200)), y + int(rng.integers(6, 40))
        draw.rectangle((x, y, right, bottom), fill=int(rng.integers(256)))
        draw.text((x, y), "Patient  Study  Series  Window"[: rng.integers(6, 30)], fill=int(rng.integers(256)))
    side = int(rng.uniform(0.4, 0.7) * SCREEN_HEIGHT)
    position = int(rng.integers(0, SCREEN_WIDTH - side)), int(rng.integers(0, SCREEN_HEIGHT - side))
    screen.paste(Image.fromarray(image).resize((side, side)), position)
    return np.asarray(screen)
