"""Hostile files through the whole program: each is refused with a reason, and the server keeps running."""

import re
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from model.limits import MAX_SCANS
from model.messages import MessageCode
from tests.support.hostile_files import DEFLATE_BOMB, MAX_EXTRA_MEMORY, PNG_END, reason, zip_archive
from tests.support.image_files import encode, gradient, png, png_chunk, png_header
from tests.support.processes import peak_resident_bytes
from tests.support.protocol import Access, Visitor
from tests.support.synthetic import phantom, phantom_file

DAMAGED = reason(MessageCode.FILE_DAMAGED)
pytestmark = [pytest.mark.slow, pytest.mark.linux]  # linux: memory is read from /proc


def multi_frame_image(source_format: str) -> bytes:
    frames = [Image.new("L", (40, 40), grey) for grey in (0, 99, 200)]
    return encode(frames[0], source_format, save_all=True, append_images=frames[1:])


def other_format(name: str) -> str:
    return reason(MessageCode.OTHER_FORMAT, file_format=name)


def refused_files() -> Iterator[tuple[str, bytes, str]]:
    """Yield file name, content and the reason for the refusal."""
    entities = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    radiograph, jpeg = phantom_file(), phantom_file("JPEG")
    yield "empty.png", b"", reason(MessageCode.EMPTY_FILE)
    yield "truncated.png", radiograph[: len(radiograph) // 2], DAMAGED
    yield "truncated.jpg", jpeg[: len(jpeg) // 2], DAMAGED
    yield (
        "pixel_bomb.png",
        png_header(60000, 60000) + png_chunk(b"IDAT", DEFLATE_BOMB) + PNG_END,
        reason(MessageCode.TOO_MANY_PIXELS, width=60000, height=60000),
    )
    yield "rows_left_out_bomb.png", png_header(7000, 8000, 16, 6) + png_chunk(b"IDAT", b"") + PNG_END, DAMAGED
    yield (
        "zip_bomb.zip",
        zip_archive("chest.png", bytes(2**28)),
        other_format("archive"),
    )
    yield "laughs.svg", f"<!DOCTYPE svg [{entities}]><svg>&a9;</svg>".encode(), other_format("svg")
    yield "pages.tif", multi_frame_image("TIFF"), other_format("tiff")
    yield "moving.gif", multi_frame_image("GIF"), other_format("gif")
    yield "moving.webp", multi_frame_image("WEBP"), other_format("webp")
    yield "moving.png", multi_frame_image("PNG"), reason(MessageCode.ANIMATED_PNG)
    yield "letter.png", b"%PDF-1.7\n", other_format("pdf")
    yield (
        "page_and_image.png",
        b"<html><script>alert(1)</script></html>" + radiograph,
        other_format("html"),
    )
    yield "document_and_image.png", b"%PDF-1.7\n" + radiograph, other_format("pdf")
    yield "moving_and_still.jpg", b"GIF89a" + jpeg, other_format("gif")
    yield "dot.png", png(gradient(1, 1)), reason(MessageCode.TOO_FEW_PIXELS, width=1, height=1)
    yield "line.png", png(gradient(1, 60000)), reason(MessageCode.TOO_FEW_PIXELS, width=60000, height=1)
    yield "pole.jpg", encode(Image.new("L", (1, 60000))), reason(MessageCode.TOO_FEW_PIXELS, width=1, height=60000)
    progressive = encode(Image.new("RGB", (2000, 2000)), progressive=True)
    scan = re.search(rb"\xff\xda", progressive).start()
    yield "scan_bomb.jpg", progressive[:-2] + progressive[scan:-2] * MAX_SCANS + progressive[-2:], DAMAGED


def harmless_files() -> Iterator[tuple[str, bytes]]:
    """Yield file name and content of misnamed images, and of images with other content inside or after them."""
    radiograph, jpeg = phantom_file(), phantom_file("JPEG")
    page = b"<html><script>alert(1)</script></html>"
    yield "mislabelled.png", jpeg
    yield "mislabelled.exe", radiograph
    yield "<script>alert(1)</script>.png", radiograph
    yield "with_archive.png", radiograph + zip_archive("evil.exe", b"MZ")
    yield "with_page.jpg", jpeg[:2] + b"\xff\xfe" + (len(page) + 2).to_bytes(2) + page + jpeg[2:]
    yield "inflate_bomb.png", (radiograph[:-12] + png_chunk(b"zTXt", b"Comment\0\0" + DEFLATE_BOMB) + PNG_END)
    lines = b"".join(b"\0" + line.tobytes() for line in phantom().round().astype(np.uint8))
    yield (
        "pixels_after_the_last.png",
        png_header(400, 300) + png_chunk(b"IDAT", zlib.compress(lines + bytes(2**28), 1)) + PNG_END,
    )


@pytest.fixture(scope="module")
def visitor(server):
    """Return one visitor for all files: the next file must be read after each hostile one."""
    with Visitor(Access(server.url)) as visitor:
        visitor.read("first.png", phantom_file())  # loads the model, so that later differences are due to the file
        yield visitor


@pytest.mark.parametrize(("name", "content", "expected"), [pytest.param(*case, id=case[0]) for case in refused_files()])
def test_hostile_files_are_refused_with_a_reason(server, visitor, name, content, expected):
    before = peak_resident_bytes(server.process)
    row = visitor.read(name, content).rows[0]
    assert (row["path"], row["status"], row["reason"]) == (name, "refused", expected)
    assert peak_resident_bytes(server.process) - before < MAX_EXTRA_MEMORY
    assert visitor.read("chest.png", phantom_file()).rows[0]["path"] == "chest.png"


@pytest.mark.parametrize(("name", "content"), [pytest.param(*case, id=case[0]) for case in harmless_files()])
def test_images_with_other_content_in_the_file_are_read(server, visitor, name, content):
    before = peak_resident_bytes(server.process)
    row = visitor.read(name, content).rows[0]
    assert (row["path"], row["status"]) == (name, "read")
    assert peak_resident_bytes(server.process) - before < MAX_EXTRA_MEMORY
