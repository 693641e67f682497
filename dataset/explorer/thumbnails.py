"""Thumbnails for the gallery, in a bounded cache that all sessions share.

They show only images from the public data set, never an upload, so sharing them discloses nothing.
"""

import io
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from dataset.images import read_image_file
from model.imaging.decode import decode

THUMBNAIL_SIDE = 224  # pixels; twice the size of a gallery tile, for high-resolution displays
MAX_CACHED = 1000  # of about 7 kB each


def thumbnail(path: Path) -> bytes:
    """Return a JPEG of THUMBNAIL_SIDE x THUMBNAIL_SIDE pixels: the image with its aspect ratio kept, padded with black.

    Raises:
        FileRefused: The image cannot be read.
        OSError: The file cannot be opened.
    """
    status = path.stat()
    return _thumbnail(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=MAX_CACHED)
def _thumbnail(path: Path, _modified_ns: int, _size: int) -> bytes:
    """Make a thumbnail. Modification time and size are part of the cache key, so a changed file is read again."""
    pixels = decode(read_image_file(path)).pixels
    scale = THUMBNAIL_SIDE / max(pixels.shape)
    height, width = (max(1, round(side * scale)) for side in pixels.shape)
    small = np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0))
    square = np.zeros((THUMBNAIL_SIDE, THUMBNAIL_SIDE), np.uint8)
    top, left = (THUMBNAIL_SIDE - height) // 2, (THUMBNAIL_SIDE - width) // 2
    square[top : top + height, left : left + width] = np.rint(small).clip(0, 255)
    file = io.BytesIO()
    Image.fromarray(square).save(file, "JPEG", quality=85)
    return file.getvalue()
