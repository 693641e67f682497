"""Visitor without a browser, which uses Streamlit's WebSocket and upload endpoint as the page in a browser does.

A visitor needs far less memory and time than a browser, so a test can have many. It can also send requests that no
browser sends.
"""

import io
import json
import ssl
import uuid
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, Self

import pyarrow
import requests
from google.protobuf.json_format import MessageToDict
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

XSRF_COOKIE = "_streamlit_xsrf"


@dataclass(frozen=True)
class Page:
    """Result of one run of a page.

    Attributes:
        text: All text on the page, as JSON.
        rows: Rows of the session table, newest first.
    """

    text: str
    rows: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Access:
    """Access to a server.

    Attributes:
        url: URL of the server.
        login: User name and password.
        certificate: File with the certificate of the server.
    """

    url: str
    login: tuple[str, str] | None = None
    certificate: str | None = None


class Visitor:
    """One session, which is open inside a `with` block."""

    def __init__(
        self, access: Access, *, origin: str | None = None, timeout_seconds: float = 180, runs_page: bool = True
    ):
        """Prepare a session.

        Args:
            access: Access to the server.
            origin: Origin of the page; by default, the server itself.
            timeout_seconds: Time limit for one answer.
            runs_page: Run the page at the start. Otherwise only connect, like a tab that was left open while the server
                restarted.
        """
        self._access, self._timeout_seconds, self._runs_page = access, timeout_seconds, runs_page
        self._origin = origin or access.url
        self._web = requests.Session()
        self._web.trust_env = False  # never use the environment's proxy for the local server
        self._web.auth, self._web.verify = access.login, access.certificate or True
        # The server drops a connection that has been idle for 5 s. A browser then reconnects; this class always does.
        self._web.headers["Connection"] = "close"
        self._exit_stack = ExitStack()
        self.session, self._uploader = "", ""
        self._downloads: dict[str, str] = {}  # label of the button -> identifier of the download
        self._file: FileURLs | None = None  # the latest upload

    def __enter__(self) -> Self:
        # The page sends this request first. The answer contains the token that each upload must include.
        self.get("_stcore/health").raise_for_status()
        self._socket = self._exit_stack.enter_context(self.connect())
        if self._runs_page:
            self.page = self._run(BackMsg(rerun_script={"query_string": ""}))
        return self

    def __exit__(self, *_: object) -> None:
        self._exit_stack.close()
        self._web.close()

    def get(self, path: str, headers: dict[str, str] | None = None) -> requests.Response:
        """Send a plain GET request."""
        return self._web.get(f"{self._access.url}/{path}", headers=headers, timeout=self._timeout_seconds)

    def post(self, path: str) -> requests.Response:
        """Send an empty JSON object."""
        return self._web.post(f"{self._access.url}/{path}", json={}, timeout=self._timeout_seconds)

    def upload(
        self, name: str, content: bytes, token: str | None = None, session: str | None = None
    ) -> requests.Response:
        """Send a file without running the page.

        Args:
            name: File name.
            content: The file.
            token: Token to send instead of this session's token.
            session: Session to upload to instead of this one.
        """
        request = BackMsg(
            file_urls_request={"request_id": uuid.uuid4().hex, "file_names": [name], "session_id": self.session}
        )
        self._socket.send(request.SerializeToString())
        while (answer := self._next()).WhichOneof("type") != "file_urls_response":
            pass
        self._file = answer.file_urls_response.file_urls[0]
        path = self._file.upload_url.lstrip("/").replace(self.session, session or self.session)
        return self._web.put(
            f"{self._access.url}/{path}",
            files={"file": (name, io.BytesIO(content), "application/octet-stream")},
            headers={"X-Xsrftoken": self._token if token is None else token},
            timeout=self._timeout_seconds,
        )

    def create_download(self, label: str) -> str:
        """Press a download button and return the path of the file."""
        request = {
            "request_id": uuid.uuid4().hex,
            "session_id": self.session,
            "deferred_file": {"file_id": self._downloads[label]},
        }
        self._socket.send(BackMsg(backend_operation_request=request).SerializeToString())
        while (answer := self._next()).WhichOneof("type") != "backend_operation_response":
            pass
        return answer.backend_operation_response.deferred_file.url.lstrip("/")

    def send_text(self, text: str) -> None:
        """Send plain text, which is not a Streamlit message, and wait until the server closes the connection."""
        self._socket.send(text)
        with suppress(ConnectionClosed):
            while True:
                self._next()

    def read(self, name: str, content: bytes) -> Page:
        """Upload a file that replaces the earlier one, as a browser does, and run the page."""
        earlier = self._file
        self.upload(name, content).raise_for_status()
        if earlier:
            self._web.delete(
                f"{self._access.url}/{earlier.delete_url.lstrip('/')}",
                headers={"X-Xsrftoken": self._token},
                timeout=self._timeout_seconds,
            ).raise_for_status()
        state = {
            "id": self._uploader,
            "file_uploader_state_value": {
                "uploaded_file_info": [
                    {"name": name, "size": len(content), "file_id": self._file.file_id, "file_urls": self._file}
                ]
            },
        }
        self.page = self._run(BackMsg(rerun_script={"widget_states": {"widgets": [state]}}))
        return self.page

    def connect(self) -> AbstractContextManager[ClientConnection]:
        """Return the WebSocket connection. Entering it raises an exception if the server refuses the connection."""
        secure = self._access.url.startswith("https")
        request = requests.Request("GET", self._access.url, auth=self._access.login)
        login = self._web.prepare_request(request).headers.get("Authorization")
        return connect(
            f"{self._access.url.replace('http', 'ws', 1)}/_stcore/stream",
            origin=self._origin,
            subprotocols=["streamlit", *filter(None, [self._token])],
            additional_headers={
                "Cookie": "; ".join(f"{name}={value}" for name, value in self._web.cookies.items()),
                **({"Authorization": login} if login else {}),
            },
            ssl=ssl.create_default_context(cafile=self._access.certificate) if secure else None,
            max_size=None,
            proxy=None,
            open_timeout=self._timeout_seconds,
        )

    @property
    def _token(self) -> str:
        return self._web.cookies.get(XSRF_COOKIE, "")

    def _run(self, message: BackMsg) -> Page:
        """Run the page until it has finished, including any other runs that Streamlit requests."""
        self._socket.send(message.SerializeToString())
        texts: list[dict[str, Any]] = []
        rows: list[dict[str, Any]] = []
        while not _is_last(answer := self._next()):
            if answer.WhichOneof("type") == "new_session":
                self.session = answer.new_session.initialize.session_id or self.session
                texts, rows = [], []
            elif answer.WhichOneof("type") == "delta":
                element = answer.delta.new_element
                kind = element.WhichOneof("type")
                if kind == "file_uploader":
                    self._uploader = element.file_uploader.id
                elif kind == "download_button":
                    self._downloads[element.download_button.label] = element.download_button.deferred_file_id
                elif kind == "dataframe":
                    rows = pyarrow.ipc.open_stream(element.dataframe.arrow_data.data).read_all().to_pylist()
                elif kind != "bidi_component":  # the image
                    texts.append(MessageToDict(answer.delta))
        return Page(json.dumps(texts, ensure_ascii=False), rows)

    def _next(self) -> ForwardMsg:
        return ForwardMsg.FromString(self._socket.recv(timeout=self._timeout_seconds))


def _is_last(answer: ForwardMsg) -> bool:
    """Return whether the page is complete. A run that requests another one ends early, and the other one follows."""
    return (
        answer.WhichOneof("type") == "script_finished" and answer.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
    )
