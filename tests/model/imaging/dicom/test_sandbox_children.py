"""Children that crash, hang, lie or cannot be started: the file is refused with a message."""

import json
import re
import struct
import time

import numpy as np
import pytest

from model.child_process import ChildProcess
from model.errors import DecoderUnavailable, DecodingAborted, FileUnreadable
from model.imaging.decode import decode
from model.imaging.dicom import sandbox
from tests.support.processes import python_child
from tests.support.sandbox_files import ABORTED_TEXT, small_dicom_file


@pytest.fixture
def child(monkeypatch):
    """Replace the worker by a program: `child("print(1)")`."""

    def replace_worker(program: str) -> None:
        monkeypatch.setattr(sandbox, "_start_worker", lambda: python_child(program))
        sandbox._end_idle_children()

    yield replace_worker
    sandbox._end_idle_children()


def test_a_decoder_that_crashes_is_a_refusal(child):
    child("import os; os.abort()")
    with pytest.raises(DecodingAborted, match=f"^{ABORTED_TEXT}"):
        decode(small_dicom_file())


def test_a_decoder_that_hangs_is_stopped(child, monkeypatch):
    monkeypatch.setattr(sandbox, "DICOM_CLOCK_SECONDS", 1)
    child("import time; time.sleep(600)")
    start = time.monotonic()
    with pytest.raises(DecodingAborted, match=f"^{ABORTED_TEXT}"):
        decode(small_dicom_file())
    assert time.monotonic() - start < 20


HEADER = {"height": 40, "width": 40, "bits": 8, "metadata": {}}


def answer(header: object, pixels: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    return struct.pack("<I", len(text)) + text + pixels


@pytest.mark.parametrize(
    "invalid_answer",
    [
        b"",
        b"\1",
        struct.pack("<I", 2**31),
        struct.pack("<I", 8) + b"not JSON",
        answer([]),
        answer({}),
        answer({"refused": 5, "message": ""}),
        answer({"refused": "FileUnreadable"}),  # no message
        answer({"refused": "NotAdmitted", "message": "decided by the admission check, not by the decoder"}),
        answer(HEADER | {"height": 10**6, "width": 10**6}),
        answer(HEADER, bytes(4 * 40 * 39)),
        answer(HEADER, bytes(4 * 40 * 40)),  # no metadata
        answer(HEADER | {"metadata": {"details": [1]}}, bytes(4 * 40 * 40)),
        answer(HEADER, np.full(1600, np.nan, np.float32).tobytes()),
        answer(HEADER, np.full(1600, 256, np.float32).tobytes()),
    ],
)
def test_invalid_answers_are_refused(child, invalid_answer):
    child(f"import sys; sys.stdin.buffer.read(); sys.stdout.buffer.write({invalid_answer!r})")
    with pytest.raises(DecodingAborted, match=f"^{ABORTED_TEXT}"):
        decode(small_dicom_file())


def test_a_child_can_raise_no_exceptions_but_refusals(child):
    child(f"import sys; sys.stdin.buffer.read(); sys.stdout.buffer.write({answer({'refused': 'ReleaseError'})!r})")
    with pytest.raises(FileUnreadable):
        decode(small_dicom_file())


# --- a computer that cannot start another process


@pytest.fixture
def limit_children(monkeypatch):
    """Let only a number of children be started: `limit_children(1, error)`. Returns the list of those that were."""

    def limit(number: int, error: Exception) -> list[ChildProcess]:
        sandbox._end_idle_children()
        children, original_start = [], sandbox.start_child

        def start(*arguments: object, **options: object) -> ChildProcess:
            if len(children) == number:
                raise error
            children.append(original_start(*arguments, **options))
            return children[-1]

        monkeypatch.setattr(sandbox, "start_child", start)
        return children

    yield limit
    sandbox._end_idle_children()


START_ERRORS = [BlockingIOError(11, "Resource temporarily unavailable"), OSError(12, "Cannot allocate memory")]
UNAVAILABLE_TEXT = (
    "This computer could not start the process that reads DICOM files: too many programs run on it, or too little "
    "memory is free. Nothing is wrong with the file. Please close some programs, or wait a little, and choose the file "
    "again; PNG and JPEG pictures are read without such a process."
)


@pytest.mark.parametrize("error", [*START_ERRORS, MemoryError()], ids=lambda error: type(error).__name__)
def test_a_file_is_read_even_if_no_idle_child_can_be_started(limit_children, error):
    children = limit_children(1, error)
    assert decode(small_dicom_file()).width == 80
    assert [child.poll() is None for child in children] == [False]
    assert sandbox._idle_children == []


@pytest.mark.parametrize("error", START_ERRORS, ids=lambda error: type(error).__name__)
def test_a_message_says_so_if_no_child_can_be_started(limit_children, error):
    limit_children(0, error)
    with pytest.raises(DecoderUnavailable, match=f"^{re.escape(UNAVAILABLE_TEXT)}$"):
        decode(small_dicom_file())


def test_if_no_watchdog_thread_can_be_started_the_child_is_ended(limit_children, monkeypatch):
    children = limit_children(2, START_ERRORS[0])

    def start(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(sandbox.threading.Timer, "start", start)
    with pytest.raises(DecoderUnavailable, match=f"^{re.escape(UNAVAILABLE_TEXT)}$"):
        decode(small_dicom_file())
    assert [child.poll() is None for child in children] == [False, True]  # the second one is idle


def test_a_file_is_read_once_processes_can_be_started_again(limit_children, monkeypatch):
    limit_children(0, START_ERRORS[0])
    with pytest.raises(DecoderUnavailable):
        decode(small_dicom_file())
    monkeypatch.undo()
    assert decode(small_dicom_file()).width == 80
