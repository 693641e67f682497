"""Pages in Streamlit's AppTest, and what tests do with them."""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.support.browser import ROOT
from tests.support.synthetic import phantom_file
from ui.session import ReadUpload, RefusedUpload, SessionUploads

RESTORE_RELEASE = (
    "Nothing is read with it. Restore the folder model/release from the project, or release the model again."
)
INCOMPLETE_RELEASE = f"The trained model is incomplete: SHA256SUMS is missing. {RESTORE_RELEASE}"


@pytest.fixture(autouse=True)
def clear_streamlit_caches() -> Iterator[None]:
    """Keep Streamlit's caches from one test to the next empty."""
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


def open_page(page: str = "app.py") -> AppTest:
    """Run a page in a new session."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
    if page != "app.py":
        app.switch_page(page)
    return app.run()


def upload(app: AppTest, name: str = "film.png", content: bytes | None = None) -> AppTest:
    """Upload a file, by default a phantom, and run the page."""
    (uploader,) = app.file_uploader
    return uploader.upload(name, phantom_file() if content is None else content, "image/png").run()


def by_label(widgets: Sequence[Any], label: str) -> Any:
    """Return the widget of this label."""
    (widget,) = [widget for widget in widgets if widget.label == label]
    return widget


def press(app: AppTest, label: str) -> AppTest:
    """Press the first button of this label and run the page."""
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def open_expander(app: AppTest, key: str) -> AppTest:
    """Open an expander that draws its content only then, and run the page."""
    app.session_state[key] = True
    return app.run()


def page_text(app: AppTest) -> str:
    """Return all text of the page."""
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.info, app.error)
    texts = [element.value for kind in kinds for element in kind]
    return "\n".join([*texts, *(html.proto.body for html in app.get("html"))])


def age_input(app: AppTest) -> Any:
    """Return the control of the patient's age."""
    return by_label(app.number_input, "Age of the patient in full years, where known")


def window_select(app: AppTest) -> Any:
    """Return the control of the DICOM window."""
    return by_label(app.selectbox, "Window of the file")


def session_uploads(app: AppTest) -> SessionUploads:
    """Return what the session keeps."""
    return app.session_state["uploads"]


def read_upload(app: AppTest) -> ReadUpload:
    """Return the upload on screen, which was read."""
    current = session_uploads(app).current
    assert isinstance(current, ReadUpload)
    return current


def refused_upload(app: AppTest) -> RefusedUpload:
    """Return the upload on screen, which was refused."""
    current = session_uploads(app).current
    assert isinstance(current, RefusedUpload)
    return current


def session_table(app: AppTest) -> pd.DataFrame:
    """Return the session table as it is drawn."""
    (expander,) = [expander for expander in app.expander if expander.label.startswith("Read in this session")]
    (table,) = expander.dataframe
    return table.value
