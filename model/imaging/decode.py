"""Decode file bytes to a `Radiograph`: PNG, JPEG and DICOM, recognised by content and never by file name.

DICOM is decoded in a separate process, see `model.imaging.dicom.sandbox`. PNG and JPEG are stripped by
`model.imaging.file_formats` first, and Pillow receives a copy that holds nothing but the pixels. So every limit is
checked before a pixel is decoded; text, patient data, profiles and thumbnails are never parsed; and Pillow has nothing
to warn about. No global state is set, so any number of threads may decode at once.

Not supported: colour profiles and gamma (grey values are used as stored), orientation in XMP, and damage that no file
reveals: wrong data inside a JPEG scan, or rows that an encoder left out of a PNG (they are black).
"""

import io
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from model.errors import FileUnreadable, ImageTooLarge
from model.imaging.dicom.sandbox import read_in_child
from model.imaging.file_formats import (
    ACCEPTED_TEXT,
    EXPORT_SMALLER_TEXT,
    FORMATS,
    MAX_PIXELS_TEXT,
    detect_format,
    exif_orientation,
    strip_jpeg,
    strip_png,
)
from model.imaging.radiograph import Radiograph
from model.limits import MAX_BYTES

_EXPORT_AGAIN_TEXT = f"Complete {ACCEPTED_TEXT} Please export or copy it again and choose the new file."

_PNG_GREY, _PNG_RGB, _PNG_PALETTE, _PNG_GREY_ALPHA = 0, 2, 3, 4  # colour types (PNG specification, 11.2.2)
_LUMA = (299, 587, 114)  # thousandths of red, green, blue (ITU-R BT.601-7, 2.5.1); whole numbers, so sums are exact
_COLOUR_SIDE = 128  # least number of pixels on the shorter side from which colourfulness is computed
_MAX_ASPECT = 10  # ratio of the sides above which the longer one is sampled less densely; no radiograph reaches it
_ROWS_PER_BLOCK = 64  # rows converted at a time, so that temporary arrays stay in the processor's cache


class _StoredImage(NamedTuple):
    """Grey float32 (height, width), 0-255, as stored; significant bits; Exif orientation, 1-8; colourfulness."""

    grey: np.ndarray
    bits: int
    orientation: int
    colourfulness: float


def decode(content: bytes, window: int = 0) -> Radiograph:
    """Decode the bytes of a PNG, JPEG or DICOM file.

    DICOM is rendered as on a radiology workstation, see `model.imaging.dicom.grayscale`.

    Grey of PNG and JPEG: 1-bit as 0 or 255, 8-bit as stored, colour as its ITU-R BT.601 luma, unrounded. 16-bit samples
    are scaled linearly from a range of 8 to 16 bits, see `_sixteen_bit_range`. Transparent pixels are composed over
    black, as digital systems mask what is outside the exposed field; white would be the densest thing in the image. The
    Exif orientation is applied.

    Args:
        content: the whole file.
        window: index in `DicomMetadata.windows` of the window to apply to a DICOM file.

    Returns:
        The radiograph; pixels float32 (height, width), contiguous, finite, 0-255.

    Raises:
        FormatUnsupported: another file format, an animated PNG, a JPEG other than 8-bit baseline or progressive, or a
            DICOM file without an image or with an unsupported encoding.
        NotAFrontalChestFilm: a DICOM file whose own tags say that it is something else.
        DecodingAborted: a DICOM file that broke its decoder or exceeded a limit.
        DecoderUnavailable: the process that decodes DICOM could not be started.
        ImageTooLarge: over MAX_BYTES or MAX_PIXELS, or too large for the free memory.
        ImageTooSmall: shorter side below MIN_DECODABLE_SIDE.
        FileUnreadable: empty, truncated or damaged. All of these are FileRefused; nothing else is raised.
    """
    if not content:
        raise FileUnreadable(f"This file is empty. {_EXPORT_AGAIN_TEXT}")
    if len(content) > MAX_BYTES:
        raise ImageTooLarge(
            f"This file has more than {MAX_BYTES // 2**20} MB. {FORMATS} up to that are accepted. {EXPORT_SMALLER_TEXT}"
        )
    source_format = detect_format(content)
    try:
        if source_format == "DICOM":
            return read_in_child(content, window)
        stored = _read_png(content) if source_format == "PNG" else _read_jpeg(content)
        pixels = _upright(stored.grey, stored.orientation)
    except (MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLarge(f"This computer has too little free memory for this picture. {MAX_PIXELS_TEXT}") from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:  # raised while stripping, or by Pillow
        raise FileUnreadable(
            f"This picture is damaged or incomplete, so it is not read. {_EXPORT_AGAIN_TEXT}"
        ) from error
    return Radiograph(pixels, source_format, stored.bits, colourfulness=stored.colourfulness)


def read_limited(path: Path) -> bytes:
    """Read a file, but at most MAX_BYTES + 1 bytes, which is enough for `decode` to refuse one that is too large.

    Raises:
        FileUnreadable: it cannot be opened.
    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FileUnreadable(f"The file cannot be opened ({error.strerror}). Check that you may read it.") from error


def colourfulness(samples: np.ndarray, white: int) -> float:
    """Measure how colourful an image is (Hasler and Suesstrunk 2003, Measuring colourfulness in natural images).

    Computed from every n-th pixel: some ten thousand are as good as all. The long side of a narrow image is sampled
    less densely, because all of its pixels would be used otherwise.

    Args:
        samples: uint8 or uint16 (height, width, channels); the first three of three or four are red, green, blue.
        white: the largest value of a sample.

    Returns:
        0 grey, 15 slightly, 33 moderately colourful (section 7 of the paper).
    """
    if samples.shape[-1] < 3:
        return 0.0
    height, width = samples.shape[:2]
    step = max(1, min(height, width) // _COLOUR_SIDE)
    row_step, column_step = (max(step, side // (_MAX_ASPECT * _COLOUR_SIDE)) for side in (height, width))
    red, green, blue = np.moveaxis(samples[::row_step, ::column_step, :3] * (255 / white), -1, 0)
    opponent = np.stack([red - green, (red + green) / 2 - blue]).reshape(2, -1)
    return float(np.hypot(*opponent.std(axis=1)) + 0.3 * np.hypot(*opponent.mean(axis=1)))


def _upright(grey: np.ndarray, orientation: int) -> np.ndarray:
    """Turn and mirror stored pixels as the Exif orientation says; contiguous."""
    row_step = -1 if orientation in (3, 4, 7, 8) else 1
    column_step = -1 if orientation in (2, 3, 6, 7) else 1
    return np.ascontiguousarray((grey.T if orientation >= 5 else grey)[::row_step, ::column_step])


# --- PNG


def _read_png(content: bytes) -> _StoredImage:
    chunks, stripped = strip_png(content)
    depth, colour_type = chunks[b"IHDR"][8:10]
    samples = _png_samples(stripped, depth, colour_type)
    transparency = chunks.get(b"tRNS", b"")
    orientation = exif_orientation(bytes(chunks.get(b"eXIf", b"")))
    if colour_type == _PNG_PALETTE:
        palette, indices = _palette(chunks[b"PLTE"], transparency), samples[..., 0]
        grey = _to_grey(palette[np.newaxis], 255)[0][indices]
        return _StoredImage(grey, 8, orientation, colourfulness(palette[indices], 255))
    if depth == 16:
        white, bits = _sixteen_bit_range(samples, chunks.get(b"sBIT"))
    else:
        white, bits = 255, depth if colour_type == _PNG_GREY else 8
    grey = _to_grey(samples, white)
    if transparency and colour_type in (_PNG_GREY, _PNG_RGB):
        grey[_is_transparent(samples, transparency, depth)] = 0
    return _StoredImage(grey, bits, orientation, colourfulness(samples, white))


def _png_samples(stripped: bytes, depth: int, colour_type: int) -> np.ndarray:
    """Decode a PNG to samples (height, width, channels), uint8 or uint16.

    All 16 bits of 16-bit samples are kept; by itself, Pillow keeps 8 of them except in grey images.
    """
    if depth < 16 or colour_type == _PNG_GREY:
        samples = _decode_samples(stripped, "PNG")
    elif colour_type == _PNG_GREY_ALPHA:  # two bytes each, decoded as four 8-bit channels
        samples = _decode_samples(stripped, "PNG", "RGBA").view(">u2")
    else:  # the high bytes, then the low bytes
        mode = "RGB" if colour_type == _PNG_RGB else "RGBA"
        samples = _decode_samples(stripped, "PNG", f"{mode};16B").astype(np.uint16) << 8
        samples |= _decode_samples(stripped, "PNG", f"{mode};16L")
    return samples if samples.ndim == 3 else samples[..., np.newaxis]


def _palette(colours: bytes | memoryview, alphas: bytes | memoryview) -> np.ndarray:
    """Return the colours of a palette as uint8 (256, 4), red, green, blue, alpha; opaque unless `alphas` says more."""
    red_green_blue = np.frombuffer(colours, np.uint8).reshape(-1, 3)
    palette = np.zeros((256, 4), np.uint8)
    palette[: len(red_green_blue)] = np.insert(red_green_blue, 3, 255, axis=1)
    alpha = np.frombuffer(alphas, np.uint8)  # of the first colours (PNG specification, 11.3.2.1)
    palette[: len(alpha), 3] = alpha
    return palette


def _is_transparent(samples: np.ndarray, transparency: bytes | memoryview, depth: int) -> np.ndarray:
    """Find the pixels of the one transparent colour of an image without alpha: bool (height, width)."""
    transparent = np.array(struct.unpack_from(f">{samples.shape[-1]}H", transparency))
    if depth < 8:
        transparent *= 255 // (2**depth - 1)  # as Pillow has stretched the samples
    is_transparent: np.ndarray = (samples == transparent).all(axis=-1)
    return is_transparent


def _sixteen_bit_range(samples: np.ndarray, significant: memoryview | None) -> tuple[int, int]:
    """Return white and the number of significant bits of 16-bit samples.

    Many exporters store 10-14 bits in 16 unscaled, which would be almost black if read as 16 bits. So the range is that
    of the smallest depth of 8-16 bits that holds the largest sample, or the depth that sBIT declares (PNG
    specification, second edition, 11.3.3.4) if all samples fit. If they do not fit, the encoder has scaled them up, as
    the standard requires.
    """
    largest = int(samples[..., : max(1, samples.shape[-1] // 3 * 3)].max())  # without alpha, which comes last
    declared = significant[0] if significant and 1 <= significant[0] <= 16 else None
    depth = declared if declared and largest < 2**declared else max(8, largest.bit_length())
    return 2**depth - 1, min(declared or depth, depth)


# --- JPEG


def _read_jpeg(content: bytes) -> _StoredImage:
    """Read a JPEG; of several images in one file (MPO), the first."""
    stripped, orientation = strip_jpeg(content)
    samples = _decode_samples(stripped, "JPEG")
    if samples.ndim == 2:
        samples = samples[..., np.newaxis]
    if samples.shape[-1] == 4:  # CMYK, whose inversion by Adobe Pillow has undone: less ink is brighter
        samples = 255 - samples  # red, green, blue, and black ink, which covers them as alpha does
    return _StoredImage(_to_grey(samples, 255), 8, orientation, colourfulness(samples, 255))


# --- both


def _decode_samples(stripped: bytes, source_format: str, raw_mode: str | None = None) -> np.ndarray:
    """Decode with Pillow: (height, width) or (height, width, channels), uint8 or uint16.

    Args:
        stripped: the file.
        source_format: the only format that Pillow may take it for.
        raw_mode: which bytes Pillow takes, and into which channels; None for its own choice.
    """
    with Image.open(io.BytesIO(stripped), formats=(source_format,)) as image:
        if raw_mode:
            image.tile = [tile._replace(args=raw_mode) for tile in image.tile]
        image.load()
        return np.asarray(image.convert("L") if image.mode == "1" else image)


def _to_grey(samples: np.ndarray, white: int) -> np.ndarray:
    """Convert samples to grey, composed over black.

    Args:
        samples: uint8 or uint16 (height, width, channels): 1 grey; 2 grey, alpha; 3 RGB; 4 RGB, alpha.
        white: the value of a sample that becomes 255.

    Returns:
        float32 (height, width), 0-255.
    """
    channels = samples.shape[-1]
    if channels == 1:
        grey = samples[..., 0].astype(np.float32)
        return grey if white == 255 else np.divide(np.multiply(grey, 255, out=grey), white, out=grey)  # 16 + 8 bits fit
    exact: np.dtype = np.dtype(np.float32 if samples.dtype == np.uint8 else np.float64)  # holds weighted sums exactly
    weights = np.array(_LUMA if channels >= 3 else (1000,), exact)
    grey = np.empty(samples.shape[:2], np.float32)
    for top in range(0, len(samples), _ROWS_PER_BLOCK):
        block = samples[top : top + _ROWS_PER_BLOCK].astype(exact)
        value = block[..., : len(weights)] @ weights / (1000 * white / 255)
        if channels in (2, 4):
            value *= block[..., -1] / np.iinfo(samples.dtype).max
        grey[top : top + _ROWS_PER_BLOCK] = value
    return grey
