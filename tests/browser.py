"""The program as a person has it: Streamlit's server in a process of its own, and Debian's Chromium."""

import base64
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
READY = "[data-testid=radiograph-viewer][data-ready=true]"
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@dataclass(frozen=True)
class Server:
    """A running server; `log` is the file that takes all it prints."""

    url: str
    log: Path


def chromium_executable() -> str | None:
    """Where Chromium is on this machine."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def launched_chromium() -> Iterator:
    """A Playwright browser."""
    from playwright.sync_api import sync_playwright  # starts a process, wanted only by those who browse

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_executable(), args=_ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def served(script: str, log: Path) -> Iterator[Server]:
    """Run a Streamlit script from the project's root on a free port, with the project's own .streamlit/config.toml."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port)]
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait_until_healthy(f"http://127.0.0.1:{port}", server)
        yield Server(f"http://127.0.0.1:{port}", log)
    finally:
        server.terminate()
        server.wait(10)


def pixels_of(tab) -> np.ndarray:
    """The viewer's canvas after the next frame: float64 (height, width, 4), 0-255."""
    width, height, values = tab.evaluate(
        """async () => {
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            const shadow = document.querySelector("[data-testid=stBidiComponentIsolated]").shadowRoot;
            const canvas = shadow.querySelector(".picture");
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let text = "";
            for (let i = 0; i < data.length; i += 8192) text += String.fromCharCode(...data.subarray(i, i + 8192));
            return [canvas.width, canvas.height, btoa(text)];
        }"""
    )
    return np.frombuffer(base64.b64decode(values), np.uint8).reshape(height, width, 4).astype(float)


def _wait_until_healthy(url: str, server: subprocess.Popen) -> None:
    for _ in range(150):
        assert server.poll() is None, "the test's Streamlit server ended"
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health"):  # noqa: S310 (our own server)
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("the test's Streamlit server did not start within 30 s")
