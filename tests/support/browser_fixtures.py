"""The app, served, and a real browser."""

from collections.abc import Iterator

import pytest

from tests.support.browser import Server, launch_chromium, serve


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    """The app, served."""
    with serve("serve.py", tmp_path_factory.mktemp("server") / "log.txt") as server:
        yield server


@pytest.fixture(scope="module")  # no longer: while Playwright runs, AppTest cannot run its own event loop
def chromium() -> Iterator:
    """A real browser, for tests marked `browser`."""
    with launch_chromium() as browser:
        yield browser
