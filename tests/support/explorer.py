"""The dataset explorer as AppTest shows it, without pictures and with some, and what tests do with it."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dataset.download.samples import sample_names
from tests.support import pages
from tests.support.pages import opened
from tests.support.synthetic import phantom_file

PAGE = "pages/Dataset_explorer.py"


@pytest.fixture(name="empty")
def empty_folder(tmp_path, monkeypatch) -> Path:
    """The folder of the set, which is not there."""
    monkeypatch.setenv("CHEST_XRAY_DIR", str(tmp_path / "set"))
    return tmp_path / "set"


@pytest.fixture(name="some")
def some_pictures(empty) -> Path:
    """Drawn films under the names of 24 pictures of the test split."""
    for name in sample_names(24):
        film = empty / name
        film.parent.mkdir(parents=True, exist_ok=True)
        film.write_bytes(phantom_file("JPEG", 224, 224))
    return empty


def explorer(**address: str | list[str]) -> AppTest:
    app = opened()
    app.switch_page(PAGE)
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    assert not app.error
    return app


def press(app: AppTest, label: str) -> AppTest:
    pages.press(app, label)
    assert not app.error
    return app


def tiles(app: AppTest) -> list[str]:
    """The file names, without their endings, of the tiles on the page."""
    return [button.label for button in app.button if button.help == "Open this picture"]
