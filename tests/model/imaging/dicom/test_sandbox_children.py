"""Child processes that crash, hang or cannot be started: the file is refused with a message."""

import os
import time

import pytest

from model.child_process import ChildProcess
from model.errors import DecoderUnavailable, DecodingAborted
from model.imaging.decode import decode
from model.imaging.dicom import sandbox
from model.messages import MessageCode
from tests.support.messages import raises_message
from tests.support.processes import HANG, python_child
from tests.support.sandbox_files import small_dicom_file

pytestmark = pytest.mark.slow


@pytest.fixture
def child(monkeypatch):
    """Replace the worker by a program: `child("print(1)")`."""

    def replace_worker(program: str) -> None:
        monkeypatch.setattr(sandbox, "_start_worker", lambda: python_child(program))
        sandbox._end_idle_children()

    yield replace_worker
    sandbox._end_idle_children()


def test_a_file_is_refused_if_its_decoder_crashes(child):
    child("import os; os.abort()")
    with raises_message(DecodingAborted, MessageCode.DECODING_ABORTED):
        decode(small_dicom_file())


def test_a_decoder_that_hangs_is_stopped(child, monkeypatch):
    monkeypatch.setattr(sandbox, "DICOM_CLOCK_SECONDS", 1)
    child(HANG)
    start = time.monotonic()
    with raises_message(DecodingAborted, MessageCode.DECODING_ABORTED):
        decode(small_dicom_file())
    assert time.monotonic() - start < 20


HELD_PIPES = """
import os
if os.fork():
    print(os.getpid(), flush=True)  # an incomplete answer
    os._exit(0)
{leave}
{hang}  # keeps both pipes open
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="NOT RUN: this system has no fork")
@pytest.mark.parametrize("leave", ["", "os.setsid()"], ids=["same group", "own group"])
def test_a_process_that_outlives_its_decoder_does_not_delay_the_refusal(child, monkeypatch, leave):
    monkeypatch.setattr(sandbox, "DICOM_CLOCK_SECONDS", 1)
    child(HELD_PIPES.format(leave=leave, hang=HANG))
    start = time.monotonic()
    with raises_message(DecodingAborted, MessageCode.DECODING_ABORTED):
        decode(small_dicom_file())
    assert time.monotonic() - start < 20


# --- the system cannot start another process


@pytest.fixture
def limit_children(monkeypatch):
    """Limit how many children can be started: `limit_children(1, error)` returns the list of started children."""

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


@pytest.mark.parametrize("error", [*START_ERRORS, MemoryError()], ids=lambda error: type(error).__name__)
def test_a_file_is_read_even_if_no_idle_child_can_be_started(limit_children, error):
    children = limit_children(1, error)
    assert decode(small_dicom_file()).width == 80
    assert [child.poll() is None for child in children] == [False]
    assert sandbox._idle_children == []


@pytest.mark.parametrize("error", START_ERRORS, ids=lambda error: type(error).__name__)
def test_a_message_says_that_no_child_can_be_started(limit_children, error):
    limit_children(0, error)
    with raises_message(DecoderUnavailable, MessageCode.DECODER_UNAVAILABLE):
        decode(small_dicom_file())


def test_the_child_is_ended_if_it_cannot_be_watched(limit_children, monkeypatch):
    children = limit_children(2, START_ERRORS[0])

    def no_selector() -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("model.child_process.selectors.DefaultSelector", no_selector)
    with raises_message(DecoderUnavailable, MessageCode.DECODER_UNAVAILABLE):
        decode(small_dicom_file())
    assert [child.poll() is None for child in children] == [False, True]  # the second one is idle


def test_a_file_is_read_once_processes_can_be_started_again(limit_children, monkeypatch):
    limit_children(0, START_ERRORS[0])
    with pytest.raises(DecoderUnavailable):
        decode(small_dicom_file())
    monkeypatch.undo()
    assert decode(small_dicom_file()).width == 80
