"""In a language that puts brackets around each text, no page shows a word outside brackets."""

import json
import re
from collections.abc import Iterator

import pytest
from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from tests.support.browser import ROOT
from tests.support.pages import upload
from tests.support.translated import CLOSING, OPENING, PSEUDO_LANGUAGE, install_pseudo_language

pytestmark = pytest.mark.slow

PAGES = ("app.py", "pages/Dataset_explorer.py", "pages/Model_performance.py", "pages/About.py")
_TEXT_FIELDS = {"label", "body", "help", "placeholder", "text", "options", "caption", "markdown", "default"}
_CHART_TEXTS = {"title", "text"}
_TRANSLATED = re.compile(f"{OPENING}[^{OPENING}{CLOSING}]*{CLOSING}")
_HTML_TEXT = re.compile(r"(?:alt|title|aria-label)=\"([^\"]*)\"")
_HTML = re.compile(r"<style>.*?</style>|<[^>]*>|&\w+;", re.DOTALL)
_ICON = re.compile(r":[a-z]+/\w+:|\(#[a-z-]+\)|:[a-z]+\[|https?://\S+|`[^`]*`")
_FILE_NAME = re.compile(r"\S*\d{4}\S*|person\d+\S*")  # and identifiers of files on the screen
_WORD = re.compile(r"[A-Za-z]{2,}")


@pytest.fixture(autouse=True)
def pseudo_language(tmp_path, monkeypatch):
    install_pseudo_language(tmp_path, monkeypatch)


def _strings(message: Message) -> Iterator[str]:
    """Yield the values of all fields of a message that hold texts."""
    for field, value in message.ListFields():
        for item in value if field.is_repeated else [value]:
            if isinstance(item, Message):
                yield from _strings(item)
            elif isinstance(item, str) and field.name in _TEXT_FIELDS:
                yield item
            elif isinstance(item, str) and field.name == "spec":
                yield from _chart_strings(json.loads(item))


def _chart_strings(spec: object, key: str = "") -> Iterator[str]:
    if isinstance(spec, dict):
        for name, value in spec.items():
            yield from _chart_strings(value, name)
    elif isinstance(spec, list):
        for value in spec:
            yield from _chart_strings(value, key)
    elif isinstance(spec, str) and key in _CHART_TEXTS:
        yield spec


def _untranslated(text: str) -> list[str]:
    """Return the words outside brackets, without HTML, icons, links and code."""
    visible = " ".join([*_HTML_TEXT.findall(text), _HTML.sub(" ", text)])
    while visible != (inner := _TRANSLATED.sub(" ", visible)):
        visible = inner
    return _WORD.findall(_FILE_NAME.sub(" ", _ICON.sub(" ", visible)))


def untranslated_words(app: AppTest) -> dict[str, list[str]]:
    """Return the untranslated words on a page by the text that contains them."""
    texts = [text for element in _elements(app) for text in _strings(element)]
    for table in app.dataframe:
        settings = json.loads(table.proto.columns or "{}")
        texts += [settings.get(name, {}).get("label") or str(name) for name in table.value.columns]
    for table in app.table:
        texts += [str(name) for name in table.value.columns]
    return {text: words for text in texts if (words := _untranslated(text))}


def _elements(app: AppTest) -> Iterator[Message]:
    for element in app._tree:
        proto = getattr(element, "proto", None)
        if proto is not None:
            yield proto


def _open(page: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    app.session_state["language"] = PSEUDO_LANGUAGE
    if page != "app.py":
        app.switch_page(page)
    return app.run()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_no_untranslated_word(page):
    app = _open(page)
    assert not app.exception
    assert untranslated_words(app) == {}


def test_a_finding_shows_no_untranslated_word():
    app = upload(_open("app.py"))
    assert not app.exception
    assert untranslated_words(app) == {}
