"""Films as they must not be read: turned, swapped, cut down to a part, without contrast, or within something else."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from model.admission.decision import Correction
from model.codes import RefusalReason
from model.imaging.geometry import RelativeBox
from model.inference.lung_segmentation import LungMask


@dataclass(frozen=True, eq=False)
class NegativeExample:
    """A picture that must not be read.

    picture: uint8 (any height, any width).
    family: whose rate it counts for; code: what it should be refused with.
    source: whom or what it was made of; pictures of one source resemble each other.
    remedy: what would put it right, where something would.
    """

    picture: np.ndarray
    family: str
    code: RefusalReason
    source: str
    correction: Correction | None = None


def corrupted_versions(
    picture: np.ndarray, lungs: LungMask | None, source: str, rng: np.random.Generator
) -> Iterator[NegativeExample]:
    """The wrong forms of one film, uint8 (height, width); those that need to know its lungs where they were found."""
    spoiled = {
        "turned by 90 degrees": (RefusalReason.ROTATED, Correction(int(rng.choice([1, 3])), invert=False)),
        "upside down": (RefusalReason.ROTATED, Correction(2, invert=False)),
        "black and white swapped": (RefusalReason.INVERTED, Correction(0, invert=True)),
        "swapped and turned": (RefusalReason.INVERTED, Correction(int(rng.integers(1, 4)), invert=True)),
    }
    for family, (code, correction) in spoiled.items():
        turned = np.rot90(picture, correction.turns)  # counterclockwise
        yield NegativeExample(255 - turned if correction.invert else turned, family, code, source, correction)
    yield NegativeExample(_compress_contrast(picture, rng), "washed out", RefusalReason.NO_CONTRAST, source)
    yield NegativeExample(_clip_greys(picture, rng), "greys cut off", RefusalReason.NO_CONTRAST, source)
    yield NegativeExample(
        _place_on_screen(picture, rng), "screenshots of a film", RefusalReason.NOT_A_RADIOGRAPH, source
    )
    if lungs:
        for family, box in _cropped_parts(lungs, rng).items():
            yield NegativeExample(_cut_out(picture, box), family, RefusalReason.CROPPED, source)


def _cropped_parts(lungs: LungMask, rng: np.random.Generator) -> dict[str, RelativeBox]:
    """Boxes that hold one lung or less."""
    box = lungs.box
    middle, half = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    slack = rng.uniform(-0.04, 0.04)
    left = RelativeBox(rng.uniform(0, box.left), rng.uniform(0, box.top), middle + slack, rng.uniform(box.bottom, 1))
    right = RelativeBox(middle + slack, rng.uniform(0, box.top), rng.uniform(box.right, 1), rng.uniform(box.bottom, 1))
    upper = RelativeBox(rng.uniform(0, box.left), rng.uniform(0, box.top), rng.uniform(box.right, 1), half + slack)
    lower = RelativeBox(rng.uniform(0, box.left), half + slack, rng.uniform(box.right, 1), 1.0)
    side = rng.uniform(0.25, 0.5, size=2)
    corner = rng.uniform(0, 1 - side)
    return {
        "one lung": left if rng.random() < 0.5 else right,
        "upper or lower half": upper if rng.random() < 0.5 else lower,
        "small part": RelativeBox(*corner, *(corner + side)),
    }


def _compress_contrast(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """All greys within three to forty of 256."""
    span = rng.uniform(3, 40)
    return (rng.uniform(0, 255 - span) + picture * (span / 255)).astype(np.uint8)


def _clip_greys(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Contrast so high that most greys end as black or white."""
    stretched = (picture.astype(np.float32) - rng.uniform(60, 190)) * rng.uniform(6, 20) + 128
    return np.clip(stretched, 0, 255).astype(np.uint8)


def _cut_out(picture: np.ndarray, box: RelativeBox) -> np.ndarray:
    """The part, at the size of the picture: a part of a large file is not small."""
    height, width = picture.shape
    part = Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR, box.to_pixels(height, width))
    return np.asarray(part)


def _place_on_screen(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The film among windows, buttons and words, a tenth to a third of the screen."""
    width, height = 480, 320
    screen = Image.new("L", (width, height), int(rng.choice([20, 60, 200, 240])))
    draw = ImageDraw.Draw(screen)
    for _ in range(rng.integers(4, 12)):
        x, y = rng.integers(0, width), rng.integers(0, height)
        draw.rectangle((x, y, x + rng.integers(10, 200), y + rng.integers(6, 40)), fill=int(rng.integers(256)))
        draw.text((x, y), "Patient  Study  Series  Window"[: rng.integers(6, 30)], fill=int(rng.integers(256)))
    side = int(rng.uniform(0.4, 0.7) * height)
    place = int(rng.integers(0, width - side)), int(rng.integers(0, height - side))
    screen.paste(Image.fromarray(picture).resize((side, side)), place)
    return np.asarray(screen)
