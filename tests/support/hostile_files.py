"""Parts of hostile files, and the messages that refuse them."""

import io
import zipfile
import zlib

from tests.support.image_files import png_chunk

TOO_SMALL = (
    "This picture has {} pixels, too few to judge. DICOM, PNG and JPEG files with at least 32 pixels on the shorter "
    "side are accepted. Please export the radiograph in its full size."
)
TOO_LARGE = (
    "This picture has {} pixels. DICOM, PNG and JPEG files of up to 60 megapixels are accepted. Please export the "
    "radiograph smaller and choose the new file."
)
PNG_END = png_chunk(b"IEND", b"")
DEFLATE_BOMB = zlib.compress(bytes(2**28), 1)  # 256 MB in 1.2 MB
MAX_EXTRA_MEMORY = 2**26  # bytes that any of these files may take more than an ordinary one; measured: 8 MB


def zip_archive(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()
