"""PNG and JPEG files made by the tests, and what must hold of a picture that was read from one."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

from model.imaging.radiograph import Radiograph
from model.limits import MIN_DECODABLE_SIDE

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LUMA = np.array([0.299, 0.587, 0.114])
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
ACCEPTED = "DICOM, PNG and JPEG files are accepted."
EXPORT = f"{ACCEPTED} Please export the radiograph as a PNG or JPEG picture and choose that file."
AGAIN = f"Complete {ACCEPTED} Please export or copy it again and choose the new file."
DAMAGED = f"This picture is damaged or incomplete, so it is not read. {AGAIN}"


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def header(width: int, height: int, depth: int = 8, colour: int = 0, interlace: int = 0) -> bytes:
    return SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))


def rows(samples: np.ndarray, depth: int) -> bytes:
    """Unfiltered scanlines of samples (H, W, channels)."""
    lines = samples.reshape(len(samples), -1)
    if depth < 8:
        bits = lines[..., np.newaxis] >> np.arange(depth - 1, -1, -1) & 1
        packed = np.packbits(bits.reshape(len(lines), -1).astype(np.uint8), axis=1)
        return b"".join(b"\0" + line.tobytes() for line in packed)
    return b"".join(b"\0" + line.astype(">u2" if depth == 16 else np.uint8).tobytes() for line in lines)


def png(samples: np.ndarray, depth: int = 8, colour: int = 0, *extra: bytes, interlace: bool = False) -> bytes:
    """A PNG written here, by nothing of Pillow; `extra` are chunks before the pixels."""
    samples = samples.reshape(*samples.shape[:2], CHANNELS[colour])
    passes = [samples[y::dy, x::dx] for y, x, dy, dx in ADAM7] if interlace else [samples]
    data = zlib.compress(b"".join(rows(part, depth) for part in passes))
    halves = [chunk(b"IDAT", data[: len(data) // 2]), chunk(b"IDAT", data[len(data) // 2 :])]
    top = header(samples.shape[1], samples.shape[0], depth, colour, int(interlace))
    return b"".join([top, *extra, *halves, chunk(b"IEND", b"")])


def saved(image: Image.Image, source_format: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, source_format, **options)
    return buffer.getvalue()


def noise(*shape: int, below: int = 256, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, below, shape)


def smooth(height: int = 40, width: int = 56) -> np.ndarray:
    """A slope without symmetry, which JPEG keeps to within 2 grey levels at quality 95."""
    return (np.linspace(10, 200, width) + np.linspace(0, 50, height)[:, np.newaxis]).round().astype(np.uint8)


def exif(orientation: int, order: str = "<", kind: int = 3) -> bytes:
    value = struct.pack(order + ("HH" if kind == 3 else "I"), *([orientation, 0] if kind == 3 else [orientation]))
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, 2)
    artist = struct.pack(order + "HHI", 0x010E, 2, 4) + b"Ann\0"
    return start + artist + struct.pack(order + "HHI", 0x0112, kind, 1) + value + b"\0" * 4


def with_exif(jpeg: bytes, data: bytes) -> bytes:
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(data) + 8) + b"Exif\0\0" + data + jpeg[2:]


def check(picture: Radiograph) -> None:
    assert picture.pixels.dtype == np.float32
    assert picture.pixels.ndim == 2
    assert min(picture.pixels.shape) >= MIN_DECODABLE_SIDE
    assert picture.pixels.flags["C_CONTIGUOUS"]
    assert np.isfinite(picture.pixels).all()
    assert picture.pixels.min() >= 0
    assert picture.pixels.max() <= 255
    assert picture.source_format in ("PNG", "JPEG", "DICOM")
    assert 1 <= picture.bits <= 16


def same(picture: Radiograph, expected: np.ndarray) -> None:
    check(picture)
    np.testing.assert_array_equal(picture.pixels, expected.astype(np.float32))
