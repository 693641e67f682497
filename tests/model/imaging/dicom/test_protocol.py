"""Answers of the child process that reads DICOM. It has decoded an untrusted file, so its answer is not trusted."""

import json
import struct

import numpy as np
import pytest
from pydicom.uid import UID_dictionary

from model.errors import (
    ColourImage,
    DecodingAborted,
    FileRefused,
    FileUnreadable,
    FormatUnsupported,
    ImageTooLarge,
    LateralView,
    MultiFrameImage,
    NotAdmitted,
    WrongBodyPart,
    WrongModality,
)
from model.imaging.decode import decode
from model.imaging.dicom import sandbox
from model.imaging.dicom.protocol import encode_damaged, encode_refusal, encode_request, parse_answer, split_request
from model.messages import MessageCode
from model.sentences import closed_terms
from tests.support.messages import raises_message
from tests.support.processes import python_child
from tests.support.sandbox_files import small_dicom_file

HEADER = {"height": 40, "width": 40, "bits": 8, "metadata": {}}


def answer(header: object, pixels: bytes = b"") -> bytes:
    """Encode an answer as the child does."""
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    return struct.pack("<I", len(text)) + text + pixels


def refused(name: object, code: object, **params: object) -> bytes:
    """Encode a refusal by class name, message code and parameters."""
    return answer({"refused": name, "code": code, "params": params})


def test_a_request_contains_the_window_and_the_file():
    assert split_request(encode_request(b"file", window=3)) == (b"file", 3)


# --- refusals

REFUSALS = [
    FormatUnsupported(MessageCode.DICOM_DIRECTORY),
    FormatUnsupported(MessageCode.TRANSFER_SYNTAX, transfer_syntax="JPEG Extended (Process 2 and 4)"),
    FormatUnsupported(MessageCode.TRANSFER_SYNTAX, transfer_syntax="unknown"),
    FormatUnsupported(MessageCode.BITS_ALLOCATED, bits=32),
    ImageTooLarge(MessageCode.TOO_MANY_PIXELS, width=60_000, height=50_000),
    MultiFrameImage(MessageCode.MULTIPLE_FRAMES, frames=12),
    WrongModality(MessageCode.OTHER_MODALITY, modality="CT"),
    WrongModality(MessageCode.UNKNOWN_MODALITY),
    WrongBodyPart(MessageCode.OTHER_BODY_PART, body_part="GALLBLADDER"),
    LateralView(MessageCode.NON_FRONTAL_VIEW, view="oblique"),
    LateralView(MessageCode.NON_FRONTAL_VIEW, view="decubitus"),
    ColourImage(MessageCode.COMPONENTS, components=3),
    FileUnreadable(MessageCode.BITS_EXCEEDED, bits=12),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_a_refusal_has_the_same_class_and_message_after_encoding(refusal):
    (message,) = refusal.messages
    with raises_message(type(refusal), message.code, **message.params):
        parse_answer(encode_refusal(refusal))


def test_a_damaged_file_is_reported_as_a_value_error():
    with pytest.raises(ValueError, match=r"^damaged$"):
        parse_answer(encode_damaged())


def test_the_name_of_every_unsupported_transfer_syntax_is_accepted():
    names = {name for name, kind, *_ in UID_dictionary.values() if kind == "Transfer Syntax" and "[" not in name}
    assert len(names) > 30
    for name in names:
        with raises_message(FormatUnsupported, MessageCode.TRANSFER_SYNTAX, transfer_syntax=name):
            parse_answer(refused("FormatUnsupported", "transfer_syntax", transfer_syntax=name))


@pytest.mark.parametrize("modality", closed_terms("modality"))
def test_every_known_modality_is_accepted(modality):
    with raises_message(WrongModality, MessageCode.OTHER_MODALITY, modality=modality):
        parse_answer(refused("WrongModality", "other_modality", modality=modality))


# --- answers that are not accepted


def assert_not_accepted(content: bytes) -> None:
    with raises_message(DecodingAborted, MessageCode.DECODING_ABORTED):
        parse_answer(content)


@pytest.mark.parametrize("code", ["", "no_such_code", "cropped", "mirrored", 5, None, ["colour"]])
def test_an_unknown_code_is_not_accepted(code):
    assert_not_accepted(refused("ColourImage", code))


def test_codes_of_the_admission_check_are_not_accepted():
    for params in ({}, {"refusals": ["cropped"]}):
        assert_not_accepted(refused("NotAdmitted", "cropped", **params))
        assert_not_accepted(refused("NotAdmitted", "colour", **params))
    assert issubclass(NotAdmitted, FileRefused)  # so it must be excluded explicitly


@pytest.mark.parametrize("name", ["ReleaseError", "ProjectError", "Message", "render", "Exception", "", 5, None, []])
def test_classes_other_than_refusals_are_not_accepted(name):
    assert_not_accepted(refused(name, "colour"))


@pytest.mark.parametrize(
    ("name", "code", "params"),
    [
        ("WrongModality", "other_modality", {"modality": "Doe Ann"}),
        ("WrongModality", "other_modality", {"modality": "DOE"}),
        ("WrongModality", "other_modality", {"modality": "CT of Ann Doe"}),
        ("LateralView", "non_frontal_view", {"view": "Doe Ann"}),
        ("WrongBodyPart", "other_body_part", {"body_part": "Doe Ann"}),
        ("WrongBodyPart", "other_body_part", {"body_part": "DOE"}),
        ("FormatUnsupported", "transfer_syntax", {"transfer_syntax": "Doe^Ann"}),
        ("FormatUnsupported", "transfer_syntax", {"transfer_syntax": "<script>"}),
        ("FormatUnsupported", "transfer_syntax", {"transfer_syntax": "A" * 200}),
        ("FormatUnsupported", "transfer_syntax", {"transfer_syntax": "JPEG\nDoe"}),
        ("FormatUnsupported", "bits_allocated", {"bits": "Doe Ann"}),
        ("MultiFrameImage", "multiple_frames", {"frames": "12"}),
        ("MultiFrameImage", "multiple_frames", {"frames": 1.5}),
    ],
)
def test_free_text_in_a_parameter_is_not_accepted(name, code, params):
    assert_not_accepted(refused(name, code, **params))


@pytest.mark.parametrize("value", [None, [], ["CT"], {"CT": 1}, 5, True])
def test_a_term_of_the_wrong_type_is_not_accepted(value):
    assert_not_accepted(refused("WrongModality", "other_modality", modality=value))


@pytest.mark.parametrize(
    "params", [{"file": "model.json"}, {"reason": "No space"}, {"max_megabytes": 1}, {"max_megapixels": 1}]
)
def test_a_parameter_that_the_child_never_sends_is_not_accepted(params):
    assert_not_accepted(refused("ColourImage", "colour", **params))


def test_a_missing_parameter_is_not_accepted():
    assert_not_accepted(refused("WrongModality", "other_modality"))
    assert_not_accepted(refused("ImageTooLarge", "too_many_pixels", width=60_000))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\1",
        struct.pack("<I", 2**31),
        struct.pack("<I", 8) + b"not JSON",
        answer([]),
        answer({}),
        answer({"refused": "FileUnreadable"}),  # neither code nor parameters
        answer({"refused": "ColourImage", "code": "colour"}),
        answer({"refused": "ColourImage", "code": "colour", "params": []}),
        answer({"refused": "ColourImage", "code": "colour", "params": "none"}),
        answer(HEADER | {"height": 10**6, "width": 10**6}),
        answer(HEADER, bytes(4 * 40 * 39)),
        answer(HEADER, bytes(4 * 40 * 40)),  # no metadata
        answer(HEADER | {"metadata": {"details": [1]}}, bytes(4 * 40 * 40)),
        answer(HEADER, np.full(1600, np.nan, np.float32).tobytes()),
        answer(HEADER, np.full(1600, 256, np.float32).tobytes()),
    ],
)
def test_an_invalid_answer_is_not_accepted(content):
    assert_not_accepted(content)


@pytest.mark.slow
def test_a_file_is_refused_if_its_child_sends_an_invalid_answer(monkeypatch):
    invalid = refused("WrongModality", "other_modality", modality="Doe Ann")
    program = f"import sys; sys.stdin.buffer.read(); sys.stdout.buffer.write({invalid!r})"
    monkeypatch.setattr(sandbox, "_start_worker", lambda: python_child(program))
    sandbox._end_idle_children()
    try:
        with raises_message(DecodingAborted, MessageCode.DECODING_ABORTED):
            decode(small_dicom_file())
    finally:
        sandbox._end_idle_children()
