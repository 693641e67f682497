"""The dataset explorer in Streamlit's AppTest, with and without images."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dataset.download.samples import sample_names
from tests.support import pages
from tests.support.pages import open_page
from tests.support.synthetic import phantom_file
from ui.gallery import ZERO_WIDTH_SPACE

PAGE = "pages/Dataset_explorer.py"


@pytest.fixture
def missing_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Configure data set folders that do not exist."""
    monkeypatch.setenv("CHEST_XRAY_DIR", str(tmp_path / "set"))
    monkeypatch.setenv("ADULT_XRAY_DIR", str(tmp_path / "adults"))
    return tmp_path / "set"


@pytest.fixture
def sample_dataset(missing_dataset: Path) -> Path:
    """Configure a data set folder with phantoms that are named like 24 images in the test split."""
    for name in sample_names(24):
        path = missing_dataset / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(phantom_file("JPEG", 224, 224))
    return missing_dataset


def open_explorer(**query: str | list[str]) -> AppTest:
    """Run the explorer with query parameters in a new session."""
    app = open_page()
    app.switch_page(PAGE)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    assert not app.error
    return app


def press(app: AppTest, label: str) -> AppTest:
    """Press the first button or tile with this label or file name, and run the page. Fail if it shows an error."""
    pages.press(app, next(button.label for button in app.button if _plain(button.label) == label))
    assert not app.error
    return app


def tiles(app: AppTest) -> list[str]:
    """Return the file names, without extension, of the tiles on the page."""
    return [_plain(button.label) for button in app.button if button.help == "Open this image"]


def _plain(label: str) -> str:
    return label.replace(ZERO_WIDTH_SPACE, "")
