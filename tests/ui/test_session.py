"""What a browser session keeps of what it has read, what it lets go, and when it reads again."""

import gc

import ui.resources
import ui.session
from tests.support.pages import INCOMPLETE, no_cache_of_another_test, opened, upload, words  # noqa: F401 (a fixture)
from tests.support.synthetic import phantom_file


def test_the_same_upload_is_read_once(monkeypatch):
    read = []
    real = ui.session.decode
    monkeypatch.setattr(ui.session, "decode", lambda *given: read.append(1) or real(*given))
    app = upload(opened()).run().run()
    assert len(read) == 1
    upload(app)  # the same file chosen again is a new reading
    assert len(read) == 2


def test_a_reading_outlives_a_visit_to_another_page():
    app = upload(opened())
    before = words(app)
    app.switch_page("pages/About.py").run()
    assert app.title[0].value == "About the reader"
    app.switch_page("app.py").run()

    assert app.metric
    assert words(app) == before
    assert len(app.dataframe[0].value) == 1


def test_taking_the_picture_away_takes_the_finding_away():
    app = upload(opened())
    app.file_uploader[0].set_value(None).run()
    assert not app.metric
    assert not app.subheader
    assert app.info[0].value.startswith("Drop a frontal chest radiograph above.")
    assert len(app.session_state["readings"]) == 1


def test_when_the_model_goes_nothing_is_read_and_no_old_finding_stays(monkeypatch, tmp_path):
    app = upload(opened())
    monkeypatch.setattr(ui.resources, "RELEASE_DIR", tmp_path)
    upload(app, "second.png")

    assert [error.value for error in app.error] == [INCOMPLETE]
    assert not app.metric
    assert [reading.name for reading in app.session_state["readings"]] == ["film.png"]


def test_the_oldest_rows_of_a_session_go_first(monkeypatch):
    monkeypatch.setattr(ui.session, "MAX_ROWS", 2)
    app = opened()
    for name in ("a.png", "b.png", "c.png"):
        upload(app, name, b"Dear colleague,")
    assert list(app.dataframe[0].value["path"]) == ["c.png", "b.png"]


def test_a_session_keeps_a_preview_and_not_the_upload():
    app = upload(opened(), content=phantom_file(height=1000, width=2000))
    reading = app.session_state["current_reading"]
    assert reading.preview.pixels.shape == (800, 1600)
    (kept,) = app.session_state["readings"]
    assert kept.preview is None
    assert not any(isinstance(value, bytes) for value in (*vars(reading).values(), *vars(kept).values()))


def test_a_session_lets_go_of_the_films_before():
    app = opened()
    for height in range(501, 507):
        upload(app, content=phantom_file(height=height))
    gc.collect()
    previews = [one.preview for one in gc.get_objects() if isinstance(one, ui.session.UploadResult) and one.preview]
    held = {preview.height for preview in previews if preview.height > 500}
    assert held <= {505, 506}  # Streamlit keeps what its download buttons of the run before were given


def test_an_age_that_comes_when_its_film_is_gone_or_another_is_there_changes_nothing(monkeypatch):
    first, second = ui.session.UploadResult("first", "a.png"), ui.session.UploadResult("second", "b.png")
    state = {"readings": [first], "age_first": 9}
    monkeypatch.setattr(ui.session.st, "session_state", state)
    ui.session._keep_age("age_first")
    state["current_reading"] = second
    ui.session._keep_age("age_first")
    assert state["current_reading"] is second
    state["current_reading"] = first
    ui.session._keep_age("age_first")
    assert state["current_reading"].age == 9
