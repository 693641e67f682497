"""Drawn scans that are no chest radiograph, or no real one: uint8 (SIDE, SIDE), another one at each call."""

import numpy as np
from scipy import ndimage

from training.admission.synthetic_images import pixel_grid


def drawn_chest(rng: np.random.Generator) -> np.ndarray:
    """A drawn chest: two dark ovals in a lighter one, perhaps with ribs."""
    y, x = at = pixel_grid()
    body = 200.0 * (_oval(at, 0.5, 0.5, rng.uniform(0.35, 0.5), rng.uniform(0.4, 0.6)) < 1)
    for side in (-1, 1):
        inside = _oval(at, 0.5 + side * rng.uniform(0.15, 0.22), rng.uniform(0.4, 0.55), 0.13, rng.uniform(0.2, 0.35))
        body[inside < 1] = rng.uniform(20, 90)
    if rng.random() < 0.5:
        body[(np.sin(rng.uniform(40, 90) * (y + (x - 0.5) ** 2)) > 0.8) & (body > 0)] += 40
    return _finish(body, rng)


def blurred_chest(rng: np.random.Generator) -> np.ndarray:
    """Two dark clouds in a light ground."""
    y, x = pixel_grid()
    clouds = sum(
        np.exp(-(((x - c) / rng.uniform(0.1, 0.18)) ** 2) - ((y - 0.5) / rng.uniform(0.2, 0.35)) ** 2)
        for c in (0.3, 0.7)
    )
    return _finish(rng.uniform(170, 230) - 150 * clouds, rng)


def ct_slice(rng: np.random.Generator) -> np.ndarray:
    """A CT slice through a chest, as an oval with two dark lungs, heart and spine on black."""
    at = pixel_grid()
    wide, deep = rng.uniform(0.38, 0.48), rng.uniform(0.26, 0.36)
    body = np.where(_oval(at, 0.5, 0.5, wide, deep) < 1, rng.uniform(110, 160), 0.0)
    for side in (-1, 1):
        lung = _oval(at, 0.5 + side * wide * 0.48, 0.5, wide * 0.38, deep * rng.uniform(0.65, 0.8))
        body[lung < 1] = rng.uniform(5, 40)
    body[_oval(at, 0.54, 0.45, wide * 0.25, deep * 0.35) < 1] = rng.uniform(130, 170)
    body[_oval(at, 0.5, 0.5 + deep * 0.6, 0.05, 0.06) < 1] = 240
    return _finish(body, rng)


def ct_slice_sharp(rng: np.random.Generator) -> np.ndarray:
    """Another: a rounded box of a body, turned a little, with arms, table, and lungs cut straight along the middle."""
    y, x = at = pixel_grid()
    body = np.where(((x - 0.5) / 0.34) ** 4 + ((y - 0.5) / rng.uniform(0.24, 0.34)) ** 4 < 1, rng.uniform(90, 200), 0.0)
    gap = rng.uniform(0.03, 0.08)
    lungs = (_oval(at, 0.5, 0.48, rng.uniform(0.27, 0.31), 0.21) < 1) & (np.abs(x - 0.5) > gap)
    body[lungs] = rng.uniform(0, 50)
    for side in (-1, 1):
        body[_oval(at, 0.5 + 0.44 * side, 0.5, 0.05, 0.06) < 1] = rng.uniform(90, 200)
    body[np.abs(y - 0.9 + 0.1 * (x - 0.5) ** 2) < 0.01] = 150
    return _finish(ndimage.rotate(body, rng.uniform(-20, 20), reshape=False, order=1), rng)


def long_bone(rng: np.random.Generator) -> np.ndarray:
    """A limb: one or two shafts with brighter walls in soft tissue on black."""
    y, x = pixel_grid()
    bend = rng.uniform(-0.1, 0.1) * (y - 0.5) ** 2
    limb = np.where(np.abs(x - 0.5 - bend) < rng.uniform(0.2, 0.4), rng.uniform(60, 130), 0.0)
    for place in rng.uniform(0.38, 0.62, size=int(rng.integers(1, 3))):
        across = np.abs(x - place - bend) / (rng.uniform(0.05, 0.09) * (1 + rng.uniform(0, 2) * (2 * y - 1) ** 4))
        limb += np.where(across < 1, 60 + 60 * across**4, 0)
    turned = ndimage.rotate(limb, rng.uniform(-20, 20) + rng.choice([0, 90]), reshape=False, order=1)
    return _finish(turned, rng)


def hand(rng: np.random.Generator) -> np.ndarray:
    """Five rays of bones from a palm, on black."""
    y, x = at = pixel_grid()
    picture = np.where(_oval(at, 0.5, 0.72, 0.22, 0.25) < 1, 90.0, 0.0)
    for angle in np.linspace(-0.7, 0.7, 5) + rng.uniform(-0.05, 0.05, size=5):
        along = (x - 0.5) * np.sin(angle) + (0.75 - y) * np.cos(angle)
        across = np.abs((x - 0.5) * np.cos(angle) - (0.75 - y) * np.sin(angle))
        reach = (along > 0.05) & (along < rng.uniform(0.5, 0.65))
        picture[reach & (across < 0.05)] = 90
        picture += np.where(reach & (across < 0.02) & (np.sin(along * 40) > -0.9), 110, 0)
    return _finish(picture, rng)


def _oval(at: np.ndarray, across: float, down: float, half_width: float, half_height: float) -> np.ndarray:
    """Below 1 within an oval of this centre; `at` is what `pixel_grid` gives."""
    return ((at[1] - across) / half_width) ** 2 + ((at[0] - down) / half_height) ** 2


def _finish(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur and grain, as a detector gives them, or none."""
    blurred = ndimage.gaussian_filter(values, rng.uniform(0, 4))
    return np.clip(blurred + rng.normal(0, rng.uniform(0, 10), values.shape), 0, 255).astype(np.uint8)
