"""Pages as AppTest shows them, and what tests ask of them."""

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.support.browser import ROOT
from tests.support.synthetic import phantom_file

ADVICE = "Nothing is read with it. Restore the folder model/release from the project, or release the model again."
INCOMPLETE = f"The trained model is incomplete: model.json is missing. {ADVICE}"


@pytest.fixture(autouse=True)
def no_cache_of_another_test():
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


def opened(page: str = "app.py") -> AppTest:
    """A page as a cold start shows it: nothing else has run before in its session."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    if page != "app.py":
        app.switch_page(page)
    return app.run()


def upload(app: AppTest, name: str = "film.png", content: bytes | None = None) -> AppTest:
    return app.file_uploader[0].upload(name, phantom_file() if content is None else content, "image/png").run()


def press(app: AppTest, label: str) -> AppTest:
    """The page after a click on the button of this label."""
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def with_open(app: AppTest, box: str) -> AppTest:
    """The page with one of its boxes open that are drawn only then; `box` is its key."""
    app.session_state[box] = True
    return app.run()


def words(app: AppTest) -> str:
    """All that is written on the page."""
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.info, app.error)
    parts = [element.value for kind in kinds for element in kind]
    return "\n".join([*parts, *(html.proto.body for html in app.get("html"))])
