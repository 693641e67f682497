"""Pictures drawn by the tests, so that none of the data set's need lie in the repository."""

import io

import numpy as np
from PIL import Image


def synthetic_radiograph(height: int = 300, width: int = 400) -> np.ndarray:
    """Two dark lungs in a lighter chest: float32 (height, width), 0-255, bright = dense."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    lungs = sum(np.exp(-(((x - centre) / 0.14) ** 2) - ((y - 0.5) / 0.3) ** 2) for centre in (0.3, 0.7))
    return np.float32(200 - 150 * lungs)


def synthetic_file(source_format: str = "PNG", height: int = 300, width: int = 400) -> bytes:
    """The synthetic radiograph as the bytes of a file, "PNG" or "JPEG"."""
    file = io.BytesIO()
    Image.fromarray(synthetic_radiograph(height, width).round().astype(np.uint8)).save(file, source_format)
    return file.getvalue()
