"""File bytes -> Radiograph: PNG, JPEG and DICOM, known by their content and never by their name.

DICOM goes to a process of its own, see `model.imaging.dicom.sandbox`. PNG and JPEG are walked by `model.imaging.file_formats` first, and Pillow
sees a copy that holds the pixels and nothing else. So every limit is checked before a pixel is decoded, text, patient
data, profiles and thumbnails are never parsed, and Pillow has nothing to warn about: nothing global is set, and any
number of threads may decode at once.

What is not here: colour profiles and gamma (grey values are taken as the file holds them), orientation in XMP, and the
damage that nothing in a file gives away: wrong data within a JPEG scan, or a PNG whose encoder left rows out (black).
"""

import io
import struct
from pathlib import Path

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

_LUMA = (299, 587, 114)  # thousandths of red, green, blue (ITU-R BT.601-7, 2.5.1); whole numbers, so sums are exact
_COLOUR_SIDE = 128  # pixels on the shorter side that colourfulness looks at, at least
_MAX_ASPECT = 10  # times as long as wide, or longer: no film is
_ROWS_PER_BLOCK = 64  # rows worked on at a time, so that temporaries stay in the processor's cache


def decode(content: bytes, window: int = 0) -> Radiograph:
    """Decode the bytes of a PNG, JPEG or DICOM file.

    DICOM is shown as a workstation shows it, see `model.imaging.dicom.grayscale`.

    Grey of PNG and JPEG: 1-bit as 0 or 255, 8-bit as stored, colour as its ITU-R BT.601 luma, unrounded. 16-bit samples
    are scaled linearly from a range of 8 to 16 bits, see `_sixteen_bit_range`. Transparent pixels lie over black, as digital
    systems mask what is outside the exposed field; white would be the densest thing in the picture. Turned as Exif
    orientation says.

    Args:
        content: the whole file.
        window: which of `DicomMetadata.windows` a DICOM file is shown by.

    Returns:
        pixels float32 (height, width), contiguous, finite, 0-255.

    Raises:
        FormatUnsupported: another kind of file, an animated PNG, a JPEG other than 8-bit baseline or progressive, or a
            DICOM file without a picture or with one that is stored in a way not read.
        NotAFrontalChestFilm: a DICOM file that says itself that it is something else.
        DecodingStopped: a DICOM file that broke its decoder or went beyond its limits.
        DecodingNotStarted: no process could be started to read a DICOM file.
        PictureTooLarge: over MAX_BYTES or MAX_PIXELS, or too large for the free memory.
        PictureTooSmall: shortest side under MIN_SIDE.
        FileUnreadable: empty, truncated or damaged. Nothing but these FileRefused ever leaves this function.
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
        read = {"PNG": _read_png, "JPEG": _read_jpeg}[source_format]
        stored, bits, orientation, colour = read(content)
        rows, columns = -1 if orientation in (3, 4, 7, 8) else 1, -1 if orientation in (2, 3, 6, 7) else 1
        pixels = np.ascontiguousarray((stored.T if orientation >= 5 else stored)[::rows, ::columns])
    except (MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLarge(f"This computer has too little free memory for this picture. {MAX_PIXELS_TEXT}") from error
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:  # of the walks, and of Pillow
        raise FileUnreadable(
            f"This picture is damaged or incomplete, so it is not read. {_EXPORT_AGAIN_TEXT}"
        ) from error
    return Radiograph(pixels, source_format, bits, colourfulness=colour)


def read_limited(path: Path) -> bytes:
    """The bytes of a file, and of one that is too large no more than it takes to be refused.

    Raises:
        FileUnreadable: it cannot be opened.
    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise FileUnreadable(f"The file cannot be opened ({error.strerror}). Check that you may read it.") from error


def colourfulness(samples: np.ndarray, white: int) -> float:
    """How colourful samples are: uint8 or uint16 (H, W, channels), of which three or four are red, green, blue first.

    0 grey, 15 slightly, 33 moderately colourful (Hasler and Suesstrunk 2003, Measuring colourfulness in natural images,
    section 7), of every n-th pixel: some ten thousand tell as much as all. A narrow picture is looked at less closely
    along its length, which would else be worked on whole.
    """
    if samples.shape[-1] < 3:
        return 0.0
    height, width = samples.shape[:2]
    step = max(1, min(height, width) // _COLOUR_SIDE)
    down, across = (max(step, side // (_MAX_ASPECT * _COLOUR_SIDE)) for side in (height, width))
    red, green, blue = np.moveaxis(samples[::down, ::across, :3] * (255 / white), -1, 0)
    opponent = np.stack([red - green, (red + green) / 2 - blue]).reshape(2, -1)
    return float(np.hypot(*opponent.std(axis=1)) + 0.3 * np.hypot(*opponent.mean(axis=1)))


def _read_png(content: bytes) -> tuple[np.ndarray, int, int, float]:
    """Grey as stored float32 (H, W) 0-255, significant bits, Exif orientation, colourfulness."""
    chunks, file = strip_png(content)
    depth, colour = chunks[b"IHDR"][8:10]
    samples = _png_samples(file, depth, colour)
    transparent = chunks.get(b"tRNS", b"")  # PNG 11.3.2.1: alpha of the first palette colours, or the one clear colour
    if colour == 3:
        colours, alpha = np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3), np.frombuffer(transparent, np.uint8)
        palette = np.zeros((1, 256, 4), np.uint8)
        palette[0, : len(colours)] = np.insert(colours, 3, 255, axis=1)
        palette[0, : len(alpha), 3] = alpha
        stored, bits = _to_grey(palette, 255)[0][samples[..., 0]], 8
        samples, white = palette[0][samples[..., 0]], 255
    else:
        white, bits = (
            (255, depth if colour == 0 else 8) if depth < 16 else _sixteen_bit_range(samples, chunks.get(b"sBIT"))
        )
        stored = _to_grey(samples, white)
        if transparent and colour in (0, 2):
            clear = np.array(struct.unpack_from(f">{samples.shape[-1]}H", transparent))
            clear *= 255 // (2**depth - 1) if depth < 8 else 1  # as Pillow has stretched the samples
            stored[(samples == clear).all(axis=-1)] = 0
    return stored, bits, exif_orientation(bytes(chunks.get(b"eXIf", b""))), colourfulness(samples, white)


def _png_samples(file: bytes, depth: int, colour: int) -> np.ndarray:
    """Samples (H, W, channels): uint8, or all 16 bits of 16-bit ones, of which Pillow alone keeps 8 except in grey."""
    if depth < 16 or colour == 0:
        samples = _decode_samples(file, "PNG")
    elif colour == 4:  # grey and alpha, two bytes each, taken as four bytes
        samples = _decode_samples(file, "PNG", "RGBA").view(">u2")
    else:  # the high bytes, then the low bytes
        mode = "RGB" if colour == 2 else "RGBA"
        samples = _decode_samples(file, "PNG", f"{mode};16B").astype(np.uint16) << 8
        samples |= _decode_samples(file, "PNG", f"{mode};16L")
    return samples if samples.ndim == 3 else samples[..., np.newaxis]


def _sixteen_bit_range(samples: np.ndarray, significant: memoryview | None) -> tuple[int, int]:
    """White and significant bits of 16-bit samples.

    Many exporters put 10-14 bits into 16 unscaled, which read as 16 bits would be almost black. So the range is that
    of the smallest depth of 8-16 bits that holds the largest sample, or what sBIT declares (PNG specification, second
    edition, 11.3.3.4) if all samples fit. Where they do not, the encoder has scaled them up, as the standard asks.
    """
    largest = int(samples[..., : max(1, samples.shape[-1] // 3 * 3)].max())  # alpha, if any, comes last
    declared = significant[0] if significant and 1 <= significant[0] <= 16 else None
    depth = declared if declared and largest < 2**declared else max(8, largest.bit_length())
    return 2**depth - 1, min(declared or depth, depth)


def _read_jpeg(content: bytes) -> tuple[np.ndarray, int, int, float]:
    """As `_read_png`; the first picture of several (MPO)."""
    file, orientation = strip_jpeg(content)
    samples = _decode_samples(file, "JPEG")
    if samples.ndim == 2:
        samples = samples[..., np.newaxis]
    if samples.shape[-1] == 4:  # Pillow has undone Adobe's inversion: less ink is brighter, and black ink covers all
        samples = 255 - samples
    return _to_grey(samples, 255), 8, orientation, colourfulness(samples, 255)


def _decode_samples(file: bytes, source_format: str, rawmode: str | None = None) -> np.ndarray:
    """What Pillow decodes: (H, W) or (H, W, channels), uint8 or uint16; `rawmode` is which bytes it takes and where."""
    with Image.open(io.BytesIO(file), formats=(source_format,)) as image:
        if rawmode:
            image.tile = [tile._replace(args=rawmode) for tile in image.tile]
        image.load()
        return np.asarray(image.convert("L") if image.mode == "1" else image)


def _to_grey(samples: np.ndarray, white: int) -> np.ndarray:
    """Samples uint8 or uint16 (H, W, 1 grey | 2 grey, alpha | 3 RGB | 4 RGB, alpha) -> float32 (H, W), white = 255."""
    channels = samples.shape[-1]
    if channels == 1:
        grey = samples[..., 0].astype(np.float32)
        return grey if white == 255 else np.divide(np.multiply(grey, 255, out=grey), white, out=grey)  # 16 + 8 bits fit
    exact = np.float32 if samples.dtype == np.uint8 else np.float64  # wide enough for the weighted sums
    weights = np.array(_LUMA if channels >= 3 else (1000,), exact)
    grey = np.empty(samples.shape[:2], np.float32)
    for top in range(0, len(samples), _ROWS_PER_BLOCK):
        band = samples[top : top + _ROWS_PER_BLOCK].astype(exact)
        value = band[..., : len(weights)] @ weights / (1000 * white / 255)
        if channels in (2, 4):
            value *= band[..., -1] / np.iinfo(samples.dtype).max
        grey[top : top + _ROWS_PER_BLOCK] = value
    return grey
