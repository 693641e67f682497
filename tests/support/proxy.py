"""nginx with the project's deploy/nginx.conf, on free ports and with a new certificate."""

import base64
import hashlib
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.browser import ROOT, free_port
from tests.support.waiting import wait_until

LOGIN = ("ann", "correct horse")
_MAIN_CONFIGURATION = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{}}
http {{
    include /etc/nginx/mime.types;
    access_log {folder}/access.log;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/answers;
    fastcgi_temp_path {folder}/unused;
    uwsgi_temp_path {folder}/unused;
    scgi_temp_path {folder}/unused;
    include {folder}/site.conf;
}}
"""


@dataclass(frozen=True)
class Proxy:
    """Running nginx.

    Attributes:
        url: HTTPS URL.
        plain: HTTP URL.
        certificate: Path of the certificate.
        key: Base64 SHA-256 of the public key, which makes Chromium trust the certificate.
        folder: Folder with both logs.
    """

    url: str
    plain: str
    certificate: str
    key: str
    folder: Path

    def logs(self) -> str:
        """Return the content of both logs."""
        return (self.folder / "access.log").read_text() + (self.folder / "error.log").read_text()


def nginx_executable() -> str | None:
    """Return the path of nginx, if any. Also search /usr/sbin, which a user's PATH on Debian often lacks."""
    return shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")


@contextmanager
def start_proxy(server: str, folder: Path) -> Iterator[Proxy]:
    """Run nginx as a reverse proxy with the project's configuration.

    Args:
        server: URL of the server behind nginx.
        folder: Folder for all files that nginx writes.
    """
    certificate, key, users = folder / "reader.pem", folder / "reader.key", folder / "reader.htpasswd"
    number = folder / "reader.known_browsers"
    _make_certificate(certificate, key)
    password_hash = _run("openssl", "passwd", "-apr1", LOGIN[1]).strip()
    users.write_text(f"{LOGIN[0]}:{password_hash}\n")
    number.write_text(f"default {_run('openssl', 'rand', '-hex', '32').strip()};\n")
    plain, secure = free_port(), free_port()
    site = (ROOT / "deploy" / "nginx.conf").read_text()
    for original, replacement in {
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl;": f"listen 127.0.0.1:{secure} ssl;",
        "/etc/ssl/certs/reader.pem": str(certificate),
        "/etc/ssl/private/reader.key": str(key),
        "/etc/nginx/reader.htpasswd": str(users),
        "/etc/nginx/reader.known_browsers": str(number),
        "http://127.0.0.1:8501": server,
    }.items():
        assert original in site
        site = site.replace(original, replacement)
    (folder / "site.conf").write_text(site)
    # If root starts nginx, its workers run as a different user without access to the test's folder.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_MAIN_CONFIGURATION.format(folder=folder, user=user))
    nginx = subprocess.Popen([nginx_executable(), "-c", folder / "nginx.conf"], stderr=subprocess.PIPE)
    try:
        _wait_for_answer(f"http://127.0.0.1:{plain}", nginx)
        yield Proxy(
            f"https://127.0.0.1:{secure}", f"http://127.0.0.1:{plain}", str(certificate), _public_key_hash(key), folder
        )
    finally:
        nginx.terminate()
        nginx.communicate(timeout=10)


def _make_certificate(certificate: Path, key: Path) -> None:
    _run(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
        *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)),
    )


def _public_key_hash(key: Path) -> str:
    """Return the base64 SHA-256 of the public key that belongs to a private key (RFC 7469, section 2.4)."""
    command = ["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"]
    public = subprocess.run(command, check=True, capture_output=True).stdout
    return base64.b64encode(hashlib.sha256(public).digest()).decode()


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _wait_for_answer(url: str, nginx: subprocess.Popen[bytes]) -> None:
    opener = urllib.request.build_opener(_NoRedirect)

    def answers() -> bool:
        assert nginx.poll() is None, nginx.communicate()[1].decode()
        try:
            with opener.open(url):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    wait_until(answers, "nginx has started")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Handler that does not follow redirects."""

    def redirect_request(self, *_: object) -> None:
        """Return None, which makes the redirect itself the response."""
