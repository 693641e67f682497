"""Damaged and malicious DICOM files in the child process."""

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
from model.imaging.dicom.protocol import encode_request, split_answer
from model.imaging.dicom.worker import handle
from model.limits import DICOM_MEMORY
from model.messages import MessageCode
from tests.support.dicom_files import dicom_file, without_file_meta
from tests.support.messages import raises_message
from tests.support.sandbox_files import TWELVE_BIT_PIXELS, deflate_bomb, small_dicom_file

pytestmark = pytest.mark.slow

COMPRESSED_SYNTAXES = (RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless)
FILES_BY_SYNTAX = {
    syntax.name: dicom_file(
        TWELVE_BIT_PIXELS if syntax != JPEGBaseline8Bit else (TWELVE_BIT_PIXELS >> 4).astype(np.uint8),
        syntax,
        **({"BitsStored": 12} if syntax != JPEGBaseline8Bit else {}),
    )
    for syntax in (ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, JPEGBaseline8Bit, *COMPRESSED_SYNTAXES)
}


@pytest.mark.parametrize(
    "share", [pytest.param(0.05, marks=pytest.mark.full), 0.3, pytest.param(0.6, marks=pytest.mark.full), 0.95]
)
@pytest.mark.parametrize("file", FILES_BY_SYNTAX.values(), ids=FILES_BY_SYNTAX)
def test_a_truncated_file_is_refused(file, share):
    start = file[: int(share * len(file))]
    with pytest.raises(FileRefused):
        decode(start if len(start) > 132 else file[:140])


def test_files_that_only_start_like_dicom_are_refused():
    for content in (bytes(128) + b"DICM" + bytes(500), bytes.fromhex("0800000004000000") + bytes(9), b"\x02\0\0\0UL"):
        with pytest.raises(FileRefused):
            decode(content)


VALID_FILES = [
    small_dicom_file(),
    small_dicom_file(ImplicitVRLittleEndian),
    without_file_meta(small_dicom_file(ImplicitVRLittleEndian)),
    small_dicom_file(RLELossless),
]


@settings(max_examples=3 * settings.default.max_examples)
@given(
    file=st.sampled_from(VALID_FILES),
    changes=st.lists(st.tuples(st.integers(0, 900), st.integers(1, 255)), min_size=1, max_size=4),
)
def test_the_child_answers_for_any_change_of_the_tags(file, changes):
    content = bytearray(file)
    for offset, change in changes:
        content[132 + offset] ^= change
    header, _ = split_answer(handle(encode_request(bytes(content), window=0)))
    result = {"height", "width", "bits", "cautions", "metadata"}
    assert set(header) in ({"refused"}, {"refused", "code", "params"}, result)


def test_a_deflate_bomb_is_stopped():
    bomb = deflate_bomb(6)
    assert len(bomb) < DICOM_MEMORY / 100
    with raises_message(DecodingAborted, MessageCode.DECODING_ABORTED):
        decode(bomb)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless, JPEGLosslessSV1], ids=["J2K", "JPEG-LS", "JPEG"])
def test_a_frame_that_declares_a_larger_size_than_the_tags_is_refused(syntax):
    file = small_dicom_file(syntax)
    (frame,) = generate_frames(dcmread(io.BytesIO(file)).PixelData, number_of_frames=1)
    changed = bytearray(frame)
    if syntax == JPEG2000Lossless:
        position = frame.index(b"\xff\x51") + 6  # Xsiz, Ysiz, then XTsiz and YTsiz (ITU-T T.800, A.5.1)
        for offset in (position, position + 4, position + 16, position + 20):
            changed[offset : offset + 4] = struct.pack(">I", 60_000)
    else:
        position = frame.index(b"\xff\xf7" if syntax == JPEGLSLossless else b"\xff\xc3") + 5
        changed[position : position + 4] = struct.pack(">HH", 60_000, 60_000)
    with pytest.raises((DecodingAborted, FileUnreadable)):
        decode(small_dicom_file(syntax, PixelData=encapsulate([bytes(changed)])))


def test_a_file_that_pydicom_cannot_read_is_damaged():
    with raises_message(FileUnreadable, MessageCode.FILE_DAMAGED):
        decode(small_dicom_file(PixelData=bytes(100)))
