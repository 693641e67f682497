"""A real nginx with the project's own deploy/nginx.conf, on free ports and with a certificate made for the occasion."""

import base64
import hashlib
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.browser import ROOT, free_port

LOGIN = ("ann", "correct horse")
_MAIN = """
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
    """A running nginx.

    url: its TLS address; plain: the other; certificate: a file; key: SHA-256 of the certificate's public key, in
    base64, by which Chromium can be told to trust it; folder: with both its logs.
    """

    url: str
    plain: str
    certificate: str
    key: str
    folder: Path

    def logs(self) -> str:
        """All that nginx has logged."""
        return (self.folder / "access.log").read_text() + (self.folder / "error.log").read_text()


def nginx_executable() -> str | None:
    """Where nginx is; a user's PATH often lacks the folder that Debian puts it in."""
    return shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")


@contextmanager
def proxied(server: str, folder: Path) -> Iterator[Proxy]:
    """Put nginx in front of a server, by the file that the project ships; `folder` takes all that nginx writes."""
    certificate, key, users = folder / "reader.pem", folder / "reader.key", folder / "reader.htpasswd"
    _certify(certificate, key)
    hashed = _run("openssl", "passwd", "-apr1", LOGIN[1]).strip()
    users.write_text(f"{LOGIN[0]}:{hashed}\n")
    plain, secure = free_port(), free_port()
    site = (ROOT / "deploy" / "nginx.conf").read_text()
    for shipped, here in {
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl;": f"listen 127.0.0.1:{secure} ssl;",
        "/etc/ssl/certs/reader.pem": str(certificate),
        "/etc/ssl/private/reader.key": str(key),
        "/etc/nginx/reader.htpasswd": str(users),
        "http://127.0.0.1:8501": server,
    }.items():
        assert shipped in site
        site = site.replace(shipped, here)
    (folder / "site.conf").write_text(site)
    # Started by root, nginx works as another user, who may not look into a test's folder.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_MAIN.format(folder=folder, user=user))
    nginx = subprocess.Popen([nginx_executable(), "-c", folder / "nginx.conf"], stderr=subprocess.PIPE)
    try:
        _wait_until_it_answers(f"http://127.0.0.1:{plain}", nginx)
        yield Proxy(f"https://127.0.0.1:{secure}", f"http://127.0.0.1:{plain}", str(certificate), _hashed(key), folder)
    finally:
        nginx.terminate()
        nginx.communicate(timeout=10)


def _certify(certificate: Path, key: Path) -> None:
    _run(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
        *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)),
    )


def _hashed(key: Path) -> str:
    """SHA-256 of the public half of a private key as certificates hold it (RFC 7469, section 2.4), in base64."""
    command = ["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"]
    public = subprocess.run(command, check=True, capture_output=True).stdout
    return base64.b64encode(hashlib.sha256(public).digest()).decode()


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _wait_until_it_answers(url: str, nginx: subprocess.Popen) -> None:
    opener = urllib.request.build_opener(_Stay)
    for _ in range(100):
        assert nginx.poll() is None, nginx.communicate()[1].decode()
        try:
            with opener.open(url):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("nginx did not start within 10 s")


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect."""

    def redirect_request(self, *_: object) -> None:
        """None: the redirect itself is the answer."""
