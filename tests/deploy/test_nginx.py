"""Deployment behind nginx as in docs/deployment.md: 401 without the password, the complete app with it."""

import socket
import ssl
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import expect
from websockets.exceptions import InvalidStatus

from model.limits import MAX_BYTES
from tests.support.browser import CHART, IDLE, READY, launch_browser, open_watched_tab
from tests.support.protocol import XSRF_COOKIE, Access, Visitor
from tests.support.proxy import LOGIN, start_proxy
from tests.support.synthetic import phantom_file
from ui.reading.finding_panel import DOWNLOAD_HEAT_MAP


@pytest.fixture(scope="module")
def proxy(server, tmp_path_factory):
    with start_proxy(server.url, tmp_path_factory.mktemp("nginx")) as proxy:
        yield proxy


def send_request(proxy, method: str, path: str, **options: object) -> requests.Response:
    return requests.request(
        method, f"{proxy.url}{path}", verify=proxy.certificate, allow_redirects=False, timeout=30, **options
    )


@pytest.mark.nginx
@pytest.mark.parametrize("login", [None, (LOGIN[0], "wrong"), ("bob", LOGIN[1]), ("", "")])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/About"),
        ("HEAD", "/"),
        ("OPTIONS", "/_stcore/upload_file/a/b"),
        ("GET", "/_stcore/health"),
        ("GET", "/_stcore/host-config"),
        ("GET", "/_stcore/metrics"),
        ("GET", "/_stcore/stream"),
        ("PUT", "/_stcore/upload_file/a/b"),
        ("DELETE", "/_stcore/upload_file/a/b"),
        ("GET", "/media/a.png"),
        ("GET", "/static/js/index.js"),
        ("GET", "//_stcore/../_stcore/health"),
        ("GET", "/%5fstcore/health"),
        ("POST", "/_stcore/agent/interact"),
    ],
)
def test_without_the_password_every_request_gets_401(proxy, method, path, login):
    response = send_request(proxy, method, path, auth=login)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Basic realm="Chest X-ray reader"'
    assert "set-cookie" not in response.headers
    assert "Streamlit" not in response.text


@pytest.mark.nginx
@pytest.mark.parametrize("login", [None, (LOGIN[0], "wrong")])
def test_without_the_password_no_websocket_can_be_opened(proxy, login):
    visitor = Visitor(Access(proxy.url, login, proxy.certificate))
    with pytest.raises(InvalidStatus, match="HTTP 401"), visitor.connect():
        pass


@pytest.mark.nginx
def test_without_tls_every_request_is_redirected_to_https(proxy):
    for path in ("/", "/_stcore/health", "/_stcore/stream"):
        response = requests.get(proxy.plain + path, auth=LOGIN, allow_redirects=False, timeout=30)
        assert response.status_code == 301
        assert response.headers["Location"] == f"https://reader.example.org{path}"


@pytest.mark.nginx
def test_with_the_password_images_are_read_and_nginx_does_not_store_them(proxy):
    image = phantom_file(height=300, width=400)
    large_image = image + bytes(MAX_BYTES - 2**20 - len(image))  # far larger than the buffers of nginx
    with Visitor(Access(proxy.url, LOGIN, proxy.certificate)) as visitor:
        assert visitor.read("Doe_Ann.png", image).rows[0]["status"] == "read"
        assert visitor.read("Doe_Bea.png", large_image).rows[0]["path"] == "Doe_Bea.png"
        too_large = visitor.upload("Doe_Cleo.png", bytes(MAX_BYTES + 2**21))
    assert too_large.status_code == 413
    logs = proxy.logs()
    assert "buffered to a temporary file" not in logs
    assert not [path for name in ("bodies", "answers") for path in (proxy.folder / name).rglob("*") if path.is_file()]
    assert "Doe" not in logs


@pytest.mark.nginx
def test_page_of_a_different_site_cannot_connect_even_with_the_password(proxy):
    visitor = Visitor(Access(proxy.url, LOGIN, proxy.certificate), origin="https://elsewhere.example")
    with pytest.raises(InvalidStatus, match="HTTP 403"), visitor.connect():
        pass


@pytest.mark.nginx
def test_response_headers_restrict_the_browser_to_this_site_and_to_tls(proxy):
    page, media = send_request(proxy, "GET", "/", auth=LOGIN), send_request(proxy, "GET", "/media/a.png", auth=LOGIN)
    assert page.status_code == 200
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert media.headers["Cache-Control"] == "no-store"


@pytest.mark.nginx
def test_every_cookie_is_sent_over_tls_only(proxy):
    response = send_request(proxy, "GET", "/_stcore/health", auth=LOGIN)
    cookies = response.raw.headers.getlist("Set-Cookie")
    assert sorted(cookie.split("=")[0] for cookie in cookies) == [XSRF_COOKIE, "reader_known_browser"]
    assert all("secure" in cookie.lower().split("; ") for cookie in cookies)


@pytest.mark.nginx
@pytest.mark.parametrize(
    ("cipher", "accepted"), [("ECDHE-RSA-AES128-GCM-SHA256", True), ("AES128-GCM-SHA256", False), ("AES256-SHA", False)]
)
def test_only_ciphers_with_forward_secrecy_are_accepted(proxy, cipher, accepted):
    context = ssl.create_default_context(cafile=proxy.certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{cipher}:@SECLEVEL=0")
    address = urlsplit(proxy.url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        if accepted:
            with context.wrap_socket(connection, server_hostname=address.hostname) as secured:
                assert secured.cipher()[0] == cipher
        else:
            with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
                context.wrap_socket(connection, server_hostname=address.hostname)


@pytest.fixture
def plain_proxy(tmp_path):
    """Start nginx in front of a server that answers 204; `received` holds the headers of its requests."""
    received = []

    class RecordHeaders(BaseHTTPRequestHandler):
        def do_GET(self):
            received.append(dict(self.headers))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), RecordHeaders) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        with start_proxy(f"http://127.0.0.1:{server.server_port}", tmp_path) as proxy:
            yield proxy, received
        server.shutdown()


@pytest.mark.nginx
def test_the_password_is_not_passed_to_the_app(plain_proxy):
    proxy, received = plain_proxy
    assert send_request(proxy, "GET", "/", auth=LOGIN).status_code == 204
    (headers,) = received
    assert "authorization" not in {name.lower() for name in headers}


@pytest.mark.nginx
def test_ten_new_browsers_behind_one_address_are_served_at_once(plain_proxy):
    proxy, _ = plain_proxy

    def visit(_: int) -> Counter[int]:
        """Send the requests that a browser without a cache sends: 94 for the page, then a gallery of 24 images."""
        dynamic = ["/_stcore/health", "/_stcore/host-config", "/_stcore/stream", "/favicon.png"]
        paths = [
            *dynamic,
            *[f"/static/js/{name}.js" for name in range(90)],
            *[f"/media/{name}.png" for name in range(24)],
        ]
        with requests.Session() as browser:
            browser.trust_env, browser.verify = False, proxy.certificate
            assert browser.get(proxy.url, timeout=60).status_code == 401
            browser.auth = LOGIN
            assert browser.get(proxy.url, timeout=60).status_code == 204
            return Counter(browser.get(f"{proxy.url}{path}", timeout=60).status_code for path in paths)

    with ThreadPoolExecutor(10) as pool:
        statuses = sum(pool.map(visit, range(10)), Counter())
    assert statuses == {204: 10 * 118}


@pytest.mark.nginx
def test_guessing_passwords_is_limited_and_does_not_lock_out_a_known_browser(plain_proxy):
    proxy, _ = plain_proxy
    known = send_request(proxy, "GET", "/", auth=LOGIN).cookies.get_dict()
    forged = {name: "0" * len(number) for name, number in known.items()}
    start = time.monotonic()
    statuses = [
        send_request(proxy, "GET", path, auth=(LOGIN[0], str(number)), cookies=cookies).status_code
        for number, (path, cookies) in enumerate([("/", {}), ("/static/js/index.js", {}), ("/", forged)] * 40)
    ]
    assert set(statuses) == {401, 429}
    assert statuses.count(401) <= 61 + (time.monotonic() - start) / 5  # 60 after the first, then one every 5 s
    assert send_request(proxy, "GET", "/", auth=LOGIN).status_code == 429
    assert send_request(proxy, "GET", "/", auth=LOGIN, cookies=known).status_code == 204
    assert send_request(proxy, "GET", "/", auth=(LOGIN[0], "wrong"), cookies=known).status_code == 401


@pytest.mark.nginx
@pytest.mark.browser
def test_app_behind_nginx_works_in_a_browser_without_policy_violations(chromium, proxy, tmp_path):
    (tmp_path / "Doe_Ann.png").write_bytes(phantom_file())
    problems: list[str] = []
    login = {"username": LOGIN[0], "password": LOGIN[1]}
    # The browser trusts this certificate. If it ignored certificate errors instead, it would open each connection
    # twice, which has failed on a busy machine (ERR_TOO_MANY_RETRIES).
    trust_certificate = f"--ignore-certificate-errors-spki-list={proxy.key}"
    with (
        launch_browser(chromium.browser_type, trust_certificate) as browser,
        browser.new_context(http_credentials=login) as context,
    ):
        tab = open_watched_tab(context, problems)
        tab.goto(proxy.url)
        tab.get_by_test_id("stFileUploader").wait_for()
        tab.wait_for_selector(IDLE)
        tab.locator("input[type=file]").set_input_files(tmp_path / "Doe_Ann.png")
        tab.wait_for_selector(READY)
        with tab.expect_download() as download:
            tab.get_by_role("button", name=DOWNLOAD_HEAT_MAP).press("Enter")
        assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
        tab.get_by_role("link", name="Model performance").click()
        expect(tab.locator(CHART)).to_have_count(9)
    assert problems == []
    assert "Doe" not in proxy.logs()
