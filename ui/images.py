"""Pictures that stand in the page itself: the server keeps no copy of them, as it would of a file it serves."""

import base64
import io

import numpy as np
from PIL import Image


def png_data_uri(picture: np.ndarray) -> str:
    """An address that holds a picture, uint8 (height, width, 3), whole, for the `src` of an image."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
