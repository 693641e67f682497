"""What surrounds the pixels in a file: tell each kind by its content; walk PNG and JPEG, and keep the pixels alone.

A walk checks each limit by what the headers declare, before anything decodes a pixel, and then checksums and the end of
the file, which Pillow does not do for the pixels of a PNG. It hands on a copy of the file without all else: text,
patient data, profiles and thumbnails are passed over unparsed.

A refusal that needs words of its own is raised as FileRefused. Damage is raised as ValueError or struct.error, for
which `model.imaging.decode` has one sentence. A walk runs over the bytes once, reads nothing behind them and never recurses.
"""

import re
import struct
import zlib

from model.errors import FormatUnsupported, ImageTooLarge, ImageTooSmall
from model.limits import MAX_PIXELS, MAX_SCANS, MIN_DECODABLE_SIDE

FORMATS = "DICOM, PNG and JPEG files"
ACCEPTED_TEXT = f"{FORMATS} are accepted."
EXPORT_SMALLER_TEXT = "Please export the radiograph smaller and choose the new file."
MAX_PIXELS_TEXT = f"{FORMATS} of up to {MAX_PIXELS // 10**6} megapixels are accepted. {EXPORT_SMALLER_TEXT}"
EXPORT_TEXT = f"{ACCEPTED_TEXT} Please export the radiograph as a PNG or JPEG picture and choose that file."

_OTHER_FORMATS = {  # how a file begins (regular expression): what it is, so that the message can name it; first match
    rb"%PDF-": "a PDF document",
    rb"GIF8[79]a": "a GIF picture",
    rb"II[*+]\0|MM\0[*+]": "a TIFF picture",
    rb"RIFF(?s:.{4})WEBP": "a WebP picture",
    rb"(?s:.{4})ftyp(avi[fs]|hei|hev|mif1|msf1)": "a HEIC or AVIF picture",
    rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51": "a JPEG 2000 picture",
    rb"BM(?s:.{12})[\x0c\x28\x6c\x7c]\0\0\0": "a BMP picture",
    rb"PK\x03\x04|Rar!|7z\xbc\xaf|\x1f\x8b": "a ZIP or other archive, or an Office document",
    rb"(\xef\xbb\xbf)?\s*<(?i:!doctype\s+html|html)": "a web page",
    rb"(\xef\xbb\xbf)?\s*(<[?!](?s:.{,2000}?))?<svg": "an SVG drawing",
    rb"(\xef\xbb\xbf)?\s*<\?xml": "an XML document",
}
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
# With preamble; without, by the first tag (groups 2 and 8) and its value representation, or its length where implicit.
_DICOM = re.compile(rb"(?s:.{128})DICM|[\x02\x08]\0(?s:.)\0([A-Z]{2}|(?s:..)\0\0)")
_EXIF = b"Exif\0\0"
_JPEG_MARKER = re.compile(rb"\xff([\x02-\xcf\xd8-\xfe])")  # within a scan FF 00 is a data byte, FF D0 to D7 a restart
_JPEG_FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15, and that of JPEG-LS
_JPEG_TABLES = {0xC4, 0xDA, 0xDB, 0xDD, 0xE0, 0xEE}  # DHT, SOS, DQT, DRI; JFIF and Adobe tell the colour space
_JPEG_NOTES = {*range(0xE1, 0xF0), 0xFE} - {0xEE}  # all other application segments, and comments


def detect_format(content: bytes) -> str:
    """Tell what a file is by how it begins: "PNG", "JPEG" or "DICOM".

    Raises:
        FormatUnsupported: anything else; the message names what it is where that can be told.
    """
    if content.startswith(_PNG):
        return "PNG"
    if content.startswith(_JPEG):
        return "JPEG"
    if _DICOM.match(content):
        return "DICOM"
    kinds = (kind for start, kind in _OTHER_FORMATS.items() if re.match(start, content))
    raise FormatUnsupported(f"This is {next(kinds, 'another kind of file')}, which is not read. {EXPORT_TEXT}")


def strip_png(content: bytes) -> tuple[dict[bytes, memoryview], bytes]:
    """Walk the chunks of a PNG; every CRC is checked.

    Returns:
        Each chunk's data by name, the first of a name; and a PNG of header, palette and pixels alone.

    Raises:
        FileRefused: too large, too small, or animated.
        ValueError, struct.error: damaged or incomplete.
    """
    view, chunks, kept, position, name = memoryview(content), {}, [_PNG], len(_PNG), b""
    while name != b"IEND":
        length, name = struct.unpack_from(">I4s", content, position)
        end = position + 12 + length
        (checksum,) = struct.unpack_from(">I", content, end - 4)
        if zlib.crc32(view[position + 4 : end - 4]) != checksum:
            raise ValueError("checksum")
        if (name == b"IHDR") == bool(chunks):
            raise ValueError("IHDR is the first chunk, once")
        data = view[position + 8 : end - 4]
        chunks.setdefault(name, data)
        if name == b"IHDR":
            check_size(*struct.unpack_from(">II", data))
        if name == b"acTL":
            raise FormatUnsupported(f"This PNG holds several pictures. Single {EXPORT_TEXT}")
        if name in (b"IHDR", b"PLTE", b"IDAT", b"IEND"):
            kept.append(view[position:end])
        position = end
    if len(chunks[b"IHDR"]) != 13 or (chunks[b"IHDR"][9] == 3 and not chunks.get(b"PLTE")):
        raise ValueError("header or palette")
    return chunks, b"".join(kept)


def strip_jpeg(content: bytes) -> tuple[bytes, int]:
    """Walk the marker segments of a JPEG (ITU-T T.81, annex B).

    Returns:
        A JPEG of nothing but the first picture's pixels, and the Exif orientation, 1-8.

    Raises:
        FileRefused: too large, too small, or neither 8-bit baseline nor progressive.
        ValueError, struct.error: damaged or incomplete.
    """
    kept, position, frames, scans, orientation = [_JPEG[:2]], 2, 0, 0, 1
    while (found := _JPEG_MARKER.search(content, position)) and (marker := found[1][0]) != 0xD9:
        if scans:
            kept.append(content[position : found.start()])
        position = found.end() + struct.unpack_from(">H", content, found.end())[0]
        data = content[found.end() + 2 : position]
        if marker in _JPEG_FRAMES:
            precision, height, width, components = struct.unpack_from(">BHHB", data)
            if marker not in (0xC0, 0xC1, 0xC2) or precision != 8 or components not in (1, 3, 4):
                raise FormatUnsupported(f"This is a rare kind of JPEG, which is not read. Ordinary {EXPORT_TEXT}")
            check_size(width, height)
        elif marker == 0xE1 and data.startswith(_EXIF):
            orientation = exif_orientation(data)
        frames += marker in _JPEG_FRAMES
        scans += marker == 0xDA
        if frames > 1 or scans > MAX_SCANS or marker not in _JPEG_FRAMES | _JPEG_TABLES | _JPEG_NOTES:
            raise ValueError("not as the standard orders it")
        if marker not in _JPEG_NOTES:
            kept.append(content[found.start() : position])
    if not found:
        raise ValueError("no end")
    return b"".join([*kept, content[position : found.end()]]), orientation


def check_size(width: int, height: int) -> None:
    """Refuse by the size that the header declares; decoders reserve memory for that much, whatever follows."""
    size = f"This picture has {width} x {height} pixels"
    if width * height > MAX_PIXELS:
        raise ImageTooLarge(f"{size}. {MAX_PIXELS_TEXT}")
    if min(width, height) == 0:
        raise ValueError("no pixels")
    if min(width, height) < MIN_DECODABLE_SIDE:
        raise ImageTooSmall(
            f"{size}, too few to judge. {FORMATS} with at least {MIN_DECODABLE_SIDE} pixels on the shorter side are "
            "accepted. Please export the radiograph in its full size."
        )


def exif_orientation(exif: bytes) -> int:
    """Exif orientation (Exif 2.32, 4.6.4), 1-8; 1, upright, where none can be read: no reason to refuse the pixels.

    exif: an Exif block, with or without the "Exif" that JPEG puts before it.
    """
    exif = exif.removeprefix(_EXIF)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if not order:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(order + "HH", exif, entry)
            if tag == 0x0112:
                (value,) = struct.unpack_from(order + ("I" if kind == 4 else "H"), exif, entry + 8)
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
