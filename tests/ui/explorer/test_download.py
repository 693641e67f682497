"""Download of labelled images from a page: texts, progress bar, errors."""

import pytest
from streamlit.runtime.scriptrunner_utils.exceptions import StopException
from streamlit.testing.v1 import AppTest

import dataset.download.staging
import ui.explorer.download
from dataset.download.kaggle import PAGE
from dataset.download.samples import sample_names
from model.messages import Message, MessageCode
from model.sentences import render, render_codes
from tests.support.kaggle_server import WHOLE_SET, files_under
from tests.support.pages import page_text, press
from ui.explorer.download import STOPPED_TEXT

pytestmark = pytest.mark.slow

SAMPLES, FULL_SET = "24 sample images from api.kaggle.com", "Complete data set from api.kaggle.com"


def page() -> None:
    import streamlit as st

    from dataset.index import dataset_root
    from ui.explorer.download import download_controls

    if dataset_root().is_dir() and any(dataset_root().iterdir()):
        st.write("Images are available.")
        st.stop()
    download_controls()


@pytest.fixture(autouse=True)
def configured_folder(target, monkeypatch) -> None:
    monkeypatch.setenv("CHEST_XRAY_DIR", str(target))


def open_downloads() -> AppTest:
    app = AppTest.from_function(page, default_timeout=30).run()
    assert not app.exception
    return app


def test_source_size_target_and_licence_are_shown(kaggle, target):
    app = open_downloads()

    assert [button.label for button in app.button] == [SAMPLES, FULL_SET]
    assert "Kermany, Zhang and Goldbaum (2018), which is licensed under CC BY 4.0" in page_text(app)
    samples_caption, full_set_caption = (caption.value for caption in app.caption)
    for caption in (samples_caption, full_set_caption):
        assert "Source: api.kaggle.com, storage.googleapis.com." in caption
        assert caption.endswith("Target: the folder set in `CHEST_XRAY_DIR`.")
        assert str(target) not in caption
    assert "about 6 MB" in samples_caption
    assert "about 2.5 GB" in full_set_caption
    assert kaggle.requests == [], "no request before a click"


def test_without_a_configured_folder_the_default_is_shown(monkeypatch, tmp_path):
    monkeypatch.delenv("CHEST_XRAY_DIR")
    monkeypatch.chdir(tmp_path)
    assert all(
        caption.value.endswith("Target: `data/chest_xray` in the program's folder.")
        for caption in open_downloads().caption
    )


@pytest.mark.usefixtures("kaggle")
def test_samples_are_downloaded_and_the_page_continues(target):
    app = press(open_downloads(), SAMPLES)

    assert page_text(app) == "Images are available."
    assert files_under(target) == sorted([".samples", *sample_names(24)])


@pytest.mark.usefixtures("kaggle")
def test_the_full_set_is_downloaded_and_the_page_continues(target, capfd):
    app = press(open_downloads(), FULL_SET)

    assert page_text(app) == "Images are available."
    assert files_under(target) == WHOLE_SET
    assert capfd.readouterr() == ("", ""), "the server's own output stays clean"


@pytest.mark.usefixtures("kaggle")
def test_the_progress_bar_counts_files(monkeypatch):
    class Bar:
        def progress(self, share: float, text: str) -> None:
            drawn.append((share, text))

    drawn = []
    monkeypatch.setattr(ui.explorer.download.st, "progress", lambda share, text: drawn.append((share, text)) or Bar())
    press(open_downloads(), SAMPLES)

    assert drawn == [(0.0, "Connecting to api.kaggle.com"), *((done / 24, f"{done} of 24 files") for done in range(25))]


@pytest.mark.parametrize("label", [SAMPLES, FULL_SET])
def test_the_buttons_are_disabled_during_a_download(kaggle, monkeypatch, label):
    monkeypatch.setattr(ui.explorer.download, "_download", lambda _: None)  # as if the download were still running
    app = press(open_downloads(), label)
    assert [button.disabled for button in app.button] == [True, True]
    assert kaggle.requests == []


@pytest.mark.parametrize("label", [SAMPLES, FULL_SET])
@pytest.mark.usefixtures("no_network")
def test_without_network_the_page_explains_the_manual_download(target, label):
    app = press(open_downloads(), label)

    params = {"host": "127.0.0.1", "error": "ConnectionError", "page": PAGE}
    assert [error.value for error in app.error] == [render([Message(MessageCode.HOST_UNREACHABLE, params)])]
    assert [button.disabled for button in app.button] == [False, False]
    assert not target.exists()

    app.run()
    assert not app.error, "the error is shown once"


def test_an_error_from_kaggle_is_shown_and_the_button_can_be_pressed_again(kaggle, target):
    kaggle.status = 403
    app = press(open_downloads(), SAMPLES)
    params = {"host": "127.0.0.1", "status": 403, "page": PAGE}
    assert [error.value for error in app.error] == [render([Message(MessageCode.DOWNLOAD_FORBIDDEN, params)])]

    kaggle.status = 302
    press(app, SAMPLES)
    assert target.is_dir()


@pytest.mark.parametrize("label", [SAMPLES, FULL_SET])
def test_a_download_in_another_session_is_reported(kaggle, label):
    with dataset.download.staging._download_lock:
        app = press(open_downloads(), label)
    assert [error.value for error in app.error] == [render_codes([MessageCode.DOWNLOAD_RUNNING])]
    assert kaggle.requests == []


def test_after_the_page_was_left_it_reports_that_the_download_stopped(kaggle, target, monkeypatch):
    class StoppedBar:
        def progress(self, *_) -> None:
            raise StopException

    with monkeypatch.context() as patch:
        patch.setattr(ui.explorer.download.st, "progress", lambda *_: StoppedBar())
        app = press(open_downloads(), SAMPLES)
    assert not target.exists()
    assert not dataset.download.staging._download_lock.locked()

    app.run()
    assert [error.value for error in app.error] == [STOPPED_TEXT]
    assert kaggle.requests == []
