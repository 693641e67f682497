"""Decode file bytes to a `Radiograph`: PNG, JPEG and DICOM, detected by content, never by file name.

DICOM is decoded in a separate process, see `model.imaging.dicom.sandbox`. `model.imaging.file_formats` strips PNG and
JPEG files first, and Pillow receives a copy that contains only the pixels. So every limit is checked before a pixel is
decoded, and text, patient data, profiles and thumbnails are never parsed. No global state is changed, so any number of
threads may decode at once.

Not supported: colour profiles and gamma (grey values are used as stored), and orientation in XMP. Not detected: wrong
data inside a JPEG scan, and rows that an encoder left out of a PNG (they are black).
"""

import struct
from pathlib import Path

import numpy as np
from PIL import Image

from model.codes import Caution
from model.errors import FileUnreadable, ImageTooLarge
from model.imaging.dicom.sandbox import read_in_child
from model.imaging.file_formats import detect_format
from model.imaging.grey_range import image_uses_grey_range
from model.imaging.jpeg import read_jpeg
from model.imaging.png import read_png
from model.imaging.radiograph import Radiograph
from model.limits import MAX_BYTES
from model.messages import MessageCode


def decode(content: bytes, window: int = 0) -> Radiograph:
    """Decode the bytes of a PNG, JPEG or DICOM file.

    DICOM is rendered as on a radiology workstation, see `model.imaging.dicom.grayscale`.

    Grey values of PNG and JPEG: 1-bit as 0 or 255, 8-bit as stored, colour as its ITU-R BT.601 luma, unrounded. 16-bit
    samples are scaled linearly to the range in use, see `model.imaging.png`. Transparent pixels are composed
    over black, as digital systems mask the area outside the exposed field; white would look like the densest area. The
    Exif orientation is applied.

    Args:
        content: All bytes of the file.
        window: Index in `DicomMetadata.windows` of the window to apply to a DICOM file.

    Returns:
        The radiograph; pixels float32 (height, width), contiguous, finite, 0-255.

    Raises:
        FormatUnsupported: Another file format, an animated PNG, a JPEG other than 8-bit baseline or progressive, or a
            DICOM file without an image or with an unsupported encoding.
        NotAFrontalChestFilm: A DICOM file whose tags say that it shows something else.
        DecodingAborted: A DICOM file that crashed its decoder or exceeded a limit.
        DecoderUnavailable: The process that decodes DICOM could not be started.
        ImageTooLarge: Over MAX_BYTES or MAX_PIXELS, or too large for the free memory.
        ImageTooSmall: Shorter side below MIN_DECODABLE_SIDE.
        FileUnreadable: Empty, truncated or damaged. All of these are FileRefused; no other exception is raised.
    """
    if not content:
        raise FileUnreadable(MessageCode.EMPTY_FILE)
    if len(content) > MAX_BYTES:
        raise ImageTooLarge(MessageCode.FILE_TOO_LARGE)
    source_format = detect_format(content)
    try:
        if source_format == "DICOM":
            return read_in_child(content, window)
        stored = read_png(content) if source_format == "PNG" else read_jpeg(content)
        pixels = _apply_orientation(stored.grey, stored.orientation)
    except (MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLarge(MessageCode.OUT_OF_MEMORY) from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:  # raised while stripping, or by Pillow
        raise FileUnreadable(MessageCode.FILE_DAMAGED) from error
    cautions = (Caution.WINDOW_GUESSED,) * stored.range_is_guess
    cautions += (Caution.WINDOW_IMPLAUSIBLE,) * (not image_uses_grey_range(pixels))
    return Radiograph(pixels, source_format, stored.bits, colourfulness=stored.colourfulness, cautions=cautions)


def read_limited(path: Path) -> bytes:
    """Read at most MAX_BYTES + 1 bytes of a file, which is enough for `decode` to refuse a file that is too large.

    Raises:
        FileUnreadable: The file cannot be opened.
    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FileUnreadable(MessageCode.FILE_NOT_OPENED, reason=str(error.strerror)) from error


def _apply_orientation(grey: np.ndarray, orientation: int) -> np.ndarray:
    """Rotate and mirror stored pixels as the Exif orientation requires; the result is contiguous."""
    row_step = -1 if orientation in (3, 4, 7, 8) else 1
    column_step = -1 if orientation in (2, 3, 6, 7) else 1
    return np.ascontiguousarray((grey.T if orientation >= 5 else grey)[::row_step, ::column_step])
