"""Turns for reading files: their number, their order, and what waits for what."""

import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from streamlit.runtime.scriptrunner_utils.exceptions import StopException

import ui.reading.actions
from model.limits import DICOM_READINGS_AT_ONCE, READINGS_AT_ONCE
from tests.support.sandbox_files import small_dicom_file
from tests.support.synthetic import phantom_file
from ui.reading import turns as module
from ui.reading.turns import SessionTime, Turns, show_ahead
from ui.session import FileInfo, RefusedUpload, SessionUploads

PNG, DICOM = phantom_file(), small_dicom_file()
SECONDS = 20  # to wait for another thread


class Reading(threading.Thread):
    """A session that takes a turn and holds it until `end` is called."""

    def __init__(self, turns: Turns, session: SessionTime | None = None, is_dicom: bool = False) -> None:
        super().__init__(daemon=True)
        self.turns, self.session, self.is_dicom = turns, session or SessionTime(), is_dicom
        self.ahead: list[int] = []
        self.waits, self.has_turn, self.may_end = threading.Event(), threading.Event(), threading.Event()
        self.start()

    def run(self) -> None:
        def report(ahead: int) -> None:
            self.ahead.append(ahead)
            self.waits.set()

        with self.turns.take(self.session, self.is_dicom, report):
            self.has_turn.set()
            self.may_end.wait(SECONDS)

    def reads(self) -> bool:
        return self.has_turn.wait(SECONDS)

    def is_waiting(self) -> bool:
        return self.waits.wait(SECONDS) and not self.has_turn.is_set()

    def end(self) -> None:
        self.may_end.set()
        self.join(SECONDS)


@pytest.fixture(autouse=True)
def poll_often(monkeypatch):
    monkeypatch.setattr(module, "POLL_SECONDS", 0.02)


@pytest.fixture
def reading():
    """Start readings that share two turns, one of them for DICOM: `reading(is_dicom=True)`."""
    turns, started = Turns(2, 1), []

    def start(session: SessionTime | None = None, is_dicom: bool = False) -> Reading:
        started.append(Reading(turns, session, is_dicom))
        return started[-1]

    yield start
    for each in started:
        each.end()


def test_a_third_reading_waits_for_one_of_two_turns(reading: Callable[..., Reading]):
    first, second = reading(), reading()
    assert first.reads()
    assert second.reads()
    third = reading()
    assert third.is_waiting()
    first.end()
    assert third.reads()


def test_a_dicom_file_that_waits_for_another_leaves_the_second_turn_free(reading):
    bomb = reading(is_dicom=True)
    assert bomb.reads()
    waiting = [reading(is_dicom=True) for _ in range(3)]
    assert all(each.is_waiting() for each in waiting)
    assert reading().reads()
    assert not any(each.has_turn.is_set() for each in waiting)


def test_a_session_has_one_turn_at_a_time(reading):
    session = SessionTime()
    first = reading(session)
    assert first.reads()
    assert reading(session).is_waiting()
    assert reading().reads()


def test_the_session_that_has_used_the_least_time_is_next(reading):
    running = [reading(), reading()]
    assert all(each.reads() for each in running)
    costly, new = reading(SessionTime(60)), reading(SessionTime(0.5))
    assert costly.is_waiting()
    assert new.is_waiting()
    running[0].end()
    assert new.reads()
    assert not costly.has_turn.is_set()


def test_the_time_of_a_turn_is_added_to_the_session(reading):
    session = SessionTime()
    first = reading(session)
    assert first.reads()
    first.end()
    assert session.seconds > 0


def test_the_number_of_files_ahead_is_reported_and_ends_with_zero(reading):
    running = [reading(), reading()]
    assert all(each.reads() for each in running)
    first, second = reading(), reading()
    assert first.is_waiting()
    assert second.is_waiting()
    for each in (*running, first):
        each.end()
    assert second.reads()
    assert (first.ahead[0], second.ahead[0]) == (2, 3)
    assert first.ahead[-1] == second.ahead[-1] == 0


def test_the_files_of_the_same_session_are_not_counted(reading):
    session = SessionTime()
    first = reading(session)
    assert first.reads()
    second = reading(session)
    assert second.is_waiting()
    assert second.ahead == [0] * len(second.ahead)


@pytest.mark.parametrize("at", [2, 0], ids=["while it waits", "at its turn"])
def test_a_reading_that_is_given_up_leaves_the_queue(reading, at):
    running = [reading(), reading()]
    assert all(each.reads() for each in running)

    def give_up(ahead: int) -> None:
        if ahead == at:
            raise StopException
        running[0].may_end.set()

    with pytest.raises(StopException), running[0].turns.take(SessionTime(), report_ahead=give_up):
        pytest.fail("the reading was given up")
    running[0].end()
    assert reading().reads()


# --- on the page


def test_the_number_of_parallel_readings_is_limited(monkeypatch):
    running, maximum, dicom_maximum = [], 0, 0
    changed = threading.Condition()

    def read_slowly(_gate: object, file: FileInfo, content: bytes) -> RefusedUpload:
        nonlocal maximum, dicom_maximum
        with changed:
            running.append(content)
            maximum = max(maximum, len(running))
            dicom_maximum = max(dicom_maximum, running.count(DICOM))
            changed.notify_all()
            changed.wait_for(lambda: maximum == READINGS_AT_ONCE, SECONDS)
            running.remove(content)
        return RefusedUpload(file, {}, ())

    monkeypatch.setattr(ui.reading.actions, "_read", read_slowly)
    sessions = defaultdict(SessionUploads)  # each file, and so each thread, belongs to another session
    monkeypatch.setattr(ui.reading.actions, "session_uploads", lambda: sessions[threading.get_ident()])
    with ThreadPoolExecutor(12) as pool:
        files = [FileInfo(str(number), "chest") for number in range(12)]
        contents = [PNG, DICOM] * 6
        list(pool.map(partial(ui.reading.actions.read_upload, None), files, contents))
    assert maximum == READINGS_AT_ONCE
    assert dicom_maximum == DICOM_READINGS_AT_ONCE < READINGS_AT_ONCE


class Slot:
    """Records what is drawn in it."""

    text = "a finding"

    def info(self, text: str, icon: str) -> None:
        assert icon
        self.text = text

    def empty(self) -> None:
        self.text = ""


@pytest.mark.parametrize(("n_files", "number"), [(1, "1 other file "), (3, "3 other files ")])
def test_the_page_says_how_many_files_are_read_first(n_files, number):
    slot = Slot()
    show_ahead(slot, n_files)
    assert number in slot.text
    show_ahead(slot, 0)
    assert slot.text == ""
