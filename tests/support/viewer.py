"""The viewer from tests/support/viewer_page.py in a real browser."""

import io
import re
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from tests.support.browser import IDLE, READY, Server, serve


def decode_grey_png(png: bytes) -> np.ndarray:
    """Decode a grey PNG: uint8 (height, width)."""
    image = Image.open(io.BytesIO(png))
    assert (image.format, image.mode) == ("PNG", "L")
    return np.asarray(image)


@pytest.fixture(scope="session")
def viewer_server(tmp_path_factory) -> Iterator[Server]:
    """Serve the page with the viewer."""
    with serve("tests/support/viewer_page.py", tmp_path_factory.mktemp("server") / "log.txt") as server:
        yield server


@pytest.fixture(name="address")
def viewer_address(viewer_server) -> str:
    return viewer_server.url


@pytest.fixture(name="window", scope="module")
def viewer_window(chromium):
    """Open a browser window. Its tabs share a cache, so Streamlit's scripts are loaded only once."""
    with chromium.new_context(viewport={"width": 1200, "height": 900}) as context:
        yield context


@pytest.fixture(name="tab")
def viewer_tab(window, address):
    """Open the page and wait for the viewer. `tab.sent` lists the sizes of the WebSocket frames sent to the server."""
    tab = window.new_page()
    tab.sent = []
    tab.on("websocket", lambda ws: ws.on("framesent", lambda frame: tab.sent.append(len(frame))))
    tab.goto(address)
    tab.wait_for_selector(READY)
    yield tab
    tab.close()


def press(tab, keys: str) -> None:
    """Focus the image and press keys, which are separated by spaces."""
    tab.locator("canvas.radiograph").focus()
    for key in keys.split():
        tab.keyboard.press(key)


def rerun(tab, control) -> None:
    """Click a control that reruns the page, and wait until the page is drawn."""
    runs = int(tab.get_by_text(re.compile(r"^Run \d+$")).inner_text().split()[1])
    control.click()
    tab.get_by_text(f"Run {runs + 1}", exact=True).wait_for()
    tab.wait_for_selector(IDLE)
    tab.wait_for_selector(READY)


def displayed(tab, name: str) -> str:
    """Return the displayed value of a setting, such as "zoom"."""
    tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return tab.locator(f"output[data-shows={name}]").inner_text()
