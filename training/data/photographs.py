"""Degradations of a photographed radiograph: uneven light, glare, moire and a slightly tilted camera.

Clinicians without a digital archive photograph radiographs on a light box or a monitor. Training on such images
prepares the network for them. Tilt, compression and noise are part of the general augmentation.
"""

import numpy as np
from PIL import Image

MAX_TILT = 0.04  # shift of each corner as a share of the side, which remains after the photograph has been straightened


def photograph(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Degrade a grey image as a photograph of the radiograph would.

    Args:
        image: Mode "L".
        rng: Source of randomness.

    Returns:
        Image of the same size and mode.
    """
    pixels = np.asarray(image, np.float32)
    rows, columns = (np.linspace(-1, 1, size, dtype=np.float32) for size in pixels.shape)
    grid = rows[:, np.newaxis], columns[np.newaxis, :]
    pixels = pixels * _light_falloff(*grid, rng)
    if rng.random() < 0.5:
        pixels = pixels + _glare(*grid, rng)
    if rng.random() < 0.4:
        pixels = pixels + _moire(*grid, rng)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _light_falloff(rows: np.ndarray, columns: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the relative brightness of a light box: float32 (rows, columns), darker away from its centre."""
    centre, strength = rng.uniform(-0.6, 0.6, size=2), rng.uniform(0.1, 0.45)
    squared_distance = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2
    falloff: np.ndarray = 1 - np.float32(strength) * squared_distance / squared_distance.max()
    return falloff


def _glare(rows: np.ndarray, columns: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the grey levels that a reflected lamp adds: float32 (rows, columns)."""
    centre, width, peak = rng.uniform(-0.9, 0.9, size=2), rng.uniform(0.1, 0.35), rng.uniform(20, 110)
    squared_distance = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2
    glare: np.ndarray = np.float32(peak) * np.exp(-squared_distance / np.float32(2 * width**2))
    return glare


def _moire(rows: np.ndarray, columns: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the stripes of a photographed monitor: float32 (rows, columns)."""
    angle, waves, peak = rng.uniform(0, np.pi), rng.uniform(20, 90), rng.uniform(2, 10)
    phase = np.pi * waves * (np.cos(angle) * columns + np.sin(angle) * rows)
    stripes: np.ndarray = np.float32(peak) * np.sin(phase, dtype=np.float32)
    return stripes
