"""The headers that the middleware of serve.py adds to responses."""

import asyncio

import pytest
from starlette.responses import PlainTextResponse

from ui.security_headers import SECURITY_HEADERS, SecurityHeaders


def headers_of(response) -> dict[str, str]:
    """Return the headers of a response behind the middleware."""
    messages = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message) -> None:
        messages.append(message)

    asyncio.run(SecurityHeaders(response)({"type": "http", "method": "GET", "path": "/"}, receive, send))
    pairs = [(name.decode(), value.decode()) for name, value in messages[0]["headers"]]
    assert len(dict(pairs)) == len(pairs)  # no header twice
    return dict(pairs)


@pytest.mark.parametrize("status", [200, 206, 404, 413])
def test_every_response_has_all_headers(status):
    headers = headers_of(PlainTextResponse("", status))
    assert {name: headers[name.lower()] for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_the_policy_replaces_a_weaker_one():
    response = PlainTextResponse("ok", headers={"Content-Security-Policy": "default-src *"})
    assert headers_of(response)["content-security-policy"] == SECURITY_HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize(("headers", "expected"), [({}, "no-store"), ({"Cache-Control": "public"}, "public")])
def test_only_what_streamlit_declares_cacheable_may_be_cached(headers, expected):
    assert headers_of(PlainTextResponse("ok", headers=headers))["cache-control"] == expected


def test_messages_of_a_websocket_are_passed_on_unchanged():
    passed = []

    async def websocket(_scope, _receive, send) -> None:
        await send({"type": "websocket.accept", "headers": []})

    async def send(message) -> None:
        passed.append(message)

    asyncio.run(SecurityHeaders(websocket)({"type": "websocket", "path": "/_stcore/stream"}, None, send))
    assert passed == [{"type": "websocket.accept", "headers": []}]
