"""Functions that draw scans other than chest radiographs: uint8 (IMAGE_SIDE, IMAGE_SIDE), different at each call."""

import numpy as np
from scipy import ndimage

from training.admission.synthetic_images import pixel_grid


def drawn_chest(rng: np.random.Generator) -> np.ndarray:
    """Return a drawing of a chest: two dark ovals in a lighter one, with or without ribs."""
    grid = pixel_grid()
    y, x = grid
    body = 200.0 * (_oval(grid, 0.5, 0.5, rng.uniform(0.35, 0.5), rng.uniform(0.4, 0.6)) < 1)
    for side in (-1, 1):
        centre_x, centre_y = 0.5 + side * rng.uniform(0.15, 0.22), rng.uniform(0.4, 0.55)
        lung = _oval(grid, centre_x, centre_y, 0.13, rng.uniform(0.2, 0.35))
        body[lung < 1] = rng.uniform(20, 90)
    if rng.random() < 0.5:
        body[(np.sin(rng.uniform(40, 90) * (y + (x - 0.5) ** 2)) > 0.8) & (body > 0)] += 40
    return _finish(body, rng)


def blurred_chest(rng: np.random.Generator) -> np.ndarray:
    """Return two dark clouds on a light background."""
    y, x = pixel_grid()
    clouds = sum(
        np.exp(-(((x - centre_x) / rng.uniform(0.1, 0.18)) ** 2) - ((y - 0.5) / rng.uniform(0.2, 0.35)) ** 2)
        for centre_x in (0.3, 0.7)
    )
    return _finish(rng.uniform(170, 230) - 150 * clouds, rng)


def ct_slice(rng: np.random.Generator) -> np.ndarray:
    """Return a CT slice of a chest: an oval with two dark lungs, a heart and a spine, on black."""
    grid = pixel_grid()
    half_width, half_depth = rng.uniform(0.38, 0.48), rng.uniform(0.26, 0.36)
    body = np.where(_oval(grid, 0.5, 0.5, half_width, half_depth) < 1, rng.uniform(110, 160), 0.0)
    for side in (-1, 1):
        centre_x = 0.5 + side * half_width * 0.48
        lung = _oval(grid, centre_x, 0.5, half_width * 0.38, half_depth * rng.uniform(0.65, 0.8))
        body[lung < 1] = rng.uniform(5, 40)
    body[_oval(grid, 0.54, 0.45, half_width * 0.25, half_depth * 0.35) < 1] = rng.uniform(130, 170)
    body[_oval(grid, 0.5, 0.5 + half_depth * 0.6, 0.05, 0.06) < 1] = 240
    return _finish(body, rng)


def ct_slice_sharp(rng: np.random.Generator) -> np.ndarray:
    """Return another CT slice: a rotated rounded box with arms, a table, and lungs that are cut off at the midline."""
    grid = pixel_grid()
    y, x = grid
    body = np.where(((x - 0.5) / 0.34) ** 4 + ((y - 0.5) / rng.uniform(0.24, 0.34)) ** 4 < 1, rng.uniform(90, 200), 0.0)
    gap = rng.uniform(0.03, 0.08)
    lungs = (_oval(grid, 0.5, 0.48, rng.uniform(0.27, 0.31), 0.21) < 1) & (np.abs(x - 0.5) > gap)
    body[lungs] = rng.uniform(0, 50)
    for side in (-1, 1):
        body[_oval(grid, 0.5 + 0.44 * side, 0.5, 0.05, 0.06) < 1] = rng.uniform(90, 200)
    body[np.abs(y - 0.9 + 0.1 * (x - 0.5) ** 2) < 0.01] = 150
    return _finish(ndimage.rotate(body, rng.uniform(-20, 20), reshape=False, order=1), rng)


def long_bone(rng: np.random.Generator) -> np.ndarray:
    """Return a limb: one or two bone shafts with a brighter cortex, in soft tissue, on black."""
    y, x = pixel_grid()
    bend = rng.uniform(-0.1, 0.1) * (y - 0.5) ** 2
    limb = np.where(np.abs(x - 0.5 - bend) < rng.uniform(0.2, 0.4), rng.uniform(60, 130), 0.0)
    for centre_x in rng.uniform(0.38, 0.62, size=int(rng.integers(1, 3))):
        width = rng.uniform(0.05, 0.09) * (1 + rng.uniform(0, 2) * (2 * y - 1) ** 4)
        from_axis = np.abs(x - centre_x - bend) / width
        limb += np.where(from_axis < 1, 60 + 60 * from_axis**4, 0)
    rotated = ndimage.rotate(limb, rng.uniform(-20, 20) + rng.choice([0, 90]), reshape=False, order=1)
    return _finish(rotated, rng)


def hand(rng: np.random.Generator) -> np.ndarray:
    """Return a hand: five rays of bones that start from a palm, on black."""
    grid = pixel_grid()
    y, x = grid
    image = np.where(_oval(grid, 0.5, 0.72, 0.22, 0.25) < 1, 90.0, 0.0)
    for angle in np.linspace(-0.7, 0.7, 5) + rng.uniform(-0.05, 0.05, size=5):
        along = (x - 0.5) * np.sin(angle) + (0.75 - y) * np.cos(angle)
        from_axis = np.abs((x - 0.5) * np.cos(angle) - (0.75 - y) * np.sin(angle))
        within_reach = (along > 0.05) & (along < rng.uniform(0.5, 0.65))
        image[within_reach & (from_axis < 0.05)] = 90
        image += np.where(within_reach & (from_axis < 0.02) & (np.sin(along * 40) > -0.9), 110, 0)
    return _finish(image, rng)


def _oval(grid: np.ndarray, centre_x: float, centre_y: float, half_width: float, half_height: float) -> np.ndarray:
    """Return a field that is below 1 inside an oval. `grid` is the result of `pixel_grid`."""
    oval: np.ndarray = ((grid[1] - centre_x) / half_width) ** 2 + ((grid[0] - centre_y) / half_height) ** 2
    return oval


def _finish(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Add a random amount of blur and noise, as a detector does, and convert to uint8."""
    blurred = ndimage.gaussian_filter(values, rng.uniform(0, 4))
    noisy: np.ndarray = np.clip(blurred + rng.normal(0, rng.uniform(0, 10), values.shape), 0, 255)
    return noisy.astype(np.uint8)
