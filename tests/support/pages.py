"""Pages in Streamlit's AppTest, and what tests do with them."""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import ui.explorer.image_detail
import ui.reading.heatmap_check
from model.messages import Message, MessageCode
from model.sentences import render
from tests.support.browser import ROOT
from tests.support.synthetic import phantom_file
from ui.reading.age_control import AGE_LABEL
from ui.reading.dicom_panel import WINDOW_LABEL
from ui.reading.session_table import TABLE_TITLE
from ui.session import ReadUpload, RefusedUpload, SessionUploads

INCOMPLETE_RELEASE = render([Message(MessageCode.RELEASE_FILE_MISSING, {"file": "SHA256SUMS"})])


@pytest.fixture(autouse=True)
def clear_streamlit_caches() -> Iterator[None]:
    """Empty Streamlit's caches before and after each test."""
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture(autouse=True)
def stub_heat_map_check(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every heat map pass without its check, which takes a second, unless the test is marked `heat_map_check`."""
    if request.node.get_closest_marker("heat_map_check") is None:
        for module in (ui.reading.heatmap_check, ui.explorer.image_detail):
            monkeypatch.setattr(module, "reliability_warnings", lambda *_: ())


def open_page(page: str = "app.py") -> AppTest:
    """Run a page in a new session."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    if page != "app.py":
        app.switch_page(page)
    return app.run()


def upload(app: AppTest, name: str = "chest.png", content: bytes | None = None) -> AppTest:
    """Upload a file, by default a phantom, and run the page."""
    (uploader,) = app.file_uploader
    return uploader.upload(name, phantom_file() if content is None else content, "image/png").run()


def by_label(widgets: Sequence[Any], label: str) -> Any:
    """Return the widget with this label."""
    (widget,) = [widget for widget in widgets if widget.label == label]
    return widget


def press(app: AppTest, label: str) -> AppTest:
    """Press the first button with this label and run the page."""
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def open_expander(app: AppTest, key: str) -> AppTest:
    """Open an expander that draws its content only when open, and run the page."""
    app.session_state[key] = True
    return app.run()


def page_text(app: AppTest) -> str:
    """Return all text on the page."""
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.info, app.error)
    texts = [element.value for kind in kinds for element in kind]
    return "\n".join([*texts, *(html.proto.body for html in app.get("html"))])


def notice(app: AppTest) -> str:
    """Return the HTML of the notice, which is on every page."""
    (body,) = [html.proto.body for html in app.get("html") if "reader-notice" in html.proto.body]
    return body


def viewers(app: AppTest) -> list[Any]:
    """Return the radiograph viewers on the page."""
    return [part for part in app.get("bidi_component") if part.proto.component_name.endswith("radiograph_viewer")]


def asks_for_an_upload(app: AppTest) -> bool:
    """Return whether the start page says what to do, which it does without an upload."""
    return any(info.value.startswith("Upload a frontal chest X-ray") for info in app.info)


def age_input(app: AppTest) -> Any:
    """Return the control for the patient's age."""
    return by_label(app.number_input, AGE_LABEL)


def window_select(app: AppTest) -> Any:
    """Return the control for the DICOM window."""
    return by_label(app.selectbox, WINDOW_LABEL)


def session_uploads(app: AppTest) -> SessionUploads:
    """Return the uploads in the session."""
    return app.session_state["uploads"]


def read_upload(app: AppTest) -> ReadUpload:
    """Return the upload on screen, which must have been read."""
    current = session_uploads(app).current
    assert isinstance(current, ReadUpload)
    return current


def refused_upload(app: AppTest) -> RefusedUpload:
    """Return the upload on screen, which must have been refused."""
    current = session_uploads(app).current
    assert isinstance(current, RefusedUpload)
    return current


def session_table(app: AppTest) -> pd.DataFrame:
    """Return the session table as it is drawn."""
    title = TABLE_TITLE.format(count=len(session_uploads(app)))
    (expander,) = [expander for expander in app.expander if expander.label == title]
    (table,) = expander.dataframe
    return table.value
