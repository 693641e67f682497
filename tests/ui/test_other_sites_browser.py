"""What pages of other sites can do with the app, in a real browser."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.browser import IDLE, launch_browser

pytestmark = [pytest.mark.slow, pytest.mark.browser]

_OTHER_HOST = "elsewhere.example"


@contextmanager
def serve_page(html: str) -> Iterator[int]:
    """Serve one page on a free port of 127.0.0.1 and return the port."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@contextmanager
def count_connections() -> Iterator[tuple[int, list[object]]]:
    """Listen on a free port of 127.0.0.1; return the port and a list that receives one entry for each connection."""
    connections: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, address = listener.accept()
                except OSError:  # closed
                    return
                connections.append(address)
                connection.close()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1], connections


def test_no_other_site_can_show_the_app_in_a_frame(server, chromium):
    page = f'<iframe src="{server.url}" onload="document.title = `done`"></iframe>'
    with (
        serve_page(page) as port,
        launch_browser(chromium.browser_type, f"--host-resolver-rules=MAP {_OTHER_HOST} 127.0.0.1") as browser,
    ):
        tab = browser.new_page()
        tab.goto(f"http://{_OTHER_HOST}:{port}")
        tab.wait_for_function("document.title == 'done'")
        (frame,) = tab.main_frame.child_frames
        assert frame.url.startswith("chrome-error:")
        assert frame.locator("[data-testid=stApp]").count() == 0


def test_a_page_that_opens_the_app_in_a_window_gets_no_handle_on_it(server, chromium):
    page = f"<script>function open_app() {{ window.app = window.open('{server.url}'); }}</script>"
    with serve_page(page) as port, chromium.new_context() as context:
        tab = context.new_page()
        tab.goto(f"http://localhost:{port}")
        with context.expect_page() as opened:
            tab.evaluate("open_app()")
        opened.value.wait_for_selector(IDLE, timeout=60_000)  # a busy machine is not a failure
        assert tab.evaluate("window.app.closed")  # to the opener, the window of the app looks closed
        assert opened.value.evaluate("window.opener") is None


def test_no_link_makes_the_browser_contact_another_host(server, chromium):
    """Streamlit's page loads an app from data.streamlit.io, or from the host in its address, if the address says so."""
    with (
        count_connections() as (port, connections),
        launch_browser(
            chromium.browser_type, f"--host-resolver-rules=MAP *.example 127.0.0.1:{port},MAP *.io 127.0.0.1:{port}"
        ) as browser,
    ):
        tab = browser.new_page()
        tab.set_default_timeout(60_000)  # a busy machine is not a failure
        with tab.expect_console_message(lambda message: _is_refusal(message.text, f"{_OTHER_HOST}/1/protos.pb")):
            tab.goto(f"{server.url}/?staticAppId=/{_OTHER_HOST}/1")
        assert connections == []


def _is_refusal(message: str, address: str) -> bool:
    """Return whether the browser reports that the policy forbids a request to an address."""
    return "Content Security Policy" in message and address in message
