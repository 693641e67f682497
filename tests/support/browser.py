"""Streamlit's server in a child process, and Chromium."""

import base64
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
READING_MAY_END = "READING_MAY_END"  # environment variable of tests/support/slow_reading.py: path of a file
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
READY = "[data-testid=radiograph-viewer][data-ready=true]"
MAIN = "document.querySelector('[data-testid=stMain]')"
CHART = "[data-testid=stVegaLiteChart] :is(canvas, svg.marks)"  # a table is drawn on a canvas, too
OVERFLOW = f"Math.max(document.documentElement.scrollWidth - innerWidth, {MAIN}.scrollWidth - {MAIN}.clientWidth)"
_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
_CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

_LOCAL = re.compile(r"(https?|wss?)://127\.0\.0\.1:\d+/|data:|blob:|about:")
# Requests that may fail with status 404. When a page is opened by its URL, Streamlit first looks for its server below
# that URL. Also, a gallery may be replaced before all of its images have been fetched.
_EXPECTED_404 = re.compile(r"http://127\.0\.0\.1:\d+/(\w+/_stcore/(health|host-config)|media/\w+\.jpg)$")


@dataclass(frozen=True)
class Server:
    """Running server.

    Attributes:
        url: URL of the server.
        log: File with everything that the server prints.
        process: Process identifier of the server.
    """

    url: str
    log: Path
    process: int


def chromium_executable() -> str | None:
    """Return the path of Chromium on this machine; None if there is none."""
    return next(filter(None, map(shutil.which, _CHROMIUM_NAMES)), None)


@contextmanager
def launch_chromium() -> Iterator[Any]:
    """Launch a Playwright browser."""
    from playwright.sync_api import expect, sync_playwright  # starts a process: only if a test needs it

    expect.set_options(timeout=60_000)  # a busy machine is not a failure
    with sync_playwright() as playwright, launch_browser(playwright.chromium) as browser:
        yield browser


@contextmanager
def launch_browser(browser_type: Any, *arguments: str) -> Iterator[Any]:
    """Launch a browser of a Playwright browser type, such as `browser.browser_type`, with extra arguments."""
    browser = browser_type.launch(executable_path=chromium_executable(), args=[*_CHROMIUM_ARGUMENTS, *arguments])
    yield browser
    browser.close()


@contextmanager
def serve(
    script: str,
    log: Path,
    *options: str,
    command_prefix: Sequence[str] = (),
    port: int | None = None,
    **environment: str,
) -> Iterator[Server]:
    """Run a Streamlit script in the project's root, with the project's .streamlit/config.toml.

    Args:
        script: Path of the script, relative to the root.
        log: File for the output of the server.
        options: Additional options for `streamlit run`.
        command_prefix: Command that runs the server under a limit (see tests/support/isolation.py).
        port: Port on 127.0.0.1; by default, one that is free.
        environment: Additional environment variables.
    """
    port = port or free_port()
    command = [*command_prefix, sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port), *options]
    # The output goes through a pipe, so that a server that may not write files can still print.
    server = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    writer = threading.Thread(target=_write_log, args=(server.stdout, log))
    writer.start()
    try:
        _wait_until_healthy(f"http://127.0.0.1:{port}", server)
        yield Server(f"http://127.0.0.1:{port}", log, server.pid)
    finally:
        server.terminate()
        server.wait(10)
        writer.join()


def free_port() -> int:
    """Return a port on 127.0.0.1 that is not in use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def open_watched_tab(context: Any, problems: list[str]) -> Any:
    """Open a tab that adds requests to other computers and errors in the page's scripts to `problems`."""
    tab = context.new_page()
    tab.set_default_timeout(60_000)  # a busy machine is not a failure
    tab.on("request", lambda request: _LOCAL.match(request.url) or problems.append(request.url))
    tab.on("websocket", lambda socket: _LOCAL.match(socket.url) or problems.append(socket.url))
    tab.on(
        "console",
        lambda message: (
            message.type == "error"
            and not _is_expected(message)
            and problems.append(f"{message.text} {message.location['url']}")
        ),
    )
    tab.on("pageerror", lambda error: problems.append(str(error)))
    return tab


def _is_expected(message: Any) -> bool:
    """Return whether the page may report this error. Streamlit itself reports images that were removed too early."""
    lost_url = message.text.removeprefix("Client Error: Image source error - ")
    return bool(_EXPECTED_404.match(message.location["url"]) or _EXPECTED_404.match(lost_url))


def upload_file(tab: Any, file: Path, count: int) -> None:
    """Upload a file and wait until the session has `count` rows."""
    from ui.reading.session_table import TABLE_TITLE  # loads the runtime: only if a test uploads

    tab.locator("input[type=file]").set_input_files(file)
    tab.get_by_text(TABLE_TITLE.format(count=count)).wait_for()
    tab.wait_for_selector(IDLE)  # until then, the page may show its earlier content


def pixels_of(tab: Any) -> np.ndarray:
    """Return the viewer's canvas after the next frame: float64 (height, width, 4), 0-255."""
    width, height, values = tab.evaluate(
        """async () => {
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            const components = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")];
            const canvases = components.map(({ shadowRoot }) => shadowRoot.querySelector("canvas.radiograph"));
            const canvas = canvases.find(Boolean);
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let text = "";
            for (let i = 0; i < data.length; i += 8192) text += String.fromCharCode(...data.subarray(i, i + 8192));
            return [canvas.width, canvas.height, btoa(text)];
        }"""
    )
    return np.frombuffer(base64.b64decode(values), np.uint8).reshape(height, width, 4).astype(float)


def _write_log(output: BinaryIO, log: Path) -> None:
    with output, log.open("wb", buffering=0) as file:
        for line in output:
            file.write(line)


def _wait_until_healthy(url: str, server: subprocess.Popen[bytes]) -> None:
    def healthy() -> bool:
        assert server.poll() is None, "the test's Streamlit server ended"
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health"):  # noqa: S310 (our own server)
                return True
        except OSError:
            return False

    wait_until(healthy, "the test's Streamlit server has started")
