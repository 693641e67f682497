"""Small pictures for a gallery, made when they are wanted and kept in a bounded memory that all sessions share.

They are pictures of the public set and no user's, so sharing them gives nothing away.
"""

import io
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from model.imaging.decode import decode

THUMBNAIL_SIDE = 224  # pixels; twice what a tile of a gallery takes, for sharp screens
MAX_CACHED = 1000  # of about 7 kB each


def thumbnail(path: Path) -> bytes:
    """A picture as a JPEG of SIDE x SIDE pixels, its proportions kept, black beside it.

    Raises:
        FileRefused: it cannot be read.
        OSError: the file cannot be opened.
    """
    changed = path.stat()
    return _thumbnail(path, changed.st_mtime_ns, changed.st_size)


@lru_cache(maxsize=MAX_CACHED)
def _thumbnail(path: Path, _changed: int, _size: int) -> bytes:
    pixels = decode(path.read_bytes()).pixels
    scale = THUMBNAIL_SIDE / max(pixels.shape)
    height, width = (max(1, round(side * scale)) for side in pixels.shape)
    small = np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0))
    square = np.zeros((THUMBNAIL_SIDE, THUMBNAIL_SIDE), np.uint8)
    top, left = (THUMBNAIL_SIDE - height) // 2, (THUMBNAIL_SIDE - width) // 2
    square[top : top + height, left : left + width] = np.rint(small).clip(0, 255)
    file = io.BytesIO()
    Image.fromarray(square).save(file, "JPEG", quality=85)
    return file.getvalue()
