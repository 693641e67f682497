"""Hostile DICOM files through the whole program, like tests/app/test_hostile.py.

Each is parsed in its own process with its own limits (tests/model/imaging/dicom/test_sandbox.py). Here the server must
stay small, and the only child process left must be the one that waits for the next file.
"""

import struct
from collections.abc import Iterator

import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless, RLELossless

from model.codes import RefusalReason
from model.messages import MessageCode
from model.sentences import render_codes
from tests.support.dicom_files import dicom_file
from tests.support.fuzzing_dicom import Part, join_dicom, split_dicom
from tests.support.hostile_files import MAX_EXTRA_MEMORY, PNG_END, reason, zip_archive
from tests.support.image_files import PNG_SIGNATURE, gradient, png, png_chunk, png_header
from tests.support.processes import child_pids, peak_resident_bytes
from tests.support.protocol import Access, Visitor
from tests.support.sandbox_files import deflate_bomb
from tests.support.synthetic import synthetic_file

DAMAGED, NO_IMAGE = reason(MessageCode.FILE_DAMAGED), reason(MessageCode.NO_PIXEL_DATA)
CT = reason(MessageCode.OTHER_MODALITY, modality="CT")
TOO_LARGE = reason(MessageCode.TOO_MANY_PIXELS, width=60_000, height=60_000)
TOO_SMALL = reason(MessageCode.TOO_FEW_PIXELS, width=1, height=1)
PIXELS, PATIENT, VIEW, WINDOW = b"\xe0\x7f\x10\0", b"\x10\0\x10\0", b"\x54\0\x20\x02", b"\x28\0\x50\x10"
PRIVATE = b"\x09\0\x10\x10"
UNDEFINED = b"\xff\xff\xff\xff"
ITEM = b"\xfe\xff\0\xe0" + UNDEFINED
ITEM_END, END_OF_ITEMS = b"\xfe\xff\x0d\xe0" + bytes(4), b"\xfe\xff\xdd\xe0" + bytes(4)
pytestmark = [pytest.mark.slow, pytest.mark.linux]  # linux: memory is read from /proc


def with_part(before: bytes, name: bytes, data: bytes = b"") -> bytes:
    """Return a valid file with an additional part before the tag `before`."""
    parts: list[Part] = split_dicom(dicom_file())
    position = next(index for index, (tag, _) in enumerate(parts) if tag.startswith(before))
    return join_dicom([*parts[:position], (name, data), *parts[position:]])


def nested(tag: bytes, depth: int) -> bytes:
    """Return sequences nested `depth` levels deep, each of them closed."""
    return (tag + b"SQ\0\0" + UNDEFINED + ITEM) * depth + (ITEM_END + END_OF_ITEMS) * depth


def with_frame(syntax: str, frame: bytes, rows: int, columns: int) -> bytes:
    """Return a 16-bit file that declares a size and holds a compressed frame."""
    stored = np.zeros((40, 40), np.uint16)
    return dicom_file(stored, syntax, Rows=rows, Columns=columns, PixelData=encapsulate([frame]))


def png_and_dicom(png_file: bytes) -> bytes:
    """Return a file that is both PNG and DICOM: a private chunk of the PNG holds the DICOM file, with DICM in place."""
    start = PNG_SIGNATURE + png_file[8:33]  # up to the end of the header chunk
    private = bytes(128 - len(start) - 8) + dicom_file()[128:]
    return start + png_chunk(b"prIv", private) + png_file[33:]


def refused_files() -> Iterator[tuple[str, bytes, str]]:
    """Yield file name, content and the reason for the refusal."""
    dicom, png_image = dicom_file(), synthetic_file()
    huge = struct.pack("<I", 2**32 - 2)
    yield "deep_views.dcm", with_part(PIXELS, nested(VIEW, 5000)), DAMAGED
    yield "deep_private.dcm", with_part(PATIENT, nested(PRIVATE, 5000)), DAMAGED
    yield "deep_and_open.dcm", with_part(PIXELS, (VIEW + b"SQ\0\0" + UNDEFINED + ITEM) * 100_000), DAMAGED
    yield "huge_element.dcm", with_part(PATIENT, PRIVATE + b"OB\0\0" + huge), NO_IMAGE
    yield "huge_text.dcm", with_part(PIXELS, WINDOW + b"UT\0\0" + huge), NO_IMAGE
    yield "huge_sequence.dcm", with_part(PIXELS, VIEW + b"SQ\0\0" + huge), NO_IMAGE
    yield "without_an_end.dcm", with_part(PIXELS, PRIVATE + b"UN\0\0" + UNDEFINED), DAMAGED
    yield "pixel_bomb.dcm", dicom_file(Rows=60_000, Columns=60_000), TOO_LARGE
    yield "rle_bomb.dcm", with_frame(RLELossless, struct.pack("<16I", 2, 64, 64, *[0] * 13), 7000, 8000), DAMAGED
    claimed = b"\xff\xd8\xff\xf7" + struct.pack(">HBHHB", 11, 16, 60_000, 60_000, 1) + b"\1\x11\0\xff\xd9"
    yield "frame_bomb.dcm", with_frame(JPEGLSLossless, claimed, 40, 40), DAMAGED
    yield "inflate_bomb.dcm", deflate_bomb(3), reason(MessageCode.DECODING_ABORTED)
    yield "half.dcm", dicom[: len(dicom) // 2], DAMAGED
    yield "tags_alone.dcm", dicom[: dicom.index(PIXELS)], NO_IMAGE
    yield "first_bytes.dcm", dicom[:140], NO_IMAGE
    yield "empty.dcm", b"", reason(MessageCode.EMPTY_FILE)
    for name, count in {"few": 100, "one_line_less": 299 * 400}.items():
        yield f"pixels_{name}.dcm", dicom_file(PixelData=bytes(count)), DAMAGED
    for name, count in {"one_line_more": 301 * 400, "twice": 600 * 400}.items():  # the rest is ignored
        yield f"pixels_{name}.dcm", dicom_file(PixelData=bytes(count)), render_codes([RefusalReason.NO_CONTRAST])
    yield "dot_and_dicom.png", png_and_dicom(png(gradient(1, 1))), TOO_SMALL
    yield "bomb_and_dicom.png", png_and_dicom(png_header(60_000, 60_000) + PNG_END), TOO_LARGE
    scan = dicom_file(Modality="CT")
    yield "program_and_scan.exe", b"MZ" + scan[2:], CT
    yield "tiff_and_scan.tif", b"II*\0" + scan[4:], CT
    yield "scan_and_image.png", scan + png_image, CT
    yield "scan_and_archive.zip", scan + zip_archive("evil.exe", b"MZ"), CT
    yield "png_for_pixels.dcm", dicom_file(PixelData=png_image + bytes(len(png_image) % 2)), DAMAGED


@pytest.fixture(scope="module")
def visitor(server):
    """Return one visitor for all files: the next file must be read after each hostile one."""
    with Visitor(Access(server.url)) as visitor:
        for name, content in (("first.png", synthetic_file()), ("first.dcm", dicom_file())):
            visitor.read(name, content)  # loads the model, so that later differences are due to the file
        yield visitor


@pytest.mark.parametrize(("name", "content", "expected"), [pytest.param(*case, id=case[0]) for case in refused_files()])
def test_hostile_dicom_files_are_refused_with_a_reason(server, visitor, name, content, expected):
    before = peak_resident_bytes(server.process)
    row = visitor.read(name, content).rows[0]
    assert (row["path"], row["status"], row["reason"]) == (name, "refused", expected)
    assert peak_resident_bytes(server.process) - before < MAX_EXTRA_MEMORY
    assert len(child_pids(server.process)) == 1
    assert visitor.read("chest.png", synthetic_file()).rows[0]["path"] == "chest.png"
