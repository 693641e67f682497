"""Uploads of a browser session: what is kept, what is dropped, and when a file is read again."""

import gc
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

import ui.reading.actions
import ui.reading.age_control
import ui.resources
import ui.session
from model.codes import Caution, HeatMapWarning, Population
from model.imaging.geometry import WHOLE_IMAGE
from model.inference.decision import Verdict
from model.inference.finding import Finding, HeatMapCheck
from tests.support.pages import (
    INCOMPLETE_RELEASE,
    asks_for_an_upload,
    open_page,
    page_text,
    read_upload,
    session_table,
    session_uploads,
)
from tests.support.pages import upload as upload_file
from tests.support.populations import default_settings
from tests.support.synthetic import phantom_file
from ui.reading.finding_panel import finding_csv
from ui.reading.session_table import rows_csv
from ui.session import ChosenFile, FileInfo, ReadUpload, RefusedUpload, SessionUploads
from ui.settings import SessionSettings

pytestmark = pytest.mark.slow

WARNINGS = (HeatMapWarning.AGREEMENT,)


@pytest.fixture(scope="module")
def settings() -> SessionSettings:
    return default_settings()


def read(settings: SessionSettings, upload_id: str = "a", **changes) -> ReadUpload:
    """Return an upload that was read, with evidence in its heat map."""
    finding = Finding(
        logit=2.0,
        population=Population.CHILDREN,
        probability=0.9,
        prevalence=settings.prevalences[Population.CHILDREN],
        verdict=Verdict.PNEUMONIA,
        operating_point=settings.operating_point(Population.CHILDREN),
        heat_map=np.ones((6, 6), np.float32),
        heat_map_box=WHOLE_IMAGE,
        embedding=np.zeros(4, np.float32),
        model_version=settings.release.version,
    )
    return ReadUpload(FileInfo(upload_id, f"{upload_id}.png"), finding, **changes)


def show(uploads: SessionUploads, upload: ReadUpload | RefusedUpload) -> None:
    """Add an upload as if it had just been read."""
    chosen = ChosenFile(upload.file, b"")
    uploads.choose(chosen)
    uploads.finish(chosen, upload)


# --- on the page


def test_an_upload_is_read_once(monkeypatch):
    decoded = []
    real_decode = ui.reading.actions.decode
    monkeypatch.setattr(ui.reading.actions, "decode", lambda *args: decoded.append(1) or real_decode(*args))
    app = upload_file(open_page()).run().run()
    assert len(decoded) == 1
    upload_file(app)  # the same file, uploaded again
    assert len(decoded) == 2


def test_the_table_that_the_browser_offers_as_csv_computes_nothing_in_a_spreadsheet():
    assert list(session_table(upload_file(open_page(), name="=1+1\u202e.png"))["path"]) == [r"'=1+1\u202e.png"]


def test_an_upload_is_kept_during_a_visit_to_another_page():
    app = upload_file(open_page())
    before = page_text(app)
    app.switch_page("pages/About.py").run()
    assert [title.value for title in app.title] == ["About"]
    app.switch_page("app.py").run()

    assert app.metric
    assert page_text(app) == before
    assert len(session_table(app)) == 1


def test_removing_the_file_removes_its_finding_and_its_image():
    app = upload_file(open_page())
    (uploader,) = app.file_uploader
    uploader.set_value(None).run()
    assert not app.metric
    assert not app.subheader
    assert asks_for_an_upload(app)
    (kept,) = session_uploads(app)
    assert kept.image is None


def test_without_a_release_nothing_is_read_and_no_earlier_finding_is_shown(monkeypatch, tmp_path):
    app = upload_file(open_page())
    monkeypatch.setattr(ui.resources, "RELEASE_DIR", tmp_path)
    upload_file(app, "second.png")

    assert [error.value for error in app.error] == [INCOMPLETE_RELEASE]
    assert not app.metric
    assert [upload.file.name for upload in session_uploads(app)] == ["chest.png"]


def test_the_oldest_rows_are_dropped_first(monkeypatch):
    monkeypatch.setattr(ui.session, "MAX_ROWS", 2)
    app = open_page()
    for name in ("a.png", "b.png", "c.png"):
        upload_file(app, name, b"Dear colleague,")
    assert list(session_table(app)["path"]) == ["c.png", "b.png"]


def test_a_session_keeps_a_preview_of_the_current_upload_and_no_file():
    app = upload_file(open_page(), content=phantom_file(height=1000, width=2000))
    assert read_upload(app).image.preview.pixels.shape == (800, 1600)
    upload_file(app, "next.png")
    current, earlier = session_uploads(app)
    assert current.image
    assert earlier.image is None
    assert not any(isinstance(value, bytes) for upload in (current, earlier) for value in vars(upload).values())


def test_a_session_releases_the_images_of_earlier_uploads():
    app = open_page()
    for height in range(501, 507):
        upload_file(app, content=phantom_file(height=height))
    gc.collect()
    images = [item for item in gc.get_objects() if isinstance(item, ui.session.ExaminedImage)]
    heights = {image.preview.height for image in images if image.preview.height > 500}
    assert heights <= {505, 506}  # Streamlit keeps the arguments of the download buttons of the previous run


# --- uploads of a session


def test_an_age_that_arrives_after_its_upload_left_the_screen_changes_nothing(monkeypatch, settings):
    uploads = SessionUploads()
    monkeypatch.setattr(ui.session.st, "session_state", {"uploads": uploads, "age_first": 9})
    show(uploads, read(settings, "first"))
    uploads.clear_current()
    ui.reading.age_control._keep_age("age_first")
    assert uploads.find("first").file.age_years is None
    show(uploads, read(settings, "second"))
    ui.reading.age_control._keep_age("age_first")
    assert [upload.file.age_years for upload in uploads] == [None, None]
    show(uploads, read(settings, "first"))
    ui.reading.age_control._keep_age("age_first")
    assert uploads.current.file.age_years == 9


def test_rows_and_downloads_show_the_check_once_it_has_ended_even_if_another_upload_is_on_screen(settings):
    uploads = SessionUploads()
    checked = read(settings, "checked")
    show(uploads, checked)
    downloads = (partial(rows_csv, uploads, settings), partial(finding_csv, uploads, checked.file, settings))
    assert all(Caution.EXPLANATION_UNCHECKED in download() for download in downloads)

    show(uploads, RefusedUpload(FileInfo("next", "next.png"), {"path": "next.png", "cautions": []}, ()))
    uploads.set_heat_map_check(checked, HeatMapCheck(WARNINGS))
    assert uploads.rows(settings)[1]["cautions"] == [Caution.EXPLANATION_UNRELIABLE]
    assert Caution.EXPLANATION_UNRELIABLE in downloads[1]()

    uploads.set_heat_map_check(checked, HeatMapCheck(()))
    assert uploads.rows(settings)[1]["cautions"] == []
    assert "explanation" not in downloads[1]()
    assert uploads.current.file.name == "next.png"


def test_a_check_preserves_changes_made_meanwhile(settings):
    uploads = SessionUploads()
    checked = read(settings)
    show(uploads, checked)
    uploads.update(replace(checked, file=replace(checked.file, age_years=9)))
    latest = uploads.set_heat_map_check(checked, HeatMapCheck(WARNINGS))
    assert latest is uploads.current
    assert (latest.file.age_years, latest.heat_map_check.warnings) == (9, WARNINGS)


def test_a_check_of_a_file_that_was_read_again_meanwhile_is_dropped(settings):
    uploads = SessionUploads()
    checked = read(settings)
    show(uploads, checked)
    show(uploads, read(settings))
    uploads.set_heat_map_check(checked, HeatMapCheck(WARNINGS))
    assert uploads.current.heat_map_check.warnings is None


def test_a_download_without_a_finding_raises(settings):
    uploads = SessionUploads()
    show(uploads, RefusedUpload(FileInfo("a", "a.png"), {}, ()))
    for upload_id in ("a", "b"):
        with pytest.raises(LookupError, match="no finding"):
            uploads.finding(upload_id, settings)
