"""The program as a person has it: Streamlit's server in a process of its own, and Debian's Chromium."""

import base64
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

ROOT = Path(__file__).parents[2]
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
READY = "[data-testid=radiograph-viewer][data-ready=true]"
MAIN = "document.querySelector('[data-testid=stMain]')"
OVERFLOW = f"Math.max(document.documentElement.scrollWidth - innerWidth, {MAIN}.scrollWidth - {MAIN}.clientWidth)"
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

_LOCAL = re.compile(r"(https?|wss?)://127\.0\.0\.1:\d+/|data:|blob:|about:")
# What a browser notes a 404 of, and rightly so: opened at a page's address, Streamlit looks for its server below that
# address first; and a gallery may be replaced by the next before all of its pictures have been fetched.
_EXPECTED = re.compile(r"http://127\.0\.0\.1:\d+/(\w+/_stcore/(health|host-config)|media/\w+\.jpg)$")


@dataclass(frozen=True)
class Server:
    """A running server; `log` is the file that takes all it prints."""

    url: str
    log: Path
    process: int


def chromium_executable() -> str | None:
    """Where Chromium is on this machine."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def launched_chromium() -> Iterator:
    """A Playwright browser."""
    from playwright.sync_api import expect, sync_playwright  # starts a process, wanted only by those who browse

    expect.set_options(timeout=60_000)  # a busy machine is no failure
    with sync_playwright() as playwright, launched(playwright.chromium) as browser:
        yield browser


@contextmanager
def launched(kind, *arguments: str) -> Iterator:
    """A browser of Playwright's type `kind` (`browser.browser_type` for one more), with further arguments."""
    browser = kind.launch(executable_path=chromium_executable(), args=[*_ARGUMENTS, *arguments])
    yield browser
    browser.close()


@contextmanager
def served(script: str, log: Path, *options: str, within: Sequence[str] = (), **environment: str) -> Iterator[Server]:
    """Run a Streamlit script from the project's root on a free port, with the project's own .streamlit/config.toml.

    options: further ones of `streamlit run`; within: a command that runs the server, with some limit; environment:
    variables beside those of the tests.
    """
    port = free_port()
    command = [*within, sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port), *options]
    # Through a pipe: what may write no file can still say what it has to.
    server = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    writer = threading.Thread(target=_keep, args=(server.stdout, log))
    writer.start()
    try:
        _wait_until_healthy(f"http://127.0.0.1:{port}", server)
        yield Server(f"http://127.0.0.1:{port}", log, server.pid)
    finally:
        server.terminate()
        server.wait(10)
        writer.join()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def watched(context, seen: list[str]):
    """A new tab that notes each request to another computer and each error of the page's own scripts."""
    tab = context.new_page()
    tab.set_default_timeout(60_000)  # a busy machine is no failure
    tab.on("request", lambda request: _LOCAL.match(request.url) or seen.append(request.url))
    tab.on("websocket", lambda socket: _LOCAL.match(socket.url) or seen.append(socket.url))
    tab.on(
        "console",
        lambda said: (
            said.type == "error" and not _expected(said) and seen.append(f"{said.text} {said.location['url']}")
        ),
    )
    tab.on("pageerror", lambda error: seen.append(str(error)))
    return tab


def _expected(said) -> bool:
    """Whether the page may complain of this: Streamlit says it itself, too, of a picture that went before it came."""
    lost = said.text.removeprefix("Client Error: Image source error - ")
    return bool(_EXPECTED.match(said.location["url"]) or _EXPECTED.match(lost))


def choose(tab, file: Path, count: int) -> None:
    """Upload a file, which becomes the session's `count`th row."""
    tab.locator("input[type=file]").set_input_files(file)
    tab.get_by_text(f"Read in this session ({count})").wait_for()
    tab.wait_for_selector(IDLE)  # until then, what the page showed before may stand on it


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


def _keep(said: BinaryIO, log: Path) -> None:
    with said, log.open("wb", buffering=0) as file:
        for line in said:
            file.write(line)


def _wait_until_healthy(url: str, server: subprocess.Popen) -> None:
    for _ in range(150):
        assert server.poll() is None, "the test's Streamlit server ended"
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health"):  # noqa: S310 (our own server)
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError("the test's Streamlit server did not start within 30 s")
