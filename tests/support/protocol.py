"""A user without a browser: Streamlit's websocket and upload endpoint, spoken as its own page in the browser does.

Cheaper by far than a browser, so that many can come at once; and it can say what no browser would.
"""

import io
import json
import ssl
import uuid
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass, field

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
    """What one run of a page drew. words: all its text, as JSON; rows: of the session's table, newest first."""

    words: str
    rows: list[dict] = field(default_factory=list)


@dataclass(frozen=True)
class Access:
    """How a server is reached: its address, the user's login and the certificate that its TLS shows."""

    url: str
    login: tuple[str, str] | None = None
    certificate: str | None = None


class Visitor:
    """One session, open as long as the block that it is used in."""

    def __init__(self, access: Access, *, origin: str | None = None, patience: float = 180):
        """`origin`: of the page that asks, by default the server's own; `patience`: seconds to wait for one answer."""
        self._access, self._patience = access, patience
        self._origin = origin or access.url
        self._web = requests.Session()
        self._web.trust_env = False  # no proxy of the environment between us and our own server
        self._web.auth, self._web.verify = access.login, access.certificate or True
        # The server drops a connection that was idle for 5 s. A browser then takes a new one; this does each time.
        self._web.headers["Connection"] = "close"
        self._open = ExitStack()
        self.session, self._uploader = "", ""
        self._file: FileURLs | None = None  # uploaded last

    def __enter__(self) -> "Visitor":
        # The page asks this first, and is given the token that each upload must show.
        self.get("_stcore/health").raise_for_status()
        self._socket = self._open.enter_context(self.connect())
        self.page = self._run(BackMsg(rerun_script={"query_string": ""}))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
        self._web.close()

    def get(self, path: str, headers: dict[str, str] | None = None) -> requests.Response:
        """What the server answers to a plain request."""
        return self._web.get(f"{self._access.url}/{path}", headers=headers, timeout=self._patience)

    def post(self, path: str) -> requests.Response:
        """What the server answers to an empty JSON object."""
        return self._web.post(f"{self._access.url}/{path}", json={}, timeout=self._patience)

    def upload(
        self, name: str, content: bytes, token: str | None = None, session: str | None = None
    ) -> requests.Response:
        """Send a file, and nothing more: the server's answer. `token`, `session`: in place of the visitor's own."""
        asked = BackMsg(
            file_urls_request={"request_id": uuid.uuid4().hex, "file_names": [name], "session_id": self.session}
        )
        self._socket.send(asked.SerializeToString())
        while (answer := self._next()).WhichOneof("type") != "file_urls_response":
            pass
        self._file = answer.file_urls_response.file_urls[0]
        address = self._file.upload_url.lstrip("/").replace(self.session, session or self.session)
        return self._web.put(
            f"{self._access.url}/{address}",
            files={"file": (name, io.BytesIO(content), "application/octet-stream")},
            headers={"X-Xsrftoken": self._token if token is None else token},
            timeout=self._patience,
        )

    def say(self, text: str) -> None:
        """Send plain text, which is no message of Streamlit's: the server hangs up."""
        self._socket.send(text)
        with suppress(ConnectionClosed):
            while True:
                self._next()

    def read(self, name: str, content: bytes) -> Page:
        """Upload a file in place of the one before, as a browser does, and have it read: the page as it then stands."""
        before = self._file
        self.upload(name, content).raise_for_status()
        if before:
            self._web.delete(
                f"{self._access.url}/{before.delete_url.lstrip('/')}",
                headers={"X-Xsrftoken": self._token},
                timeout=self._patience,
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
        """The websocket; entering it raises what the server answers instead."""
        secure = self._access.url.startswith("https")
        request = requests.Request("GET", self._access.url, auth=self._access.login)
        login = self._web.prepare_request(request).headers.get("Authorization")
        return connect(
            f"{self._access.url.replace('http', 'ws', 1)}/_stcore/stream",
            origin=self._origin,
            subprotocols=["streamlit", *filter(None, [self._token])],
            additional_headers={
                "Cookie": f"{XSRF_COOKIE}={self._token}",
                **({"Authorization": login} if login else {}),
            },
            ssl=ssl.create_default_context(cafile=self._access.certificate) if secure else None,
            max_size=None,
            proxy=None,
            open_timeout=self._patience,
        )

    @property
    def _token(self) -> str:
        return self._web.cookies.get(XSRF_COOKIE, "")

    def _run(self, message: BackMsg) -> Page:
        """Have the page run, until it has; runs that Streamlit asks for in between included."""
        self._socket.send(message.SerializeToString())
        words: list[dict] = []
        rows: list[dict] = []
        while not _is_last(said := self._next()):
            if said.WhichOneof("type") == "new_session":
                self.session = said.new_session.initialize.session_id or self.session
                words, rows = [], []
            elif said.WhichOneof("type") == "delta":
                element = said.delta.new_element
                kind = element.WhichOneof("type")
                if kind == "file_uploader":
                    self._uploader = element.file_uploader.id
                elif kind == "dataframe":
                    rows = pyarrow.ipc.open_stream(element.dataframe.arrow_data.data).read_all().to_pylist()
                elif kind != "bidi_component":  # the picture
                    words.append(MessageToDict(said.delta))
        return Page(json.dumps(words, ensure_ascii=False), rows)

    def _next(self) -> ForwardMsg:
        return ForwardMsg.FromString(self._socket.recv(timeout=self._patience))


def _is_last(said: ForwardMsg) -> bool:
    """Whether the page is drawn; a run that asks for another ends early, and the other follows."""
    return said.WhichOneof("type") == "script_finished" and said.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
