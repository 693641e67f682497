"""The viewer in a real browser, and what tests do with it; its page is tests/support/viewer_page.py."""

import io
import re
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from tests.support.browser import IDLE, READY, Server, served


def decoded(png: bytes) -> np.ndarray:
    picture = Image.open(io.BytesIO(png))
    assert (picture.format, picture.mode) == ("PNG", "L")
    return np.asarray(picture)


@pytest.fixture(scope="session")
def viewer_server(tmp_path_factory) -> Iterator[Server]:
    """The viewer's page, served."""
    with served("tests/support/viewer_page.py", tmp_path_factory.mktemp("server") / "log.txt") as server:
        yield server


@pytest.fixture(name="address")
def viewer_address(viewer_server) -> str:
    return viewer_server.url


@pytest.fixture(name="window", scope="module")
def viewer_window(chromium):
    """A browser window; its tabs share the cache, so Streamlit's own scripts are loaded once."""
    with chromium.new_context(viewport={"width": 1200, "height": 900}) as context:
        yield context


@pytest.fixture(name="tab")
def viewer_tab(window, address):
    """An open page with the viewer drawn; `tab.sent` holds the sizes of the WebSocket's frames to the server."""
    tab = window.new_page()
    tab.sent = []
    tab.on("websocket", lambda ws: ws.on("framesent", lambda frame: tab.sent.append(len(frame))))
    tab.goto(address)
    tab.wait_for_selector(READY)
    yield tab
    tab.close()


def press(tab, keys: str) -> None:
    tab.locator(".picture").focus()
    for key in keys.split():
        tab.keyboard.press(key)


def rerun(tab, control) -> None:
    """Click what has the page run anew, and wait until that is drawn."""
    runs = int(tab.get_by_text(re.compile(r"^Run \d+$")).inner_text().split()[1])
    control.click()
    tab.get_by_text(f"Run {runs + 1}", exact=True).wait_for()
    tab.wait_for_selector(IDLE)
    tab.wait_for_selector(READY)


def shown(tab, name: str) -> str:
    tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return tab.locator(f"output[data-shows={name}]").inner_text()
