"""Films as they must not be read: turned, swapped, cut down to a part, without contrast, or within something else."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from model.admission.decision import Code, Remedy
from model.imaging.geometry import Box
from model.inference.lung_segmentation import Lungs


@dataclass(frozen=True, eq=False)
class Negative:
    """A picture that must not be read.

    picture: uint8 (any height, any width).
    family: whose rate it counts for; code: what it should be refused with.
    source: whom or what it was made of; pictures of one source resemble each other.
    remedy: what would put it right, where something would.
    """

    picture: np.ndarray
    family: str
    code: Code
    source: str
    remedy: Remedy | None = None


def wrong_films(picture: np.ndarray, lungs: Lungs | None, source: str, rng: np.random.Generator) -> Iterator[Negative]:
    """The wrong forms of one film, uint8 (height, width); those that need to know its lungs where they were found."""
    spoiled = {
        "turned by 90 degrees": (Code.ROTATED, Remedy(int(rng.choice([1, 3])), invert=False)),
        "upside down": (Code.ROTATED, Remedy(2, invert=False)),
        "black and white swapped": (Code.INVERTED, Remedy(0, invert=True)),
        "swapped and turned": (Code.INVERTED, Remedy(int(rng.integers(1, 4)), invert=True)),
    }
    for family, (code, remedy) in spoiled.items():
        turned = np.rot90(picture, remedy.turns)  # counterclockwise
        yield Negative(255 - turned if remedy.invert else turned, family, code, source, remedy)
    yield Negative(_squeezed(picture, rng), "washed out", Code.NO_CONTRAST, source)
    yield Negative(_clipped(picture, rng), "greys cut off", Code.NO_CONTRAST, source)
    yield Negative(_on_a_screen(picture, rng), "screenshots of a film", Code.NOT_A_RADIOGRAPH, source)
    if lungs:
        for family, box in _parts(lungs, rng).items():
            yield Negative(_cut(picture, box), family, Code.CROPPED, source)


def _parts(lungs: Lungs, rng: np.random.Generator) -> dict[str, Box]:
    """Boxes that hold one lung or less."""
    box = lungs.box
    middle, half = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    slack = rng.uniform(-0.04, 0.04)
    left = Box(rng.uniform(0, box.left), rng.uniform(0, box.top), middle + slack, rng.uniform(box.bottom, 1))
    right = Box(middle + slack, rng.uniform(0, box.top), rng.uniform(box.right, 1), rng.uniform(box.bottom, 1))
    upper = Box(rng.uniform(0, box.left), rng.uniform(0, box.top), rng.uniform(box.right, 1), half + slack)
    lower = Box(rng.uniform(0, box.left), half + slack, rng.uniform(box.right, 1), 1.0)
    side = rng.uniform(0.25, 0.5, size=2)
    corner = rng.uniform(0, 1 - side)
    return {
        "one lung": left if rng.random() < 0.5 else right,
        "upper or lower half": upper if rng.random() < 0.5 else lower,
        "small part": Box(*corner, *(corner + side)),
    }


def _squeezed(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """All greys within three to forty of 256."""
    span = rng.uniform(3, 40)
    return (rng.uniform(0, 255 - span) + picture * (span / 255)).astype(np.uint8)


def _clipped(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Contrast so high that most greys end as black or white."""
    stretched = (picture.astype(np.float32) - rng.uniform(60, 190)) * rng.uniform(6, 20) + 128
    return np.clip(stretched, 0, 255).astype(np.uint8)


def _cut(picture: np.ndarray, box: Box) -> np.ndarray:
    """The part, at the size of the picture: a part of a large file is not small."""
    height, width = picture.shape
    part = Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR, box.on(height, width))
    return np.asarray(part)


def _on_a_screen(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
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
