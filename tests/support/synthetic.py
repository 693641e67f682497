"""Synthetic radiographs and images, because the repository contains no image from the data set."""

import functools
import io

import numpy as np
from PIL import Image

from dataset.explorer.mean_radiographs import load_mean_radiographs
from model.imaging.geometry import resize
from model.inference.release_loader import load_release


def synthetic_radiograph(height: int = 300, width: int = 400) -> np.ndarray:
    """Draw two dark lungs in a lighter chest: float32 (height, width), 0-255, bright = dense."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    lungs = sum(np.exp(-(((x - centre) / 0.14) ** 2) - ((y - 0.5) / 0.3) ** 2) for centre in (0.3, 0.7))
    return np.float32(200 - 150 * lungs)


@functools.cache
def synthetic_file(source_format: str = "PNG", height: int = 300, width: int = 400) -> bytes:
    """Return the synthetic radiograph as the bytes of a file, "PNG" or "JPEG"."""
    file = io.BytesIO()
    Image.fromarray(synthetic_radiograph(height, width).round().astype(np.uint8)).save(file, source_format)
    return file.getvalue()


def random_radiograph(seed: int, side: int = 224) -> np.ndarray:
    """Draw the synthetic radiograph with soft shadows that depend on the seed: float32 (side, side), 0-255."""
    coarse = np.random.default_rng(seed).uniform(-40, 40, (14, 14)).astype(np.float32)
    shadows = np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))
    return np.clip(synthetic_radiograph(side, side) + shadows, 0, 255)


def phantom(seed: int = 0, height: int = 300, width: int = 400) -> np.ndarray:
    """Draw a chest that the released admission check accepts and that shows no individual patient.

    The phantom is the release's mean radiograph for viral pneumonia, the average of more than a thousand images. Its
    contrast is restored, and soft shadows and noise that depend on the seed are added.

    Returns:
        float32 (height, width), 0-255, bright = dense.
    """
    rng, mean = np.random.default_rng(seed), _mean_radiograph()
    shadows = sum(
        resize(rng.normal(0, strength, (cells, cells)).astype(np.float32), *mean.shape)
        for cells, strength in ((14, 8), (56, 6))
    )
    image = 128 + 1.5 * (mean - mean.mean()) + shadows + rng.normal(0, 3, mean.shape)
    return resize(image.clip(0, 255).astype(np.float32), height, width)


@functools.cache
def phantom_file(source_format: str = "PNG", height: int = 300, width: int = 400, seed: int = 0) -> bytes:
    """Return the phantom as the bytes of a file, "PNG" or "JPEG"."""
    file = io.BytesIO()
    Image.fromarray(phantom(seed, height, width).round().astype(np.uint8)).save(file, source_format)
    return file.getvalue()


def smooth_images(count: int, side: int) -> np.ndarray:
    """Draw random clouds with several scales: float32 (count, side, side, 1), 0-255."""
    rng = np.random.default_rng(11)
    images = [
        sum(
            np.asarray(Image.fromarray(rng.uniform(0, 1, (cells, cells)).astype(np.float32)).resize((side, side), 3))
            for cells in (2, 4, 9)
        )
        for _ in range(count)
    ]
    return (np.clip(np.stack(images) / 3, 0, 1) * 255)[..., np.newaxis].astype(np.float32)


@functools.cache
def _mean_radiograph() -> np.ndarray:
    return load_mean_radiographs(load_release())["PNEUMONIA, viral"].pixels
