"""Screens are in the language of the session; exported rows are in English."""

import pytest
from streamlit.testing.v1 import AppTest

import ui.resources
from model.inference.finding_rows import to_csv
from model.translation import gettext
from tests.support.browser import ROOT
from tests.support.gates import ShutGate
from tests.support.pages import session_uploads, upload
from tests.support.translated import OPENING, PSEUDO_LANGUAGE, install_pseudo_language
from ui.language import LANGUAGE_KEY, session_language
from ui.reading.refusal_panel import READ_ANYWAY
from ui.viewer.texts import viewer_texts

pytestmark = pytest.mark.slow


@pytest.fixture
def translated_page(tmp_path, monkeypatch) -> AppTest:
    """Return the start page in a language that puts each text in brackets; all images are refused as cropped."""
    install_pseudo_language(tmp_path, monkeypatch)
    monkeypatch.setattr(ui.resources, "AdmissionGate", ShutGate)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    app.session_state[LANGUAGE_KEY] = PSEUDO_LANGUAGE
    return app.run()


def test_without_a_choice_the_language_is_english():
    assert session_language() == "en"


def test_the_viewer_texts_are_translated(tmp_path, monkeypatch):
    install_pseudo_language(tmp_path, monkeypatch)
    monkeypatch.setattr("ui.viewer.texts._", lambda text: gettext(text, PSEUDO_LANGUAGE))
    assert all(text.startswith(OPENING) for text in viewer_texts().values())


def test_an_unreadable_file_is_refused_in_the_language_of_the_session(translated_page):
    app = upload(translated_page, "letter.png", b"Dear colleague,")
    (error,) = app.error
    assert error.value.count(OPENING) > 2
    (table,) = app.dataframe
    (reason,) = table.value["reason"]
    assert reason.startswith(OPENING)
    (refused,) = session_uploads(app)
    assert OPENING not in to_csv([refused.refusal])


def test_a_finding_and_its_refusal_are_in_the_language_of_the_session(translated_page):
    app = upload(translated_page, "chest.png")
    button = gettext(READ_ANYWAY, PSEUDO_LANGUAGE)
    next(control for control in app.button if control.label == button).click().run()

    assert not app.exception
    assert all(OPENING in element.value for element in (*app.error, *app.subheader, *app.caption))
    (table,) = app.dataframe
    (row,) = table.value.to_dict("records")
    assert all(row[name].startswith(OPENING) for name in ("status", "verdict", "reason"))
