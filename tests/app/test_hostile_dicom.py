"""Clinical files that are out to harm, each by its name, through the whole program, as tests/test_hostile.py does.

Each is parsed in a process of its own with limits of its own (tests/model/imaging/dicom/test_sandbox.py). What must stay small here is the
server, and all that may be left is one process that waits for the next file.
"""

import struct
from collections.abc import Iterator

import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless, RLELossless

from model.imaging.dicom.sandbox import DECODING_ABORTED_TEXT
from tests.support.dicom_files import radiograph
from tests.support.fuzzing_dicom import Part, dicom_joined, dicom_parts
from tests.support.hostile_files import END, ROOM, TOO_MANY, TOO_SMALL, zipped
from tests.support.image_files import AGAIN, DAMAGED, SIGNATURE, chunk, header, png, smooth
from tests.support.processes import most_resident, started_by
from tests.support.protocol import Access, Visitor
from tests.support.sandbox_files import deflate_bomb
from tests.support.synthetic import synthetic_file

NO_PICTURE = (
    "This DICOM file holds no picture, or only the beginning of one. DICOM, PNG and JPEG files are accepted. Please "
    "export or copy the radiograph again and choose the new file."
)
OF_CT = (
    "This is a CT image, as the file says, which is not read. Chest radiographs (modality CR, DX or RG) are accepted. "
    "Please choose the frontal chest radiograph."
)
PIXELS, PATIENT, VIEW, WINDOW = b"\xe0\x7f\x10\0", b"\x10\0\x10\0", b"\x54\0\x20\x02", b"\x28\0\x50\x10"
PRIVATE = b"\x09\0\x10\x10"
UNDEFINED = b"\xff\xff\xff\xff"
ITEM = b"\xfe\xff\0\xe0" + UNDEFINED
ITEM_END, END_OF_ITEMS = b"\xfe\xff\x0d\xe0" + bytes(4), b"\xfe\xff\xdd\xe0" + bytes(4)
pytestmark = pytest.mark.linux  # memory is read from /proc


def with_part(before: bytes, name: bytes, data: bytes = b"") -> bytes:
    """A sound film with one more part before the tag `before`."""
    parts: list[Part] = dicom_parts(radiograph())
    place = next(place for place, (tag, _) in enumerate(parts) if tag.startswith(before))
    return dicom_joined([*parts[:place], (name, data), *parts[place:]])


def nested(tag: bytes, depth: int) -> bytes:
    """A sequence in a sequence, so many times; all are closed."""
    return (tag + b"SQ\0\0" + UNDEFINED + ITEM) * depth + (ITEM_END + END_OF_ITEMS) * depth


def framed(syntax: str, frame: bytes, rows: int, columns: int) -> bytes:
    """A film of 16 bits that says it has so many pixels, and holds this frame."""
    stored = np.zeros((40, 40), np.uint16)
    return radiograph(stored, syntax, Rows=rows, Columns=columns, PixelData=encapsulate([frame]))


def png_and_dicom(picture: bytes) -> bytes:
    """Both: a PNG, with a whole clinical file in a chunk that PNG readers pass over, which lies where DICOM has it."""
    start = SIGNATURE + picture[8:33]  # with its header
    private = bytes(128 - len(start) - 8) + radiograph()[128:]
    return start + chunk(b"prIv", private) + picture[33:]


def refused_files() -> Iterator[tuple[str, bytes, str]]:
    """Name of the file, what it holds, and what is said of it."""
    film, whole = radiograph(), synthetic_file()
    huge = struct.pack("<I", 2**32 - 2)
    yield "deep_views.dcm", with_part(PIXELS, nested(VIEW, 5000)), DAMAGED
    yield "deep_private.dcm", with_part(PATIENT, nested(PRIVATE, 5000)), DAMAGED
    yield "deep_and_open.dcm", with_part(PIXELS, (VIEW + b"SQ\0\0" + UNDEFINED + ITEM) * 100_000), DAMAGED
    yield "huge_element.dcm", with_part(PATIENT, PRIVATE + b"OB\0\0" + huge), NO_PICTURE
    yield "huge_text.dcm", with_part(PIXELS, WINDOW + b"UT\0\0" + huge), NO_PICTURE
    yield "huge_sequence.dcm", with_part(PIXELS, VIEW + b"SQ\0\0" + huge), NO_PICTURE
    yield "without_an_end.dcm", with_part(PIXELS, PRIVATE + b"UN\0\0" + UNDEFINED), DAMAGED
    yield "pixel_bomb.dcm", radiograph(Rows=60_000, Columns=60_000), TOO_MANY.format("60000 x 60000")
    yield "rle_bomb.dcm", framed(RLELossless, struct.pack("<16I", 2, 64, 64, *[0] * 13), 7000, 8000), DAMAGED
    claimed = b"\xff\xd8\xff\xf7" + struct.pack(">HBHHB", 11, 16, 60_000, 60_000, 1) + b"\1\x11\0\xff\xd9"
    yield "frame_bomb.dcm", framed(JPEGLSLossless, claimed, 40, 40), DAMAGED
    yield "inflate_bomb.dcm", deflate_bomb(3), DECODING_ABORTED_TEXT
    yield "half.dcm", film[: len(film) // 2], DAMAGED
    yield "tags_alone.dcm", film[: film.index(PIXELS)], NO_PICTURE
    yield "first_bytes.dcm", film[:140], NO_PICTURE
    yield "empty.dcm", b"", f"This file is empty. {AGAIN}"
    for name, count in {"few": 100, "one_line_less": 299 * 400, "one_line_more": 301 * 400, "twice": 600 * 400}.items():
        yield f"pixels_{name}.dcm", radiograph(PixelData=bytes(count)), DAMAGED
    yield "dot_and_film.png", png_and_dicom(png(smooth(1, 1))), TOO_SMALL.format("1 x 1")
    yield "bomb_and_film.png", png_and_dicom(header(60_000, 60_000) + END), TOO_MANY.format("60000 x 60000")
    scan = radiograph(Modality="CT")
    yield "program_and_scan.exe", b"MZ" + scan[2:], OF_CT
    yield "tiff_and_scan.tif", b"II*\0" + scan[4:], OF_CT
    yield "scan_and_picture.png", scan + whole, OF_CT
    yield "scan_and_archive.zip", scan + zipped("evil.exe", b"MZ"), OF_CT
    yield "picture_for_pixels.dcm", radiograph(PixelData=whole + bytes(len(whole) % 2)), DAMAGED


@pytest.fixture(scope="module")
def visitor(server):
    """One visitor for all files: after each, the next must still be answered."""
    with Visitor(Access(server.url)) as visitor:
        for name, content in (("first.png", synthetic_file()), ("first.dcm", radiograph())):
            visitor.read(name, content)  # what a first reading opens is not the file's doing
        yield visitor


@pytest.mark.parametrize(("name", "content", "said"), [pytest.param(*case, id=case[0]) for case in refused_files()])
def test_a_clinical_file_that_harms_is_refused_in_a_sentence(server, visitor, name, content, said):
    before = most_resident(server.process)
    row = visitor.read(name, content).rows[0]
    assert (row["path"], row["status"], row["reason"]) == (name, "refused", said)
    assert most_resident(server.process) - before < ROOM
    assert len(started_by(server.process)) == 1
    assert visitor.read("film.png", synthetic_file()).rows[0]["path"] == "film.png"
