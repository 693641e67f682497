"""Parts of hostile files, and the reasons for their refusal."""

import io
import zipfile
import zlib

from model.messages import Message, MessageCode, Parameter
from model.sentences import render
from tests.support.image_files import png_chunk

PNG_END = png_chunk(b"IEND", b"")
DEFLATE_BOMB = zlib.compress(bytes(2**28), 1)  # 256 MB in 1.2 MB
MAX_EXTRA_MEMORY = 2**26  # bytes that such a file may need more than a usual one; measured: 8 MB


def reason(code: MessageCode, **params: Parameter) -> str:
    """Return the reason for a refusal as a sentence."""
    return render([Message(code, params)])


def zip_archive(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()
