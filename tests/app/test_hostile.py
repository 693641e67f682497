"""Files that are out to harm, each by its name, through the whole program: a sentence, and a server that lives on."""

import re
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from model.limits import MAX_SCANS
from tests.support.hostile_files import BOMB, END, ROOM, TOO_MANY, TOO_SMALL, zipped
from tests.support.image_files import AGAIN, DAMAGED, EXPORT, chunk, header, png, saved, smooth
from tests.support.processes import most_resident
from tests.support.protocol import Access, Visitor
from tests.support.synthetic import phantom, phantom_file

_NOT_READ = "This is {}, which is not read. " + EXPORT
pytestmark = pytest.mark.linux  # memory is read from /proc


def several(source_format: str) -> bytes:
    frames = [Image.new("L", (40, 40), grey) for grey in (0, 99, 200)]
    return saved(frames[0], source_format, save_all=True, append_images=frames[1:])


def refused_files() -> Iterator[tuple[str, bytes, str]]:
    """Name of the file, what it holds, and what is said of it."""
    laughs = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    film, jpeg = phantom_file(), phantom_file("JPEG")
    yield "empty.png", b"", f"This file is empty. {AGAIN}"
    yield "truncated.png", film[: len(film) // 2], DAMAGED
    yield "truncated.jpg", jpeg[: len(jpeg) // 2], DAMAGED
    yield (
        "pixel_bomb.png",
        header(60000, 60000) + chunk(b"IDAT", BOMB) + END,
        TOO_MANY.format("60000 x 60000"),
    )
    yield "rows_left_out_bomb.png", header(7000, 8000, 16, 6) + chunk(b"IDAT", b"") + END, DAMAGED
    yield (
        "zip_bomb.zip",
        zipped("film.png", bytes(2**28)),
        _NOT_READ.format("a ZIP or other archive, or an Office document"),
    )
    yield "laughs.svg", f"<!DOCTYPE svg [{laughs}]><svg>&a9;</svg>".encode(), _NOT_READ.format("an SVG drawing")
    yield "pages.tif", several("TIFF"), _NOT_READ.format("a TIFF picture")
    yield "moving.gif", several("GIF"), _NOT_READ.format("a GIF picture")
    yield "moving.webp", several("WEBP"), _NOT_READ.format("a WebP picture")
    yield "moving.png", several("PNG"), f"This PNG holds several pictures. Single {EXPORT}"
    yield "letter.png", b"%PDF-1.7\n", _NOT_READ.format("a PDF document")
    yield "page_and_picture.png", b"<html><script>alert(1)</script></html>" + film, _NOT_READ.format("a web page")
    yield "document_and_picture.png", b"%PDF-1.7\n" + film, _NOT_READ.format("a PDF document")
    yield "moving_and_still.jpg", b"GIF89a" + jpeg, _NOT_READ.format("a GIF picture")
    yield "dot.png", png(smooth(1, 1)), TOO_SMALL.format("1 x 1")
    yield "line.png", png(smooth(1, 60000)), TOO_SMALL.format("60000 x 1")
    yield "pole.jpg", saved(Image.new("L", (1, 60000))), TOO_SMALL.format("1 x 60000")
    picture = saved(Image.new("RGB", (2000, 2000)), progressive=True)
    scan = re.search(rb"\xff\xda", picture).start()
    yield "scan_bomb.jpg", picture[:-2] + picture[scan:-2] * MAX_SCANS + picture[-2:], DAMAGED


def harmless_files() -> Iterator[tuple[str, bytes]]:
    """A picture and something else in one: its name, what follows it and what is hidden in it count for nothing."""
    film, jpeg = phantom_file(), phantom_file("JPEG")
    page = b"<html><script>alert(1)</script></html>"
    yield "mislabelled.png", jpeg
    yield "mislabelled.exe", film
    yield "<script>alert(1)</script>.png", film
    yield "with_archive.png", film + zipped("evil.exe", b"MZ")
    yield "with_page.jpg", jpeg[:2] + b"\xff\xfe" + (len(page) + 2).to_bytes(2) + page + jpeg[2:]
    yield "inflate_bomb.png", (film[:-12] + chunk(b"zTXt", b"Comment\0\0" + BOMB) + END)
    lines = b"".join(b"\0" + line.tobytes() for line in phantom().round().astype(np.uint8))
    yield "pixels_after_the_last.png", header(400, 300) + chunk(b"IDAT", zlib.compress(lines + bytes(2**28), 1)) + END


@pytest.fixture(scope="module")
def visitor(server):
    """One visitor for all files: after each, the next must still be read."""
    with Visitor(Access(server.url)) as visitor:
        visitor.read("first.png", phantom_file())  # what a first reading opens is not the file's doing
        yield visitor


@pytest.mark.parametrize(("name", "content", "said"), [pytest.param(*case, id=case[0]) for case in refused_files()])
def test_what_harms_is_refused_in_a_sentence(server, visitor, name, content, said):
    before = most_resident(server.process)
    row = visitor.read(name, content).rows[0]
    assert (row["path"], row["status"], row["reason"]) == (name, "refused", said)
    assert most_resident(server.process) - before < ROOM
    assert visitor.read("film.png", phantom_file()).rows[0]["path"] == "film.png"


@pytest.mark.parametrize(("name", "content"), [pytest.param(*case, id=case[0]) for case in harmless_files()])
def test_of_two_things_in_one_the_picture_alone_is_read(server, visitor, name, content):
    before = most_resident(server.process)
    row = visitor.read(name, content).rows[0]
    assert (row["path"], row["status"]) == (name, "read")
    assert most_resident(server.process) - before < ROOM
