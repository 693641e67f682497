"""Files that are out to harm: parts of them, and what is said of them."""

import io
import zipfile
import zlib

from tests.support.image_files import chunk

TOO_SMALL = (
    "This picture has {} pixels, too few to judge. DICOM, PNG and JPEG files with at least 32 pixels on the shorter "
    "side are accepted. Please export the radiograph in its full size."
)
TOO_MANY = (
    "This picture has {} pixels. DICOM, PNG and JPEG files of up to 60 megapixels are accepted. Please export the "
    "radiograph smaller and choose the new file."
)
END = chunk(b"IEND", b"")
BOMB = zlib.compress(bytes(2**28), 1)  # 256 MB in 1.2
ROOM = 2**26  # bytes more than a plain film that any of these may take; seen: 8 MB


def zipped(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()
