"""Refusals: other formats, damaged files, too many or too few pixels, too little memory."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from model.errors import FileUnreadable, FormatUnsupported, ImageTooLarge, ImageTooSmall
from model.imaging.decode import decode
from model.imaging.file_formats import check_size
from model.limits import MAX_BYTES, MAX_PIXELS, MAX_SCANS
from model.messages import MessageCode
from tests.support.image_files import (
    PNG_SIGNATURE,
    assert_valid,
    encode,
    noise,
    png,
    png_chunk,
    png_header,
    scanlines,
)
from tests.support.messages import raises_message


@pytest.mark.parametrize(
    ("content", "file_format"),
    [
        (b"%PDF-1.7\n", "pdf"),
        (b"GIF89a", "gif"),
        (encode(Image.new("L", (40, 40)), "GIF"), "gif"),
        (encode(Image.new("L", (40, 40)), "TIFF"), "tiff"),
        (b"MM\0*", "tiff"),
        (encode(Image.new("L", (40, 40)), "WEBP"), "webp"),
        (encode(Image.new("L", (40, 40)), "BMP"), "bmp"),
        (b"\0\0\0\x18ftypheic", "heif"),
        (b"\0\0\0\x1cftypavif", "heif"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "jpeg2000"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "jpegxl"),
        (b"\xff\x0a\x7f", "jpegxl"),
        (b"PK\x03\x04", "archive"),
        (b"\xef\xbb\xbf<svg xmlns=", "svg"),
        (b'<?xml version="1.0"?>\n<!-- a -->\n<svg ', "svg"),
        (b"\n<!DOCTYPE html><svg>", "html"),
        (b"<?xml version='1.0'?><a/>", "xml"),
        (b"hello", "unknown"),
        (PNG_SIGNATURE[:7], "unknown"),
        (b"BMW is not an image", "unknown"),
    ],
)
def test_other_formats_are_named(content, file_format):
    with raises_message(FormatUnsupported, MessageCode.OTHER_FORMAT, file_format=file_format):
        decode(content)


def test_an_animated_png_is_refused():
    frames = [Image.new("L", (40, 40), grey) for grey in (0, 99)]
    content = encode(frames[0], "PNG", save_all=True, append_images=frames[1:])
    with raises_message(FormatUnsupported, MessageCode.ANIMATED_PNG):
        decode(content)


def test_an_empty_file_is_refused():
    with raises_message(FileUnreadable, MessageCode.EMPTY_FILE):
        decode(b"")


def damaged_files():
    file = png(noise(40, 40))
    yield "png end", file[:-12]
    yield "png pixels", file.replace(png_chunk(b"IEND", b""), b"")[:-300]
    yield "png checksum of pixels", file[:100] + bytes([file[100] ^ 1]) + file[101:]
    yield "png zlib", png_header(40, 40) + png_chunk(b"IDAT", b"not zlib") + png_chunk(b"IEND", b"")
    compressed = zlib.compress(scanlines(noise(40, 40), 8))
    yield "png too few rows", png_header(40, 40) + png_chunk(b"IDAT", compressed[:-200]) + png_chunk(b"IEND", b"")
    yield "png no pixels", png_header(40, 40) + png_chunk(b"IEND", b"")
    yield "png 16-bit without pixels", png_header(40, 40, 16, 2) + png_chunk(b"IEND", b"")
    yield "png no header", PNG_SIGNATURE + png_chunk(b"IEND", b"")
    yield "png two headers", png_header(40, 40) + png_header(6000, 6000)[8:] + file[33:]
    yield "png short header", PNG_SIGNATURE + png_chunk(b"IHDR", b"\0\0\0\x28\0\0\0\x28") + file[33:]
    yield "png no sides", png_header(0, 40) + file[33:]
    yield "png unknown depth", png_header(40, 40, depth=3) + file[33:]
    yield "png no palette", png(noise(40, 40), 8, 3)
    yield "png palette of 300", png(noise(40, 40), 8, 3, png_chunk(b"PLTE", bytes(900)))
    yield "png short transparent colour", png(noise(40, 40, 3), 8, 2, png_chunk(b"tRNS", b"\0"))
    yield (
        "png unknown filter",
        png_header(40, 40) + png_chunk(b"IDAT", zlib.compress(b"\x09" * 1640)) + png_chunk(b"IEND", b""),
    )
    jpeg = encode(Image.fromarray(noise(40, 40).astype(np.uint8)))
    frame = jpeg.index(b"\xff\xc0")
    yield "jpeg end", jpeg[:-2]
    yield "jpeg half", jpeg[: len(jpeg) // 2]
    yield "jpeg start", b"\xff\xd8\xff"
    yield "jpeg no pixels", b"\xff\xd8\xff\xd9"
    yield "jpeg two frames", jpeg[:frame] + jpeg[frame : frame + 13] * 2 + jpeg[frame + 13 :]
    yield "jpeg short frame", b"\xff\xd8\xff\xc0\0\4\x08\0"
    yield "jpeg no sides", jpeg[: frame + 5] + b"\0\0" + jpeg[frame + 7 :]
    scan = jpeg.index(b"\xff\xda")
    yield "jpeg endless scans", jpeg[:-2] + jpeg[scan:-2] * MAX_SCANS + jpeg[-2:]


@pytest.mark.parametrize("content", [pytest.param(content, id=name) for name, content in damaged_files()])
def test_damaged_files_are_refused(content):
    with raises_message(FileUnreadable, MessageCode.FILE_DAMAGED):
        decode(content)


@pytest.mark.parametrize(("width", "height"), [(60000, 60000), (2**31 - 1, 2**31 - 1), (60001, 1000), (7, 2**24)])
def test_too_many_pixels_are_refused_before_decoding(width, height, monkeypatch):
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("a decoder was started"))
    frame = b"\xff\xd8\xff\xc0" + struct.pack(">HBHHB", 11, 8, height & 0xFFFF, width & 0xFFFF, 1) + b"\1\x11\0"
    for content in [png_header(width, height), *([frame] if max(width, height) < 2**16 else [])]:
        with raises_message(ImageTooLarge, MessageCode.TOO_MANY_PIXELS, width=width, height=height):
            decode(content)


def test_pillow_also_accepts_the_maximum_number_of_pixels():
    assert Image.MAX_IMAGE_PIXELS >= MAX_PIXELS
    check_size(MAX_PIXELS // 1000, 1000)


def test_too_many_bytes_are_refused():
    with raises_message(ImageTooLarge, MessageCode.FILE_TOO_LARGE):
        decode(PNG_SIGNATURE + bytes(MAX_BYTES))


@pytest.mark.parametrize("error", [MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning])
def test_too_little_memory_is_a_refusal(error, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Image, "open", fail)
    with raises_message(ImageTooLarge, MessageCode.OUT_OF_MEMORY):
        decode(png(noise(40, 40)))


def test_too_few_pixels_are_refused():
    for content in (png(noise(31, 400)), encode(Image.new("L", (400, 31)))):
        with raises_message(ImageTooSmall, MessageCode.TOO_FEW_PIXELS, width=400, height=31):
            decode(content)
    assert_valid(decode(png(noise(32, 400))))
