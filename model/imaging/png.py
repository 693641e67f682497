"""Decode PNG files: all bit depths and colour types, transparency, and the range of 16-bit samples."""

import struct

import numpy as np

from model.imaging.file_formats import exif_orientation, strip_png
from model.imaging.grey_range import count_levels, estimate_range
from model.imaging.samples import StoredImage, colourfulness, decode_samples, to_grey

_FILLED = 2 / 3  # of a range of 8 to 16 bits; below it, the radiograph more likely has another range
_GREY, _RGB, _PALETTE, _GREY_ALPHA = 0, 2, 3, 4  # colour types (PNG specification, 11.2.2)


def read_png(content: bytes) -> StoredImage:
    """Decode a PNG.

    Raises:
        FileRefused: The PNG is too large, too small or animated.
        Exception: Any other exception means that the file is damaged or incomplete; see `model.imaging.decode`.
    """
    chunks, stripped = strip_png(content)
    depth, colour_type = chunks[b"IHDR"][8:10]
    samples = _decode(stripped, depth, colour_type)
    transparency = chunks.get(b"tRNS", b"")
    orientation = exif_orientation(bytes(chunks.get(b"eXIf", b"")))
    if colour_type == _PALETTE:
        palette, indices = _palette(chunks[b"PLTE"], transparency), samples[..., 0]
        grey = to_grey(palette[np.newaxis], 255)[0][indices]
        return StoredImage(grey, 8, orientation, colourfulness(palette[indices], 255))
    if depth == 16:
        white, bits, is_guess = _sixteen_bit_range(samples, chunks.get(b"sBIT"))
    else:
        white, bits, is_guess = 255, depth if colour_type == _GREY else 8, False
    grey = to_grey(samples, white)
    if is_guess:  # there may be markers above white
        np.minimum(grey, 255, out=grey)
    if transparency and colour_type in (_GREY, _RGB):
        grey[_is_transparent(samples, transparency, depth)] = 0
    return StoredImage(grey, bits, orientation, colourfulness(samples, white), is_guess)


def _decode(stripped: bytes, depth: int, colour_type: int) -> np.ndarray:
    """Decode a PNG to samples (height, width, channels), uint8 or uint16.

    All 16 bits of 16-bit samples are kept. By default, Pillow keeps only 8 of them except in grey images.
    """
    if depth < 16 or colour_type == _GREY:
        return decode_samples(stripped, "PNG")
    if colour_type == _GREY_ALPHA:  # two 16-bit samples, decoded as four 8-bit channels
        return decode_samples(stripped, "PNG", "RGBA").view(">u2")
    mode = "RGB" if colour_type == _RGB else "RGBA"
    samples = decode_samples(stripped, "PNG", f"{mode};16B").astype(np.uint16) << 8  # the high bytes
    samples |= decode_samples(stripped, "PNG", f"{mode};16L")  # the low bytes
    return samples


def _palette(colours: bytes | memoryview, alphas: bytes | memoryview) -> np.ndarray:
    """Return the colours of a palette: uint8 (256, 4), red, green, blue, alpha; opaque unless `alphas` has an entry."""
    red_green_blue = np.frombuffer(colours, np.uint8).reshape(-1, 3)
    palette = np.zeros((256, 4), np.uint8)
    palette[: len(red_green_blue)] = np.insert(red_green_blue, 3, 255, axis=1)
    alpha = np.frombuffer(alphas, np.uint8)  # for the first colours only (PNG specification, 11.3.2.1)
    palette[: len(alpha), 3] = alpha
    return palette


def _is_transparent(samples: np.ndarray, transparency: bytes | memoryview, depth: int) -> np.ndarray:
    """Find the pixels that have the one transparent colour of an image without alpha channel: bool (height, width)."""
    transparent = np.array(struct.unpack_from(f">{samples.shape[-1]}H", transparency))
    if depth < 8:
        transparent *= 255 // (2**depth - 1)  # Pillow has stretched the samples by the same factor
    is_transparent: np.ndarray = (samples == transparent).all(axis=-1)
    return is_transparent


def _sixteen_bit_range(samples: np.ndarray, significant: memoryview | None) -> tuple[int, int, bool]:
    """Return the sample value of white and the number of significant bits, and whether white is a guess.

    White is the largest value of the depth that sBIT declares (PNG specification, second edition, 11.3.3.4) if all
    samples fit. If they do not fit, the encoder has scaled the samples up, as the standard requires.

    Without sBIT, the image decides. Many exporters store 8 to 15 bits unscaled in 16-bit samples. Read as 16 bits, such
    an image would be almost black. The number of bits is unknown then, so the largest value is white, without markers
    far above the others. It is not a guess if the radiograph reaches the top of its number of bits.
    """
    colour = samples[..., : max(1, samples.shape[-1] // 3 * 3)]  # without alpha, which comes last
    largest = int(colour.max())
    declared = significant[0] if significant and 1 <= significant[0] <= 16 else None
    if declared and largest < 2**declared:
        return 2**declared - 1, declared, False
    depth = max(8, largest.bit_length())
    if declared and depth == 16:
        return 2**16 - 1, declared, False
    counts = sum(count_levels(colour[..., channel], 2**16) for channel in range(colour.shape[-1]))
    film = estimate_range(np.arange(2**16), np.asarray(counts))
    film_depth = max(8, int(film.highest).bit_length())
    is_filled = film.highest >= _FILLED * (2**film_depth - 1)
    if film_depth == 16 and is_filled:
        return 2**16 - 1, min(declared or 16, 16), False
    return max(255, int(film.highest)), min(declared or depth, depth), film.is_estimate or not is_filled
