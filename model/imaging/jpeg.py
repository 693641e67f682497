"""Decode JPEG files: grey, colour and CMYK."""

from model.imaging.file_formats import strip_jpeg
from model.imaging.samples import StoredImage, colourfulness, decode_samples, to_grey


def read_jpeg(content: bytes) -> StoredImage:
    """Decode a JPEG; if the file contains several images (MPO), decode the first.

    Raises:
        FileRefused: The JPEG is too large, too small, or neither 8-bit baseline nor progressive.
        Exception: Any other exception means that the file is damaged or incomplete; see `model.imaging.decode`.
    """
    stripped, orientation = strip_jpeg(content)
    samples = decode_samples(stripped, "JPEG")
    if samples.shape[-1] == 4:  # CMYK; Pillow has undone Adobe's inversion, so 0 is no ink
        samples = 255 - samples  # red, green, blue, and black ink, which darkens them as alpha does
    return StoredImage(to_grey(samples, 255), 8, orientation, colourfulness(samples, 255))
