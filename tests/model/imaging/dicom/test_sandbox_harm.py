"""DICOM files that are damaged or mean harm, and what becomes of them in the child process."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from model.errors import DecodingAborted, FileRefused, FileUnreadable
from model.imaging.decode import decode
from model.imaging.dicom import sandbox
from model.imaging.dicom.worker import handle
from model.limits import DICOM_MEMORY
from tests.support.dicom_files import radiograph, without_meta
from tests.support.sandbox_files import DEEP, STOPPED, deflate_bomb, film

COMPRESSED = (RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless)
ONE_OF_EACH = {
    syntax.name: radiograph(
        DEEP if syntax != JPEGBaseline8Bit else (DEEP >> 4).astype(np.uint8),
        syntax,
        **({"BitsStored": 12} if syntax != JPEGBaseline8Bit else {}),
    )
    for syntax in (ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, JPEGBaseline8Bit, *COMPRESSED)
}


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("file", ONE_OF_EACH.values(), ids=ONE_OF_EACH)
def test_a_truncated_file_is_refused(file, share):
    start = file[: int(share * len(file))]
    with pytest.raises(FileRefused):
        decode(start if len(start) > 132 else file[:140])


def test_a_file_that_is_no_dicom_behind_its_first_bytes_is_refused():
    for content in (bytes(128) + b"DICM" + bytes(500), bytes.fromhex("0800000004000000") + bytes(9), b"\x02\0\0\0UL"):
        with pytest.raises(FileRefused):
            decode(content)


PLAIN = [film(), film(ImplicitVRLittleEndian), without_meta(film(ImplicitVRLittleEndian)), film(RLELossless)]


@settings(max_examples=300)
@given(
    file=st.sampled_from(PLAIN),
    changes=st.lists(st.tuples(st.integers(0, 900), st.integers(1, 255)), min_size=1, max_size=4),
)
def test_whatever_the_tags_say_the_child_has_an_answer(file, changes):
    content = bytearray(file)
    for place, change in changes:
        content[132 + place] ^= change
    header, _ = sandbox._split_answer(handle(0, bytes(content)))
    assert {"refused", "message"} <= set(header) or {"height", "width", "bits", "metadata"} == set(header)


def test_a_file_that_inflates_beyond_measure_is_stopped():
    bomb = deflate_bomb(6)
    assert len(bomb) < DICOM_MEMORY / 100
    with pytest.raises(DecodingAborted, match=f"^{STOPPED}"):
        decode(bomb)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless, JPEGLosslessSV1], ids=["J2K", "JPEG-LS", "JPEG"])
def test_a_frame_that_claims_to_be_larger_than_its_file_says_is_refused(syntax):
    file = film(syntax)
    (frame,) = generate_frames(dcmread(io.BytesIO(file)).PixelData, number_of_frames=1)
    changed = bytearray(frame)
    if syntax == JPEG2000Lossless:
        place = frame.index(b"\xff\x51") + 6  # Xsiz, Ysiz, then XTsiz and YTsiz (ITU-T T.800, A.5.1)
        for side in (place, place + 4, place + 16, place + 20):
            changed[side : side + 4] = struct.pack(">I", 60_000)
    else:
        place = frame.index(b"\xff\xf7" if syntax == JPEGLSLossless else b"\xff\xc3") + 5
        changed[place : place + 4] = struct.pack(">HH", 60_000, 60_000)
    with pytest.raises((DecodingAborted, FileUnreadable)):
        decode(film(syntax, PixelData=encapsulate([bytes(changed)])))


def test_what_pydicom_cannot_make_sense_of_is_damaged():
    with pytest.raises(FileUnreadable, match=r"^This picture is damaged or incomplete, so it is not read\. Complete"):
        decode(film(PixelData=bytes(100)))
