"""Fixtures that serve the app and start a real browser."""

from collections.abc import Iterator

import pytest

from tests.support.browser import Server, launch_chromium, serve


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    """Serve the app."""
    with serve("serve.py", tmp_path_factory.mktemp("server") / "log.txt") as server:
        yield server


@pytest.fixture(scope="module")  # not longer, because AppTest cannot run its event loop while Playwright runs
def chromium() -> Iterator:
    """Start a real browser, for tests marked `browser`."""
    with launch_chromium() as browser:
        yield browser
