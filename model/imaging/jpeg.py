"""Decode JPEG files: grey, colour and CMYK."""

import numpy as np

from model.imaging.file_formats import strip_jpeg
from model.imaging.samples import StoredImage, colourfulness, decode_samples, to_grey

_ADOBE_SEGMENT = b"\xff\xee\x00\x0eAdobe"
_PREVIEW_STEP = 8  # every n-th row and column decides on the polarity


def read_jpeg(content: bytes) -> StoredImage:
    """Decode a JPEG; if the file contains several images (MPO), decode the first.

    Raises:
        FileRefused: The JPEG is too large, too small, or neither 8-bit baseline nor progressive.
        Exception: Any other exception means that the file is damaged or incomplete; see `model.imaging.decode`.
    """
    stripped, orientation = strip_jpeg(content)
    samples = decode_samples(stripped, "JPEG")
    if samples.shape[-1] == 4:  # CMYK
        samples = _light_from_ink(samples, _ADOBE_SEGMENT in stripped)
    return StoredImage(to_grey(samples, 255), 8, orientation, colourfulness(samples, 255))


def _light_from_ink(samples: np.ndarray, is_adobe: bool) -> np.ndarray:
    """Turn CMYK samples as Pillow returns them into red, green, blue, and black, which darkens them as alpha does.

    Adobe's programs store 255 for no ink and mark their files. Pillow assumes this for all files and returns the ink,
    so less is brighter. Other files store the ink itself or follow Adobe without the mark: of the two polarities, the
    wrong one is almost black, because the inks of a grey image overlap.
    """
    inverted = 255 - samples
    if is_adobe:
        return inverted
    contrasts = [float(to_grey(light[::_PREVIEW_STEP, ::_PREVIEW_STEP], 255).std()) for light in (samples, inverted)]
    return samples if contrasts[0] >= contrasts[1] / 2 else inverted
