"""Incomplete radiographs: parts of the lungs are outside the image or covered."""

from collections.abc import Iterator

import numpy as np
from PIL import Image

from model.imaging.geometry import WHOLE_IMAGE, RelativeBox

# Side -> smallest share of the height or width of the lung box that is missing. A smaller share is also missing in some
# radiographs of the data sets, for example below the diaphragm, so it is not taught as incomplete. The lung network
# often misses the apices, so more is missing at the upper side than the share says.
MIN_MISSING = {"upper": 0.12, "lower": 0.2, "left or right": 0.2}
MAX_MISSING = 0.45


def incomplete_versions(
    image: np.ndarray, lung_box: RelativeBox, rng: np.random.Generator
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the family and the pixels of incomplete versions of one radiograph.

    Args:
        image: uint8 (height, width).
        lung_box: Bounding box of the lungs.
        rng: Source of randomness.

    Yields:
        Family, and uint8 (height, width).
    """
    for family, box in _partial_boxes(lung_box, rng).items():
        yield family, _crop(image, box)
    for side in MIN_MISSING:
        remaining = _remaining_box(side, lung_box, rng)
        yield f"{side} part cut off", _crop(image, remaining)
        yield f"{side} part covered", _cover_outside(image, remaining, rng)


def _partial_boxes(lungs: RelativeBox, rng: np.random.Generator) -> dict[str, RelativeBox]:
    """Return boxes that contain one lung or less, by family."""
    middle, half = (lungs.left + lungs.right) / 2, (lungs.top + lungs.bottom) / 2
    slack = rng.uniform(-0.04, 0.04)
    frame = _box_around(lungs, rng)
    left = RelativeBox(frame.left, frame.top, middle + slack, frame.bottom)
    right = RelativeBox(middle + slack, frame.top, frame.right, frame.bottom)
    upper = RelativeBox(frame.left, frame.top, frame.right, half + slack)
    lower = RelativeBox(frame.left, half + slack, frame.right, 1.0)
    sides = rng.uniform(0.25, 0.5, size=2)
    corner = rng.uniform(0, 1 - sides)
    return {
        "one lung": left if rng.random() < 0.5 else right,
        "upper or lower half": upper if rng.random() < 0.5 else lower,
        "small part": RelativeBox(*corner, *(corner + sides)),
    }


def _remaining_box(side: str, lungs: RelativeBox, rng: np.random.Generator) -> RelativeBox:
    """Return what remains if a part of the lungs is missing on one side, one of MIN_MISSING.

    The other edges are those of the radiograph, or closer to the lungs.
    """
    frame = WHOLE_IMAGE if rng.random() < 0.5 else _box_around(lungs, rng)
    missing = rng.uniform(MIN_MISSING[side], MAX_MISSING)
    width, height = missing * (lungs.right - lungs.left), missing * (lungs.bottom - lungs.top)
    if side == "upper":
        return RelativeBox(frame.left, lungs.top + height, frame.right, frame.bottom)
    if side == "lower":
        return RelativeBox(frame.left, frame.top, frame.right, lungs.bottom - height)
    if rng.random() < 0.5:
        return RelativeBox(lungs.left + width, frame.top, frame.right, frame.bottom)
    return RelativeBox(frame.left, frame.top, lungs.right - width, frame.bottom)


def _box_around(lungs: RelativeBox, rng: np.random.Generator) -> RelativeBox:
    """Return a random box within the radiograph that contains the lung box."""
    left, top = rng.uniform(0, lungs.left), rng.uniform(0, lungs.top)
    return RelativeBox(left, top, rng.uniform(lungs.right, 1), rng.uniform(lungs.bottom, 1))


def _crop(image: np.ndarray, box: RelativeBox) -> np.ndarray:
    """Cut out a box and scale it to the size of the image, because a crop from a large file can still be large."""
    height, width = image.shape
    part = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR, box.to_pixels(height, width))
    return np.asarray(part)


def _cover_outside(image: np.ndarray, box: RelativeBox, rng: np.random.Generator) -> np.ndarray:
    """Make everything outside a box black, white or grey."""
    left, top, right, bottom = (round(edge) for edge in box.to_pixels(*image.shape))
    covered = np.full_like(image, rng.choice([0, 0, 255, int(rng.integers(256))]))
    covered[top:bottom, left:right] = image[top:bottom, left:right]
    return covered
