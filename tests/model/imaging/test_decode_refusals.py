"""Refusals: other formats, damaged files, too many or too few pixels, too little memory."""

import re
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from model.errors import FileUnreadable, FormatUnsupported, ImageTooLarge, ImageTooSmall
from model.imaging.decode import decode
from model.imaging.file_formats import check_size
from model.limits import MAX_BYTES, MAX_PIXELS, MAX_SCANS
from tests.support.image_files import (
    DAMAGED,
    EXPORT,
    EXPORT_AGAIN,
    PNG_SIGNATURE,
    assert_valid,
    encode,
    noise,
    png,
    png_chunk,
    png_header,
    scanlines,
)


@pytest.mark.parametrize(
    ("content", "format_name"),
    [
        (b"%PDF-1.7\n", "a PDF document"),
        (b"GIF89a", "a GIF picture"),
        (encode(Image.new("L", (40, 40)), "GIF"), "a GIF picture"),
        (encode(Image.new("L", (40, 40)), "TIFF"), "a TIFF picture"),
        (b"MM\0*", "a TIFF picture"),
        (encode(Image.new("L", (40, 40)), "WEBP"), "a WebP picture"),
        (encode(Image.new("L", (40, 40)), "BMP"), "a BMP picture"),
        (b"\0\0\0\x18ftypheic", "a HEIC or AVIF picture"),
        (b"\0\0\0\x1cftypavif", "a HEIC or AVIF picture"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
        (b"PK\x03\x04", "a ZIP or other archive, or an Office document"),
        (b"\xef\xbb\xbf<svg xmlns=", "an SVG drawing"),
        (b'<?xml version="1.0"?>\n<!-- a -->\n<svg ', "an SVG drawing"),
        (b"\n<!DOCTYPE html><svg>", "a web page"),
        (b"<?xml version='1.0'?><a/>", "an XML document"),
        (b"hello", "another kind of file"),
        (PNG_SIGNATURE[:7], "another kind of file"),
        (b"BMW is not a picture", "another kind of file"),
    ],
)
def test_other_formats_are_named(content, format_name):
    with pytest.raises(
        FormatUnsupported, match="^" + re.escape(f"This is {format_name}, which is not read. {EXPORT}") + "$"
    ):
        decode(content)


def test_an_animated_png_is_refused():
    frames = [Image.new("L", (40, 40), grey) for grey in (0, 99)]
    content = encode(frames[0], "PNG", save_all=True, append_images=frames[1:])
    with pytest.raises(FormatUnsupported, match=re.escape(f"This PNG holds several pictures. Single {EXPORT}")):
        decode(content)


def test_an_empty_file_is_refused():
    with pytest.raises(FileUnreadable, match=re.escape(f"This file is empty. {EXPORT_AGAIN}")):
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
    with pytest.raises(FileUnreadable, match="^" + re.escape(DAMAGED) + "$"):
        decode(content)


@pytest.mark.parametrize(("width", "height"), [(60000, 60000), (2**31 - 1, 2**31 - 1), (60001, 1000), (7, 2**24)])
def test_too_many_pixels_are_refused_by_the_header(width, height, monkeypatch):
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("a decoder was started"))
    message = (
        f"This picture has {width} x {height} pixels. DICOM, PNG and JPEG files of up to 60 megapixels are accepted. "
        "Please export the radiograph smaller and choose the new file."
    )
    frame = b"\xff\xd8\xff\xc0" + struct.pack(">HBHHB", 11, 8, height & 0xFFFF, width & 0xFFFF, 1) + b"\1\x11\0"
    for content in [png_header(width, height), *([frame] if max(width, height) < 2**16 else [])]:
        with pytest.raises(ImageTooLarge, match="^" + re.escape(message) + "$"):
            decode(content)


def test_the_maximum_number_of_pixels_is_accepted_by_us_and_by_pillow():
    assert Image.MAX_IMAGE_PIXELS >= MAX_PIXELS
    check_size(MAX_PIXELS // 1000, 1000)


def test_too_many_bytes_are_refused():
    message = "This file has more than 50 MB. DICOM, PNG and JPEG files up to that are accepted. Please export the"
    with pytest.raises(ImageTooLarge, match=re.escape(message)):
        decode(PNG_SIGNATURE + bytes(MAX_BYTES))


@pytest.mark.parametrize("error", [MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning])
def test_too_little_memory_is_a_refusal(error, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(ImageTooLarge, match="too little free memory"):
        decode(png(noise(40, 40)))


def test_too_few_pixels_are_refused():
    message = "This picture has 400 x 31 pixels, too few to judge. DICOM, PNG and JPEG files with at least 32 pixels on"
    for content in (png(noise(31, 400)), encode(Image.new("L", (400, 31)))):
        with pytest.raises(ImageTooSmall, match=re.escape(message)):
            decode(content)
    assert_valid(decode(png(noise(32, 400))))
