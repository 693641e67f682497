"""What happens to a file if the user opens another page, or chooses another file, before it has been read."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
import pytest
from streamlit.runtime.scriptrunner_utils.exceptions import StopException

import ui.reading.actions
import ui.reading.turns
import ui.session
from model.limits import READINGS_AT_ONCE
from tests.support.dicom_files import dicom_file
from tests.support.image_files import png
from tests.support.pages import (
    asks_for_an_upload,
    open_page,
    press,
    read_upload,
    refused_upload,
    session_table,
    session_uploads,
    upload,
    window_select,
)
from tests.support.synthetic import phantom
from ui.errors import UNEXPECTED_ERROR
from ui.reading.correction_text import button_label
from ui.reading.turns import SessionTime, reading_turns
from ui.session import ChosenFile, ExaminedImage, FileInfo, RefusedUpload, SessionUploads

pytestmark = pytest.mark.slow


@dataclass
class Run:
    """Run of a page. Once the user has left, it ends at its next use of the session state, as in Streamlit."""

    is_left: bool = False
    n_readings: int = 0


@pytest.fixture
def run(monkeypatch):
    run, real_uploads, real_decode = Run(), ui.session.session_uploads, ui.reading.actions.decode

    def uploads_of_this_run():
        if run.is_left:
            raise StopException
        return real_uploads()

    def decode(*arguments):
        run.n_readings += 1
        return real_decode(*arguments)

    monkeypatch.setattr(ui.session, "session_uploads", uploads_of_this_run)
    monkeypatch.setattr(ui.reading.actions, "session_uploads", uploads_of_this_run)
    monkeypatch.setattr(ui.reading.actions, "decode", decode)
    return run


def leave_during(monkeypatch, run: Run, name: str) -> None:
    """Let the user leave the page at the end of a step of the reading."""
    step = getattr(ui.reading.actions, name)

    def last_step(*arguments):
        result = step(*arguments)
        run.is_left = True
        return result

    monkeypatch.setattr(ui.reading.actions, name, last_step)


def visit_another_page(app, run: Run):
    """Open another page and return."""
    run.is_left = False
    app.switch_page("pages/About.py").run()
    assert [title.value for title in app.title] == ["About"]
    return app.switch_page("app.py").run()


@contextmanager
def no_free_turn(monkeypatch) -> Iterator[None]:
    """Let other sessions hold all turns, and the user leave the page as soon as it says so."""

    def leave(*_):
        raise StopException

    with monkeypatch.context() as patch, ExitStack() as turns:
        patch.setattr(ui.reading.turns, "POLL_SECONDS", 0.02)
        patch.setattr(ui.reading.turns, "show_ahead", leave)
        for _ in range(READINGS_AT_ONCE):
            turns.enter_context(reading_turns.take(SessionTime()))
        yield


# --- the user opens another page


def test_a_result_is_kept_if_the_user_leaves_the_page_during_the_reading(monkeypatch, run):
    leave_during(monkeypatch, run, "_read_examined")
    app = upload(open_page())
    assert not app.metric
    visit_another_page(app, run)

    assert app.metric
    assert list(session_table(app)["path"]) == ["chest.png"]
    assert run.n_readings == 1


def test_a_file_that_waits_for_its_turn_is_read_when_the_user_returns(monkeypatch, run):
    app = open_page()
    with no_free_turn(monkeypatch):
        upload(app)
    assert not len(session_uploads(app))
    visit_another_page(app, run)

    assert app.metric
    assert list(session_table(app)["path"]) == ["chest.png"]
    assert run.n_readings == 1


def test_an_error_that_nobody_saw_is_shown_when_the_user_returns_and_once_only(monkeypatch, run):
    def fail(*_):
        run.n_readings += 1
        run.is_left = run.n_readings == 1
        raise RuntimeError

    monkeypatch.setattr(ui.reading.actions, "decode", fail)
    app = visit_another_page(upload(open_page()), run)
    (error,) = app.error
    assert error.value.startswith(UNEXPECTED_ERROR.partition("{")[0])
    visit_another_page(app, run)
    assert not app.error
    assert asks_for_an_upload(app)


def test_a_corrected_image_is_kept_if_the_user_leaves_the_page_during_its_reading(monkeypatch, run):
    app = upload(open_page(), content=png(np.rot90(phantom(), 2).round().astype(np.uint8)))
    correction = refused_upload(app).image.admission_result.admission.correction
    leave_during(monkeypatch, run, "_read_examined")
    press(app, button_label(correction))
    visit_another_page(app, run)
    assert read_upload(app).correction == correction


def test_a_file_that_waits_keeps_its_window(monkeypatch, run):
    windows = {"WindowCenter": ["2048", "2560"], "WindowWidth": ["4096", "2880"]}
    app = upload(open_page(), "IM0001", dicom_file((phantom() * 16).astype(np.uint16), BitsStored=12, **windows))
    with no_free_turn(monkeypatch):
        window_select(app).select_index(1).run()
    visit_another_page(app, run)
    assert read_upload(app).file.window == 1


# --- the user chooses another file or none


def refused(upload_id: str) -> RefusedUpload:
    image = ExaminedImage(None, None)  # nothing here looks into it
    return RefusedUpload(FileInfo(upload_id, f"{upload_id}.png"), {}, (), image)


def chosen_file(uploads: SessionUploads, upload_id: str) -> ChosenFile:
    chosen = ChosenFile(FileInfo(upload_id, f"{upload_id}.png"), b"")
    uploads.choose(chosen)
    return chosen


def test_a_file_that_was_removed_during_its_reading_keeps_its_row_and_is_not_shown():
    uploads = SessionUploads()
    removed = chosen_file(uploads, "removed")
    uploads.clear_current()
    uploads.finish(removed, refused("removed"))
    assert uploads.current is None
    assert [(upload.file.name, upload.image) for upload in uploads] == [("removed.png", None)]


def test_a_file_that_was_chosen_during_the_reading_of_another_is_shown_once_it_has_been_read():
    uploads = SessionUploads()
    first, second = chosen_file(uploads, "first"), chosen_file(uploads, "second")
    uploads.finish(first, refused("first"))
    assert (uploads.chosen, uploads.current) == (second, None)
    uploads.finish(second, refused("second"))
    assert [(upload.file.name, bool(upload.image)) for upload in uploads] == [
        ("second.png", True),
        ("first.png", False),
    ]
    assert (uploads.chosen, uploads.current.file.name) == (None, "second.png")


def test_a_late_result_takes_no_image_from_the_screen():
    uploads = SessionUploads()
    first, second = chosen_file(uploads, "first"), chosen_file(uploads, "second")
    uploads.finish(second, refused("second"))
    uploads.finish(first, refused("first"))
    assert uploads.current.file.name == "second.png"
    assert uploads.current.image


def test_a_file_that_was_removed_while_it_waited_is_not_read(monkeypatch):
    uploads = SessionUploads()
    chosen_file(uploads, "removed")
    monkeypatch.setattr(ui.reading.actions, "session_uploads", lambda: uploads)
    monkeypatch.setattr(ui.reading.actions, "_read", lambda *_: pytest.fail("the file was removed"))
    ui.reading.actions.read_chosen_file(None, lambda _: uploads.clear_current())
    assert not len(uploads)


def test_a_refused_image_that_was_read_again_during_its_correction_stays_as_it_is():
    uploads = SessionUploads()
    uploads.finish(chosen_file(uploads, "a"), earlier := refused("a"))
    uploads.finish(chosen_file(uploads, "a"), latest := refused("a"))
    uploads.replace_refused(earlier, refused("a"))
    assert uploads.current is latest
