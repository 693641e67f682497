"""Build PNG and JPEG files, and check decoded radiographs."""

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from model.imaging.radiograph import Radiograph
from model.limits import MIN_DECODABLE_SIDE

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
LUMA = np.array([0.299, 0.587, 0.114])
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by PNG colour type
ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_header(width: int, height: int, depth: int = 8, colour_type: int = 0, interlace: int = 0) -> bytes:
    """Return the signature and the header chunk."""
    data = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlace)
    return PNG_SIGNATURE + png_chunk(b"IHDR", data)


def scanlines(samples: np.ndarray, depth: int) -> bytes:
    """Return unfiltered scanlines of samples (height, width, channels)."""
    lines = samples.reshape(len(samples), -1)
    if depth < 8:
        bits = lines[..., np.newaxis] >> np.arange(depth - 1, -1, -1) & 1
        packed = np.packbits(bits.reshape(len(lines), -1).astype(np.uint8), axis=1)
        return b"".join(b"\0" + line.tobytes() for line in packed)
    return b"".join(b"\0" + line.astype(">u2" if depth == 16 else np.uint8).tobytes() for line in lines)


def png(samples: np.ndarray, depth: int = 8, colour_type: int = 0, *chunks: bytes, interlace: bool = False) -> bytes:
    """Encode a PNG without Pillow, with `chunks` before the pixels."""
    samples = samples.reshape(*samples.shape[:2], CHANNELS[colour_type])
    passes = [samples[y::dy, x::dx] for y, x, dy, dx in ADAM7] if interlace else [samples]
    data = zlib.compress(b"".join(scanlines(pixels, depth) for pixels in passes))
    halves = [png_chunk(b"IDAT", data[: len(data) // 2]), png_chunk(b"IDAT", data[len(data) // 2 :])]
    header = png_header(samples.shape[1], samples.shape[0], depth, colour_type, int(interlace))
    return b"".join([header, *chunks, *halves, png_chunk(b"IEND", b"")])


def encode(image: Image.Image, source_format: str = "JPEG", **options: object) -> bytes:
    """Encode an image with Pillow."""
    buffer = io.BytesIO()
    image.save(buffer, source_format, **options)
    return buffer.getvalue()


def noise(*shape: int, below: int = 256, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, below, shape)


def gradient(height: int = 40, width: int = 56) -> np.ndarray:
    """Draw a gradient without symmetry, uint8, which JPEG of quality 95 preserves to within 2 grey levels."""
    return (np.linspace(10, 200, width) + np.linspace(0, 50, height)[:, np.newaxis]).round().astype(np.uint8)


def exif_block(orientation: int, byte_order: str = "<", value_type: int = 3) -> bytes:
    """Return an Exif block with an artist and an orientation, stored as a 16-bit (3) or 32-bit (4) number."""
    is_short = value_type == 3
    value = struct.pack(byte_order + ("HH" if is_short else "I"), *([orientation, 0] if is_short else [orientation]))
    start = (b"II*\0" if byte_order == "<" else b"MM\0*") + struct.pack(byte_order + "IH", 8, 2)
    artist = struct.pack(byte_order + "HHI", 0x010E, 2, 4) + b"Ann\0"
    return start + artist + struct.pack(byte_order + "HHI", 0x0112, value_type, 1) + value + b"\0" * 4


def with_exif(jpeg: bytes, data: bytes) -> bytes:
    """Insert an Exif block into a JPEG."""
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(data) + 8) + b"Exif\0\0" + data + jpeg[2:]


def png_seeds() -> Iterator[bytes]:
    """Yield small valid files of each colour type and several depths, to be damaged."""
    palette = png_chunk(b"PLTE", noise(256, 3).astype("u1").tobytes())
    for colour, depth in ((0, 1), (0, 8), (0, 16), (2, 8), (2, 16), (3, 4), (3, 8), (4, 16), (6, 8), (6, 16)):
        samples = noise(33, 34, CHANNELS[colour], below=2**depth)
        extra_chunks = [
            png_chunk(b"sBIT", bytes([min(depth, 12)])),
            png_chunk(b"eXIf", exif_block(6)),
            png_chunk(b"tRNS", bytes(6)),
        ]
        yield png(samples, depth, colour, *extra_chunks, *([palette] if colour == 3 else []), interlace=depth == 8)


def jpeg_seeds() -> Iterator[bytes]:
    """Yield small valid files of each colour mode, baseline and progressive, to be damaged."""
    for mode in ("L", "RGB", "CMYK"):
        image = Image.fromarray(gradient()).convert(mode)
        yield encode(image)
        yield with_exif(encode(image, progressive=True), exif_block(6))
    yield encode(Image.fromarray(gradient()), restart_marker_rows=1)


def assert_valid(radiograph: Radiograph) -> None:
    assert radiograph.pixels.dtype == np.float32
    assert radiograph.pixels.ndim == 2
    assert min(radiograph.pixels.shape) >= MIN_DECODABLE_SIDE
    assert radiograph.pixels.flags["C_CONTIGUOUS"]
    assert np.isfinite(radiograph.pixels).all()
    assert radiograph.pixels.min() >= 0
    assert radiograph.pixels.max() <= 255
    assert radiograph.source_format in ("PNG", "JPEG", "DICOM")
    assert 1 <= radiograph.bits <= 16


def assert_pixels(radiograph: Radiograph, expected: np.ndarray) -> None:
    assert_valid(radiograph)
    np.testing.assert_array_equal(radiograph.pixels, expected.astype(np.float32))
