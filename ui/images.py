"""PNG encoding, and images inlined in the page as data URIs.

Inlined images are not copied to Streamlit's media store, because they may show a patient.
"""

import base64
import io

import numpy as np
from PIL import Image


def encode_png(image: np.ndarray) -> bytes:
    """Encode an image, uint8 (height, width) or (height, width, 3), as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", compress_level=1)  # the default, 6, takes three times as long
    return buffer.getvalue()


def png_data_uri(image: np.ndarray) -> str:
    """Encode an image, uint8 (height, width) or (height, width, 3), as a PNG data URI for the `src` of an <img>."""
    return f"data:image/png;base64,{base64.b64encode(encode_png(image)).decode()}"
