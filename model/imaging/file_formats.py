"""File formats: detect the format by content, and strip PNG and JPEG files down to their pixels.

Stripping checks the headers against every limit before a pixel is decoded. It also verifies the checksums and the end
of the file, which Pillow does not do for the pixels of a PNG. The result contains only the pixels: text, patient data,
colour profiles and thumbnails are skipped unparsed.

A refusal with a specific message is a FileRefused. Damage raises ValueError or struct.error, which
`model.imaging.decode` turns into a single message. The code passes over the bytes once, never reads past their end and
never recurses.
"""

import re
import struct
import zlib

from model.errors import FormatUnsupported, ImageTooLarge, ImageTooSmall
from model.limits import MAX_PIXELS, MAX_SCANNED_PIXELS, MAX_SCANS, MAX_SEGMENTS, MIN_DECODABLE_SIDE
from model.messages import MessageCode

_OTHER_FORMATS = {  # first bytes of a file (regular expression) and its format; the first match wins
    rb"%PDF-": "pdf",
    rb"GIF8[79]a": "gif",
    rb"II[*+]\0|MM\0[*+]": "tiff",
    rb"RIFF(?s:.{4})WEBP": "webp",
    rb"(?s:.{4})ftyp(avi[fs]|hei|hev|mif1|msf1)": "heif",
    rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51": "jpeg2000",
    rb"\0\0\0\x0cJXL |\xff\x0a": "jpegxl",
    rb"BM(?s:.{12})[\x0c\x28\x6c\x7c]\0\0\0": "bmp",
    rb"PK\x03\x04|Rar!|7z\xbc\xaf|\x1f\x8b": "archive",
    rb"(\xef\xbb\xbf)?\s*<(?i:!doctype\s+html|html)": "html",
    rb"(\xef\xbb\xbf)?\s*(<[?!](?s:.{,2000}?))?<svg": "svg",
    rb"(\xef\xbb\xbf)?\s*<\?xml": "xml",
}
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT_CHUNKS = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_PNG_USED_CHUNKS = (*_PNG_KEPT_CHUNKS, b"acTL", b"tRNS", b"sBIT", b"eXIf")
# Standard chunks that are not used (PNG 11.3), and so may be damaged.
_PNG_IGNORED_CHUNKS = b"tEXt zTXt iTXt tIME pHYs bKGD hIST sPLT gAMA cHRM sRGB iCCP".split()
_JPEG_START = b"\xff\xd8"
_JPEG_SIGNATURE = _JPEG_START + b"\xff"
_JPEG_START_WITHIN = 4096  # bytes; some programs write a header of their own before the image
# With a preamble; or else by the first tag (group 2 or 8) and its value representation, or its length if implicit. The
# last alternative is big endian, which is never implicit.
_DICOM_START = re.compile(rb"(?s:.{128})DICM|[\x02\x08]\0(?s:.)\0([A-Z]{2}|(?s:..)\0\0)|\0[\x02\x08]\0(?s:.)[A-Z]{2}")
_EXIF_PREFIX = b"Exif\0\0"
_EXIF_ORIENTATION, _EXIF_LONG = 0x0112, 4  # a tag, and the type code of a 32-bit number

JPEG_FRAMES = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15 (ITU-T T.81 B.2.2), and JPEG-LS (T.87)
_JPEG_MARKER = re.compile(rb"\xff([\x02-\xcf\xd8-\xfe])")  # in a scan, FF 00 is data, FF D0 to D7 are restarts
_JPEG_READ_FRAMES = (0xC0, 0xC1, 0xC2)  # baseline, extended sequential, progressive
_JPEG_SCAN, _JPEG_EXIF, _JPEG_END = 0xDA, 0xE1, 0xD9
_JPEG_TABLES = {0xC4, _JPEG_SCAN, 0xDB, 0xDD, 0xE0, 0xEE}  # DHT, SOS, DQT, DRI; JFIF and Adobe define the colour space
_JPEG_NOTES = {*range(0xE1, 0xF0), 0xFE} - {0xEE}  # all other application segments, and comments


def detect_format(content: bytes) -> str:
    """Detect the format of a file by its first bytes: "PNG", "JPEG" or "DICOM".

    Raises:
        FormatUnsupported: Any other format; if it is known, the message names it.
    """
    if content.startswith(_PNG_SIGNATURE):
        return "PNG"
    if content.startswith(_JPEG_SIGNATURE):
        return "JPEG"
    if _DICOM_START.match(content):
        return "DICOM"
    name = next((name for start, name in _OTHER_FORMATS.items() if re.match(start, content)), "unknown")
    if name == "unknown" and _JPEG_SIGNATURE in content[:_JPEG_START_WITHIN]:
        return "JPEG"
    raise FormatUnsupported(MessageCode.OTHER_FORMAT, file_format=name)


def strip_png(content: bytes) -> tuple[dict[bytes, memoryview], bytes]:
    """Read the chunks of a PNG and check their CRCs, except those of standard chunks that are not used.

    The CRC of a chunk with an unknown name is checked, because damage may have changed the name of a used chunk.

    Returns:
        The data of each used chunk by name (the first of each name), and a PNG with only the header, palette and
        pixels.

    Raises:
        FileRefused: The image is too large, too small or animated.
        ValueError, struct.error: The file is damaged or incomplete.
    """
    view = memoryview(content)
    chunks: dict[bytes, memoryview] = {}
    kept: list[bytes | memoryview] = [_PNG_SIGNATURE]
    position, name, n_chunks = len(_PNG_SIGNATURE), b"", 0
    while name != b"IEND":
        n_chunks += 1
        if n_chunks > MAX_SEGMENTS:
            raise ValueError("too many chunks")
        length, name = struct.unpack_from(">I4s", content, position)
        end = position + 12 + length
        (checksum,) = struct.unpack_from(">I", content, end - 4)
        if name not in _PNG_IGNORED_CHUNKS and zlib.crc32(view[position + 4 : end - 4]) != checksum:
            raise ValueError("checksum")
        if (name == b"IHDR") == bool(chunks):
            raise ValueError("IHDR is the first chunk, once")
        data = view[position + 8 : end - 4]
        if name in _PNG_USED_CHUNKS:
            chunks.setdefault(name, data)
        if name == b"IHDR":
            check_size(*struct.unpack_from(">II", data))
        if name == b"acTL":
            raise FormatUnsupported(MessageCode.ANIMATED_PNG)
        if name in _PNG_KEPT_CHUNKS:
            kept.append(view[position:end])
        position = end
    if len(chunks[b"IHDR"]) != 13 or (chunks[b"IHDR"][9] == 3 and not chunks.get(b"PLTE")):
        raise ValueError("header or palette")
    return chunks, b"".join(kept)


def strip_jpeg(content: bytes) -> tuple[bytes, int]:
    """Read the marker segments of a JPEG (ITU-T T.81, annex B).

    Args:
        content: The file; bytes before the JPEG are skipped.

    Returns:
        A JPEG with only the pixels of the first image, and the Exif orientation, 1-8.

    Raises:
        FileRefused: The image is too large, too small, or neither 8-bit baseline nor progressive.
        ValueError, struct.error: The file is damaged or incomplete.
    """
    start = content.index(_JPEG_SIGNATURE) + len(_JPEG_START)
    kept, position, frames, scans, orientation = [_JPEG_START], start, 0, 0, 1
    n_segments, n_pixels = 0, 0
    while (match := _JPEG_MARKER.search(content, position)) and (marker := match[1][0]) != _JPEG_END:
        if scans:
            kept.append(content[position : match.start()])
        position = match.end() + struct.unpack_from(">H", content, match.end())[0]
        data = content[match.end() + 2 : position]
        if marker in JPEG_FRAMES:
            n_pixels = _check_jpeg_frame(marker, data)
        elif marker == _JPEG_EXIF and data.startswith(_EXIF_PREFIX):
            orientation = exif_orientation(data)
        frames += marker in JPEG_FRAMES
        scans += marker == _JPEG_SCAN
        n_segments += 1
        if n_segments > MAX_SEGMENTS or scans * n_pixels > MAX_SCANNED_PIXELS:
            raise ValueError("too much work")
        if frames > 1 or scans > MAX_SCANS or marker not in JPEG_FRAMES | _JPEG_TABLES | _JPEG_NOTES:
            raise ValueError("not in the order of the standard")
        if marker not in _JPEG_NOTES:
            kept.append(content[match.start() : position])
    if not match:
        raise ValueError("no end")
    return b"".join([*kept, content[position : match.end()]]), orientation


def _check_jpeg_frame(marker: int, data: bytes) -> int:
    """Check the kind and size of a JPEG in its frame header, and return its number of pixels."""
    precision, height, width, components = struct.unpack_from(">BHHB", data)
    if marker not in _JPEG_READ_FRAMES or precision != 8 or components not in (1, 3, 4):
        raise FormatUnsupported(MessageCode.RARE_JPEG)
    check_size(width, height)
    n_pixels: int = width * height
    return n_pixels


def check_size(width: int, height: int) -> None:
    """Check the size that a header declares, because decoders allocate memory for this size without checking it.

    Raises:
        ImageTooLarge: There are more than MAX_PIXELS.
        ImageTooSmall: The shorter side is below MIN_DECODABLE_SIDE.
        ValueError: There are no pixels.
    """
    if width * height > MAX_PIXELS:
        raise ImageTooLarge(MessageCode.TOO_MANY_PIXELS, width=width, height=height)
    if min(width, height) == 0:
        raise ValueError("no pixels")
    if min(width, height) < MIN_DECODABLE_SIDE:
        raise ImageTooSmall(MessageCode.TOO_FEW_PIXELS, width=width, height=height)


def exif_orientation(exif: bytes) -> int:
    """Read the Exif orientation (Exif 2.32, 4.6.4).

    Args:
        exif: An Exif block, with or without the "Exif" prefix that it has in JPEG files.

    Returns:
        1-8; 1 (upright) if the block cannot be read, because the pixels are still usable.
    """
    exif = exif.removeprefix(_EXIF_PREFIX)
    byte_order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if not byte_order:
        return 1
    try:
        (start,) = struct.unpack_from(byte_order + "I", exif, 4)
        (count,) = struct.unpack_from(byte_order + "H", exif, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, value_type = struct.unpack_from(byte_order + "HH", exif, entry)
            if tag == _EXIF_ORIENTATION:
                value_format = byte_order + ("I" if value_type == _EXIF_LONG else "H")
                value: int = struct.unpack_from(value_format, exif, entry + 8)[0]
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
