"""Children that break, hang, explode or lie: a sentence, and nothing of theirs is believed."""

import json
import re
import struct
import subprocess
import sys
import time

import numpy as np
import pytest

from model.errors import DecoderUnavailable, DecodingAborted, FileUnreadable
from model.imaging.decode import decode
from model.imaging.dicom import sandbox
from tests.support.sandbox_files import STOPPED, film


@pytest.fixture
def child(monkeypatch):
    """Have a program of the test's own stand in for the child: `child("print(1)")`."""

    def stands_in(program: str) -> None:
        def started() -> subprocess.Popen:
            pipes = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
            return subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL, **pipes)

        monkeypatch.setattr(sandbox, "_start_child", started)
        sandbox._end_waiting_children()

    yield stands_in
    sandbox._end_waiting_children()


def test_a_decoder_that_crashes_ends_with_a_sentence(child):
    child("import os; os.abort()")
    with pytest.raises(DecodingAborted, match=f"^{STOPPED}"):
        decode(film())


def test_a_decoder_that_hangs_is_stopped(child, monkeypatch):
    monkeypatch.setattr(sandbox, "DICOM_CLOCK_SECONDS", 1)
    child("import time; time.sleep(600)")
    start = time.monotonic()
    with pytest.raises(DecodingAborted, match=f"^{STOPPED}"):
        decode(film())
    assert time.monotonic() - start < 20


HEADER = {"height": 40, "width": 40, "bits": 8, "metadata": {}}


def answered(header: object, values: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    return struct.pack("<I", len(text)) + text + values


@pytest.mark.parametrize(
    "lie",
    [
        b"",
        b"\1",
        struct.pack("<I", 2**31),
        struct.pack("<I", 8) + b"not JSON",
        answered([]),
        answered({}),
        answered({"refused": 5, "message": ""}),
        answered(HEADER | {"height": 10**6, "width": 10**6}),
        answered(HEADER, bytes(4 * 40 * 39)),
        answered(HEADER, bytes(4 * 40 * 40)),  # nothing clinical
        answered(HEADER | {"metadata": {"details": [1]}}, bytes(4 * 40 * 40)),
        answered(HEADER, np.full(1600, np.nan, np.float32).tobytes()),
        answered(HEADER, np.full(1600, 256, np.float32).tobytes()),
    ],
)
def test_what_a_child_must_not_answer_is_not_believed(child, lie):
    child(f"import sys; sys.stdin.buffer.read(); sys.stdout.buffer.write({lie!r})")
    with pytest.raises(DecodingAborted, match=f"^{STOPPED}"):
        decode(film())


def test_a_child_may_raise_nothing_but_refusals(child):
    child(f"import sys; sys.stdin.buffer.read(); sys.stdout.buffer.write({answered({'refused': 'ReleaseError'})!r})")
    with pytest.raises(FileUnreadable):
        decode(film())


# --- a computer that starts no further process


@pytest.fixture
def starts(monkeypatch):
    """Let so many children be started and no more: `starts(1)`; returns those that were."""

    def limited(most: int, error: Exception) -> list[subprocess.Popen]:
        sandbox._end_waiting_children()
        children, real = [], subprocess.Popen

        def popen(*arguments: object, **options: object) -> subprocess.Popen:
            if len(children) == most:
                raise error
            children.append(real(*arguments, **options))
            return children[-1]

        monkeypatch.setattr(sandbox.subprocess, "Popen", popen)
        return children

    yield limited
    sandbox._end_waiting_children()


NONE_MORE = [BlockingIOError(11, "Resource temporarily unavailable"), OSError(12, "Cannot allocate memory")]
NOT_STARTED = (
    "This computer could not start the process that reads DICOM files: too many programs run on it, or too little "
    "memory is free. Nothing is wrong with the file. Please close some programs, or wait a little, and choose the file "
    "again; PNG and JPEG pictures are read without such a process."
)


@pytest.mark.parametrize("error", [*NONE_MORE, MemoryError()], ids=lambda error: type(error).__name__)
def test_a_file_is_read_though_no_child_can_be_started_to_wait_for_the_next(starts, error):
    children = starts(1, error)
    assert decode(film()).width == 80
    assert [child.poll() is None for child in children] == [False]
    assert sandbox._waiting == []


@pytest.mark.parametrize("error", NONE_MORE, ids=lambda error: type(error).__name__)
def test_where_no_child_can_be_started_that_is_said_and_the_file_not_blamed(starts, error):
    starts(0, error)
    with pytest.raises(DecoderUnavailable, match=f"^{re.escape(NOT_STARTED)}$"):
        decode(film())


def test_where_no_thread_can_be_started_to_watch_the_child_that_is_said_and_the_child_ended(starts, monkeypatch):
    children = starts(2, NONE_MORE[0])

    def start(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(sandbox.threading.Timer, "start", start)
    with pytest.raises(DecoderUnavailable, match=f"^{re.escape(NOT_STARTED)}$"):
        decode(film())
    assert [child.poll() is None for child in children] == [False, True]  # the second one waits


def test_once_processes_can_be_started_again_a_file_is_read(starts, monkeypatch):
    starts(0, NONE_MORE[0])
    with pytest.raises(DecoderUnavailable):
        decode(film())
    monkeypatch.undo()
    assert decode(film()).width == 80
