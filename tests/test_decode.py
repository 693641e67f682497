import io
import re
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image, ImageOps

from model.container import MAX_PIXELS, MAX_SCANS, MIN_SIDE, check_size
from model.decode import MAX_BYTES, decode
from model.errors import FileRefused, FileUnreadable, FormatUnsupported, PictureTooLarge, PictureTooSmall
from model.radiograph import Radiograph

steady = settings(derandomize=True, deadline=None, database=None)

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LUMA = np.array([0.299, 0.587, 0.114])
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
ACCEPTED = "PNG and JPEG pictures are accepted."
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
    assert min(picture.pixels.shape) >= MIN_SIDE
    assert picture.pixels.flags["C_CONTIGUOUS"]
    assert np.isfinite(picture.pixels).all()
    assert picture.pixels.min() >= 0
    assert picture.pixels.max() <= 255
    assert picture.source_format in ("PNG", "JPEG")
    assert 1 <= picture.bits <= 16


def same(picture: Radiograph, expected: np.ndarray) -> None:
    check(picture)
    np.testing.assert_array_equal(picture.pixels, expected.astype(np.float32))


# --- every kind of PNG


@pytest.mark.parametrize("interlace", [False, True], ids=["plain", "adam7"])
@pytest.mark.parametrize(
    ("colour", "depth"),
    [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (4, 8), (4, 16), (6, 8), (6, 16)],
)
def test_png_of_every_kind_is_read_in_full(colour, depth, interlace):
    white = 2**depth - 1
    samples = noise(37, 43, CHANNELS[colour], below=white + 1)
    samples[0, 0] = white
    light = samples[..., :3] @ LUMA if colour in (2, 6) else samples[..., 0]
    opacity = samples[..., -1] / white if colour in (4, 6) else 1
    picture = decode(png(samples, depth, colour, interlace=interlace))
    check(picture)
    np.testing.assert_allclose(picture.pixels, light * opacity * 255 / white, rtol=3e-7, atol=1e-5)
    assert picture.pixels[0, 0] == 255
    assert picture.source_format == "PNG"
    assert picture.bits == (depth if colour == 0 or depth == 16 else 8)


@pytest.mark.parametrize("interlace", [False, True], ids=["plain", "adam7"])
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_png_palette_with_and_without_transparency(depth, interlace):
    samples, colours = noise(37, 43, below=2**depth), noise(2**depth, 3, seed=1)
    alpha = noise(2**depth - 1, seed=2)  # fewer than colours: the rest is opaque
    palette = chunk(b"PLTE", colours.astype(np.uint8).tobytes())
    opaque = decode(png(samples, depth, 3, palette, interlace=interlace))
    np.testing.assert_allclose(opaque.pixels, (colours @ LUMA)[samples], rtol=3e-7, atol=1e-5)
    assert opaque.bits == 8
    see_through = png(samples, depth, 3, palette, chunk(b"tRNS", alpha.astype(np.uint8).tobytes()), interlace=interlace)
    expected = (colours @ LUMA * np.append(alpha, 255) / 255)[samples]
    np.testing.assert_allclose(decode(see_through).pixels, expected, rtol=3e-7, atol=1e-5)


def test_palette_index_without_a_colour_is_black():
    palette = chunk(b"PLTE", b"\xff\xff\xff")
    same(decode(png(np.eye(32, dtype=int), 8, 3, palette)), 255 * (1 - np.eye(32)))


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_the_one_clear_grey_is_black(depth):
    samples = noise(32, 32, below=2**depth)
    samples[0, :2] = 2**depth - 1, 2**depth - 2
    clear = 2**depth - 1
    expected = np.where(samples == clear, 0, samples * 255 / (2**depth - 1))
    same(decode(png(samples, depth, 0, chunk(b"tRNS", struct.pack(">H", clear)))), expected)


@pytest.mark.parametrize("depth", [8, 16])
def test_the_one_clear_colour_is_black(depth):
    white = 2**depth - 1
    samples = np.full((32, 32, 3), white)
    samples[3, 4] = white, 200, 7
    samples[5, 6] = white, 200, 8  # as good as the clear colour, yet opaque
    pixels = decode(png(samples, depth, 2, chunk(b"tRNS", struct.pack(">HHH", white, 200, 7)))).pixels
    assert pixels[3, 4] == 0
    assert pixels[5, 6] == pytest.approx(samples[5, 6] @ LUMA * 255 / white)


def test_grey_stored_as_colour_is_the_same_grey():
    grey = np.arange(256).repeat(8).reshape(32, 64)
    for colour, samples in ((2, np.stack([grey] * 3, -1)), (6, np.stack([grey] * 3 + [grey * 0 + 255], -1))):
        same(decode(png(samples, 8, colour)), grey)


def test_luma_is_pillows_before_rounding():
    image = Image.fromarray(noise(64, 64, 3).astype(np.uint8))
    np.testing.assert_allclose(decode(saved(image, "PNG")).pixels, np.asarray(image.convert("L")), atol=0.51)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16", "P", "RGB", "RGBA"])
def test_png_as_pillow_writes_it(mode):
    grey = Image.fromarray(smooth())
    image = Image.fromarray(smooth().astype(np.uint16) * 257) if mode == "I;16" else grey.convert(mode)
    expected = np.asarray(grey.convert(mode).convert("L") if mode in ("1", "P") else grey)
    np.testing.assert_allclose(decode(saved(image, "PNG")).pixels, expected, atol=1e-4)


# --- 16-bit samples


@pytest.mark.parametrize("bits", range(8, 17))
@pytest.mark.parametrize("colour", [0, 2, 4, 6])
def test_range_is_the_smallest_depth_that_holds_the_largest_sample(bits, colour):
    grey = noise(32, 32, below=2**bits)
    grey[0, 0] = 2**bits - 1
    opaque = np.full_like(grey, 65535)
    channels = {0: [grey], 2: [grey] * 3, 4: [grey, opaque], 6: [grey] * 3 + [opaque]}[colour]
    picture = decode(png(np.stack(channels, -1), 16, colour))
    assert picture.bits == bits
    np.testing.assert_allclose(picture.pixels, grey * 255 / (2**bits - 1), rtol=3e-7)


@pytest.mark.parametrize(
    ("declared", "largest", "white", "bits"),
    [
        (12, 900, 4095, 12),  # fits: the range is the declared one, not the 10 bits in use
        (12, 4095, 4095, 12),
        (16, 900, 65535, 16),
        (12, 65520, 65535, 12),  # scaled up by the encoder, as the standard asks: 16 bits, 12 of them significant
        (10, 4000, 4095, 10),  # cannot be: the samples decide
        (0, 4000, 4095, 12),
        (17, 4000, 4095, 12),
    ],
)
def test_declared_significant_bits(declared, largest, white, bits):
    samples = noise(32, 32, below=largest + 1)
    samples[0, 0] = largest
    picture = decode(png(samples, 16, 0, chunk(b"sBIT", bytes([declared]))))
    same(picture, samples * 255 / white)
    assert picture.bits == bits


def test_black_16_bit_picture():
    picture = decode(png(np.zeros((32, 32), int), 16))
    same(picture, np.zeros((32, 32)))
    assert picture.bits == 8


def test_8_bit_pictures_are_not_stretched():
    same(decode(png(noise(32, 32, below=9), 8, 0, chunk(b"sBIT", b"\4"))), noise(32, 32, below=9))


# --- JPEG


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg_is_near_what_was_saved(mode, options):
    if mode == "CMYK":
        grey = smooth()
        image = Image.merge("CMYK", [Image.fromarray(band) for band in (255 - grey, 255 - grey, 255 - grey, grey // 4)])
        expected = grey * (255.0 - grey // 4) / 255
    else:
        image, expected = Image.fromarray(smooth()).convert(mode), smooth()
    picture = decode(saved(image, quality=95, **options))
    check(picture)
    np.testing.assert_allclose(picture.pixels, expected, atol=4 if mode == "CMYK" else 2)
    assert picture.source_format == "JPEG"
    assert picture.bits == 8


def test_jpeg_has_the_values_that_pillow_decodes():
    content = saved(Image.fromarray(noise(40, 48, 3).astype(np.uint8)))
    expected = np.asarray(Image.open(io.BytesIO(content))) @ LUMA
    np.testing.assert_allclose(decode(content).pixels, expected, rtol=3e-7)


def test_ycck_jpeg():
    stored = Image.merge("CMYK", [Image.new("L", (32, 32), 255 - value) for value in (180, 90, 150, 230)])
    content = saved(stored, quality=100, subsampling=0)
    adobe = content.index(b"Adobe")
    content = content[: adobe + 11] + b"\2" + content[adobe + 12 :]  # transform: the samples are Y, Cb, Cr and K
    light = 180 + np.array([1.402 * 22, -0.344136 * -38 - 0.714136 * 22, 1.772 * -38])  # and those inverted are ink
    expected = (255 - light) @ LUMA * 230 / 255
    np.testing.assert_allclose(decode(content).pixels, expected, atol=2)


def test_first_picture_of_several_in_a_jpeg():
    first, second = Image.fromarray(smooth()), Image.fromarray(255 - smooth())
    content = saved(first, "MPO", save_all=True, append_images=[second], quality=95)
    picture = decode(content)
    assert picture.source_format == "JPEG"
    np.testing.assert_allclose(picture.pixels, smooth(), atol=2)
    same(decode(content + b"\xff\xda video of a moving photograph"), picture.pixels)


@pytest.mark.parametrize(
    ("marker", "precision", "components"), [(0xC3, 8, 1), (0xC1, 12, 1), (0xC9, 8, 1), (0xF7, 8, 1), (0xC0, 8, 2)]
)
def test_rare_jpeg_is_refused_by_name(marker, precision, components):
    frame = struct.pack(">BBHBHHB", 0xFF, marker, 8 + 3 * components, precision, 64, 64, components)
    message = f"This is a rare kind of JPEG, which is not read. Ordinary {EXPORT}"
    with pytest.raises(FormatUnsupported, match=re.escape(message)):
        decode(b"\xff\xd8" + frame + b"\1\x11\0" * components)


# --- orientation


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [3, 4])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(orientation, kind, order):
    data = exif(orientation, order, kind)
    stored = noise(33, 47)
    in_png = decode(png(stored, 8, 0, chunk(b"eXIf", data)))
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(png(stored, 8, 0, chunk(b"eXIf", data)))))
    same(in_png, np.asarray(upright))
    jpeg = with_exif(saved(Image.fromarray(stored.astype(np.uint8))), data)
    same(decode(jpeg), np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(jpeg)))))


@pytest.mark.parametrize(
    "data",
    [b"", b"II", b"MM\0*\0\0\0\x08", b"II*\0\xff\xff\xff\xff", exif(0), exif(9), exif(6)[:-9], b"\xff" * 99],
)
def test_orientation_that_cannot_be_read_counts_as_upright(data):
    same(decode(png(noise(33, 47), 8, 0, chunk(b"eXIf", data))), noise(33, 47))
    assert decode(with_exif(saved(Image.fromarray(smooth())), data)).pixels.shape == smooth().shape


def test_notes_are_never_parsed_nor_warned_about():
    content = saved(Image.fromarray(smooth()))
    bad = [b"\xff\xe2\0\x0aMPF\0\xff\xff\xff\xff", b"\xff\xe1\0\x0cExif\0\0\xff\xff\xff\xff", b"\xff\xfe\0\4\xff\xff"]
    bomb = chunk(b"zTXt", b"Note\0\0" + zlib.compress(bytes(5_000_000))) + chunk(b"iCCP", b"\xff")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same(decode(content[:2] + b"".join(bad) + content[2:]), decode(content).pixels)
        same(decode(png(noise(32, 32), 8, 0, bomb)), noise(32, 32))


# --- refusals


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (bytes(128) + b"DICM" + bytes(9), "a DICOM file"),
        (b"II*\0" + bytes(124) + b"DICM", "a DICOM file"),
        (bytes.fromhex("0800000004000000") + bytes(9), "a DICOM file"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"GIF89a", "a GIF picture"),
        (saved(Image.new("L", (40, 40)), "GIF"), "a GIF picture"),
        (saved(Image.new("L", (40, 40)), "TIFF"), "a TIFF picture"),
        (b"MM\0*", "a TIFF picture"),
        (saved(Image.new("L", (40, 40)), "WEBP"), "a WebP picture"),
        (saved(Image.new("L", (40, 40)), "BMP"), "a BMP picture"),
        (b"\0\0\0\x18ftypheic", "a HEIC or AVIF picture"),
        (b"\0\0\0\x1cftypavif", "a HEIC or AVIF picture"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
        (b"PK\x03\x04", "a ZIP or other archive, or an Office document"),
        (b"\xef\xbb\xbf<svg xmlns=", "an SVG drawing"),
        (b'<?xml version="1.0"?>\n<!-- a -->\n<svg ', "an SVG drawing"),
        (b"\n<!DOCTYPE html><svg>", "a web page"),
        (b"<?xml version='1.0'?><a/>", "an XML document"),
        (b"hello", "another kind of file"),
        (SIGNATURE[:7], "another kind of file"),
        (b"BMW is not a picture", "another kind of file"),
    ],
)
def test_other_formats_are_named(content, kind):
    with pytest.raises(FormatUnsupported, match="^" + re.escape(f"This is {kind}, which is not read. {EXPORT}") + "$"):
        decode(content)


def test_animated_png():
    frames = [Image.new("L", (40, 40), grey) for grey in (0, 99)]
    content = saved(frames[0], "PNG", save_all=True, append_images=frames[1:])
    with pytest.raises(FormatUnsupported, match=re.escape(f"This PNG holds several pictures. Single {EXPORT}")):
        decode(content)


def test_empty_file():
    with pytest.raises(FileUnreadable, match=re.escape(f"This file is empty. {AGAIN}")):
        decode(b"")


def damaged_files():
    whole = png(noise(40, 40))
    yield "png end", whole[:-12]
    yield "png pixels", whole.replace(chunk(b"IEND", b""), b"")[:-300]
    yield "png checksum of pixels", whole[:100] + bytes([whole[100] ^ 1]) + whole[101:]
    yield "png zlib", header(40, 40) + chunk(b"IDAT", b"not zlib") + chunk(b"IEND", b"")
    compressed = zlib.compress(rows(noise(40, 40), 8))
    yield "png too few rows", header(40, 40) + chunk(b"IDAT", compressed[:-200]) + chunk(b"IEND", b"")
    yield "png no pixels", header(40, 40) + chunk(b"IEND", b"")
    yield "png 16-bit without pixels", header(40, 40, 16, 2) + chunk(b"IEND", b"")
    yield "png no header", SIGNATURE + chunk(b"IEND", b"")
    yield "png two headers", header(40, 40) + header(6000, 6000)[8:] + whole[33:]
    yield "png short header", SIGNATURE + chunk(b"IHDR", b"\0\0\0\x28\0\0\0\x28") + whole[33:]
    yield "png no sides", header(0, 40) + whole[33:]
    yield "png unknown depth", header(40, 40, depth=3) + whole[33:]
    yield "png no palette", png(noise(40, 40), 8, 3)
    yield "png palette of 300", png(noise(40, 40), 8, 3, chunk(b"PLTE", bytes(900)))
    yield "png short clear colour", png(noise(40, 40, 3), 8, 2, chunk(b"tRNS", b"\0"))
    yield "png unknown filter", header(40, 40) + chunk(b"IDAT", zlib.compress(b"\x09" * 1640)) + chunk(b"IEND", b"")
    jpeg = saved(Image.fromarray(noise(40, 40).astype(np.uint8)))
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
def test_damaged_files(content):
    with pytest.raises(FileUnreadable, match="^" + re.escape(DAMAGED) + "$"):
        decode(content)


@pytest.mark.parametrize(("width", "height"), [(60000, 60000), (2**31 - 1, 2**31 - 1), (60001, 1000), (7, 2**24)])
def test_too_many_pixels_are_refused_by_the_header(width, height, monkeypatch):
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("a decoder was started"))
    message = (
        f"This picture has {width} x {height} pixels. PNG and JPEG pictures of up to 60 megapixels are accepted. "
        "Please export the radiograph smaller and choose the new file."
    )
    frame = b"\xff\xd8\xff\xc0" + struct.pack(">HBHHB", 11, 8, height & 0xFFFF, width & 0xFFFF, 1) + b"\1\x11\0"
    for content in [header(width, height), *([frame] if max(width, height) < 2**16 else [])]:
        with pytest.raises(PictureTooLarge, match="^" + re.escape(message) + "$"):
            decode(content)


def test_the_limit_itself_is_accepted_and_pillow_has_no_lower_one():
    assert Image.MAX_IMAGE_PIXELS >= MAX_PIXELS
    check_size(MAX_PIXELS // 1000, 1000)


def test_too_many_bytes():
    message = "This file has more than 50 MB. PNG and JPEG files up to that are accepted. Please export the radiograph "
    with pytest.raises(PictureTooLarge, match=re.escape(message)):
        decode(SIGNATURE + bytes(MAX_BYTES))


@pytest.mark.parametrize("error", [MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning])
def test_too_little_memory(error, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(PictureTooLarge, match="too little free memory"):
        decode(png(noise(40, 40)))


def test_too_few_pixels():
    message = "This picture has 400 x 31 pixels, too few to judge. PNG and JPEG pictures with at least 32 pixels on"
    for content in (png(noise(31, 400)), saved(Image.new("L", (400, 31)))):
        with pytest.raises(PictureTooSmall, match=re.escape(message)):
            decode(content)
    check(decode(png(noise(32, 400))))


# --- whatever comes


def originals() -> list[bytes]:
    orientation, palette = chunk(b"eXIf", exif(6)), chunk(b"PLTE", noise(256, 3).astype(np.uint8).tobytes())
    image = Image.fromarray(smooth())
    return [
        png(noise(32, 33), 8, 0, orientation),
        png(noise(33, 32, below=4096), 16, 0, chunk(b"sBIT", b"\x0c"), interlace=True),
        png(noise(32, 32), 8, 3, palette, chunk(b"tRNS", bytes(9))),
        png(noise(32, 32, 4, below=65536), 16, 6),
        png(noise(32, 32, 2, below=65536), 16, 4),
        with_exif(saved(image), exif(6)),
        saved(image.convert("RGB"), progressive=True),
        saved(image.convert("CMYK")),
    ]


ORIGINALS = originals()


def read_or_refused(content: bytes) -> None:
    try:
        check(decode(content))
    except FileRefused as refusal:
        assert len(str(refusal).split(". ")) >= 3  # noqa: PT017 - what happened, what is accepted, what to do
        assert "Error" not in str(refusal)  # noqa: PT017


@settings(steady, max_examples=300)
@given(start=st.sampled_from([b"", SIGNATURE, header(40, 40), b"\xff\xd8\xff", b"\xff\xd8\xff\xe1"]), rest=st.binary())
def test_any_bytes_are_read_or_refused(start, rest):
    read_or_refused(start + rest)


@settings(steady, max_examples=300)
@given(original=st.sampled_from(ORIGINALS), share=st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_refused(original, share):
    with pytest.raises(FileRefused):
        decode(original[: int(share * len(original))])


@settings(steady, max_examples=600)
@given(original=st.sampled_from(ORIGINALS), share=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_a_file_with_one_byte_changed(original, share, change):
    content = bytearray(original)
    content[int(share * len(content))] ^= change
    if original.startswith(SIGNATURE):  # checksums find each single one
        with pytest.raises(FileRefused):
            decode(bytes(content))
    else:
        read_or_refused(bytes(content))


@settings(steady, max_examples=300)
@given(
    original=st.sampled_from([content for content in ORIGINALS if content.startswith(SIGNATURE)]),
    part=st.integers(0, 5),
    share=st.floats(0, 1, exclude_max=True),
    change=st.integers(1, 255),
)
def test_a_png_with_one_byte_changed_and_its_checksum_mended(original, part, share, change):
    chunks, position = [], len(SIGNATURE)
    while position < len(original):
        length, name = struct.unpack_from(">I4s", original, position)
        chunks.append((name, bytearray(original[position + 8 : position + 8 + length])))
        position += length + 12
    name, data = chunks[part % (len(chunks) - 1)]
    data[int(share * len(data))] ^= change
    read_or_refused(SIGNATURE + b"".join(chunk(name, bytes(data)) for name, data in chunks))


sides = array_shapes(min_dims=2, max_dims=2, min_side=32, max_side=40)


@settings(steady, max_examples=60)
@given(arrays(np.uint8, sides))
def test_8_bit_values_come_back_as_they_were(samples):
    for content in (png(samples), saved(Image.fromarray(samples), "PNG")):
        same(decode(content), samples)


@settings(steady, max_examples=60)
@given(arrays(np.uint16, sides))
def test_16_bit_values_come_back_in_proportion(samples):
    picture = decode(saved(Image.fromarray(samples), "PNG"))
    check(picture)
    np.testing.assert_array_equal(np.rint(picture.pixels * ((2**picture.bits - 1) / 255.0)), samples)


def test_threads_get_their_own_pictures():
    pictures = [noise(200 + seed, 300, below=2**16, seed=seed) for seed in range(8)]
    files = [png(picture, 16, 0, interlace=bool(index % 2)) for index, picture in enumerate(pictures)]
    with ThreadPoolExecutor(8) as pool:
        for index, picture in enumerate(pool.map(decode, files * 5)):
            np.testing.assert_allclose(picture.pixels, pictures[index % 8] * 255 / 65535, rtol=3e-7)
