"""The offer to fetch pictures, as a page shows it: words before a click, a bar that counts, what went wrong."""

import pytest
from streamlit.runtime.scriptrunner_utils.exceptions import StopException
from streamlit.testing.v1 import AppTest

import dataset.download.staging
import ui.explorer.download
from dataset.download.kaggle import MANUAL_DOWNLOAD_TEXT
from dataset.download.samples import sample_names
from dataset.download.staging import ALREADY_RUNNING_TEXT
from tests.support.kaggle_server import WHOLE_SET, files_under
from tests.support.pages import press, words
from ui.explorer.download import STOPPED_TEXT

SAMPLES, WHOLE = "24 sample pictures", "The whole set"


def page() -> None:
    import streamlit as st

    from dataset.index import dataset_root
    from ui.explorer.download import download_controls

    if dataset_root().is_dir() and any(dataset_root().iterdir()):
        st.write("Pictures are here.")
        st.stop()
    download_controls()


@pytest.fixture(autouse=True)
def configured(target, monkeypatch) -> None:
    monkeypatch.setenv("CHEST_XRAY_DIR", str(target))


def shown() -> AppTest:
    app = AppTest.from_function(page, default_timeout=30).run()
    assert not app.exception
    return app


def test_says_whose_pictures_come_from_where_how_much_and_to_where(kaggle, target):
    app = shown()

    assert [button.label for button in app.button] == [SAMPLES, WHOLE]
    assert "Kermany, Zhang and Goldbaum (2018), licence CC BY 4.0" in words(app)
    samples, whole = (caption.value for caption in app.caption)
    for caption in (samples, whole):
        assert caption.startswith("From api.kaggle.com and storage.googleapis.com, about ")
        assert caption.endswith("Into the folder that `CHEST_XRAY_DIR` names.")
        assert str(target) not in caption
    assert "about 6 MB" in samples
    assert "about 2.5 GB" in whole
    assert kaggle.seen == [], "nothing is asked of anybody before a click"


def test_names_the_default_folder_where_none_is_configured(monkeypatch, tmp_path):
    monkeypatch.delenv("CHEST_XRAY_DIR")
    monkeypatch.chdir(tmp_path)
    assert all(caption.value.endswith("Into `data/chest_xray` in the program's folder.") for caption in shown().caption)


@pytest.mark.usefixtures("kaggle")
def test_samples_are_fetched_and_the_page_goes_on(target):
    app = press(shown(), SAMPLES)

    assert words(app) == "Pictures are here."
    assert files_under(target) == sorted([".samples", *sample_names(24)])


@pytest.mark.usefixtures("kaggle")
def test_the_whole_set_is_fetched_and_the_page_goes_on(target, capfd):
    app = press(shown(), WHOLE)

    assert words(app) == "Pictures are here."
    assert files_under(target) == WHOLE_SET
    assert capfd.readouterr() == ("", ""), "the server's own output stays clean"


@pytest.mark.usefixtures("kaggle")
def test_a_bar_counts_files(monkeypatch):
    class Bar:
        def progress(self, share: float, text: str) -> None:
            drawn.append((share, text))

    drawn = []
    monkeypatch.setattr(ui.explorer.download.st, "progress", lambda share, text: drawn.append((share, text)) or Bar())
    press(shown(), SAMPLES)

    assert drawn == [(0.0, "Asking api.kaggle.com"), *((done / 24, f"{done} of 24 files") for done in range(25))]


@pytest.mark.parametrize("label", [SAMPLES, WHOLE])
def test_the_buttons_are_disabled_while_one_is_running(kaggle, monkeypatch, label):
    monkeypatch.setattr(
        ui.explorer.download, "_download", lambda _: None
    )  # the run as it stands while the download goes on
    app = press(shown(), label)
    assert [button.disabled for button in app.button] == [True, True]
    assert kaggle.seen == []


@pytest.mark.parametrize("label", [SAMPLES, WHOLE])
@pytest.mark.usefixtures("no_network")
def test_without_network_the_page_says_so_and_how_to_do_it_by_hand(target, label):
    app = press(shown(), label)

    assert [error.value for error in app.error] == [
        f"127.0.0.1 cannot be reached (ConnectionError): check network and proxy. {MANUAL_DOWNLOAD_TEXT}"
    ]
    assert [button.disabled for button in app.button] == [False, False]
    assert not target.exists()

    app.run()
    assert not app.error, "said once"


def test_a_refusal_of_kaggle_is_shown_and_pressing_again_helps(kaggle, target):
    kaggle.status = 403
    app = press(shown(), SAMPLES)
    assert app.error[0].value.startswith("127.0.0.1 answered with status 403: it refuses the download from here")

    kaggle.status = 302
    press(app, SAMPLES)
    assert target.is_dir()


@pytest.mark.parametrize("label", [SAMPLES, WHOLE])
def test_a_download_of_another_session_is_told(kaggle, label):
    with dataset.download.staging._running:
        app = press(shown(), label)
    assert [error.value for error in app.error] == [ALREADY_RUNNING_TEXT]
    assert kaggle.seen == []


def test_a_page_that_is_left_meanwhile_says_later_that_the_download_stopped(kaggle, target, monkeypatch):
    class Left:
        def progress(self, *_) -> None:
            raise StopException

    with monkeypatch.context() as patch:
        patch.setattr(ui.explorer.download.st, "progress", lambda *_: Left())
        app = press(shown(), SAMPLES)
    assert not target.exists()
    assert not dataset.download.staging._running.locked()

    app.run()
    assert [error.value for error in app.error] == [STOPPED_TEXT]
    assert kaggle.seen == []
