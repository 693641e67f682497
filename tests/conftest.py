"""What some tests need beyond the project: where it is missing they say NOT RUN, or fail where REQUIRE names it.

REQUIRE=browser,dataset pytest    # on a machine that must have both
"""

import os
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import settings

from dataset.index import dataset_root
from tests.browser import chromium_executable, launched_chromium
from tests.training_fixtures import (  # noqa: F401 (fixtures)
    measured_run,
    own_measured_run,
    own_run,
    own_set,
    published,
    tiny_run,
    tiny_set,
)

# The same examples on every machine at every run, and no failure because a machine was busy.
settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.load_profile("steady")

_not_run = pytest.StashKey[Counter]()


def _missing(need: str) -> str | None:
    """Why tests of this marker cannot run here, None where they can."""
    if need == "browser" and chromium_executable() is None:
        return "NOT RUN: no Chromium found (apt-get install chromium)"
    if need == "dataset" and not dataset_root().is_dir():
        return f"NOT RUN: no data set at {dataset_root()} (set CHEST_XRAY_DIR or python -m training download)"
    return None


@pytest.hookimpl(tryfirst=True)  # before fixtures that start a server
def pytest_runtest_setup(item: pytest.Item) -> None:
    for need in ("browser", "dataset"):
        if item.get_closest_marker(need) is None or (reason := _missing(need)) is None:
            continue
        if need in os.environ.get("REQUIRE", "").split(","):
            pytest.fail(f"{reason}, and REQUIRE asks for {need}", pytrace=False)
        item.config.stash.setdefault(_not_run, Counter())[reason] += 1
        pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for reason, count in config.stash.get(_not_run, Counter()).items():
        tests = "1 test" if count == 1 else f"{count} tests"
        terminalreporter.write_line(f"{tests} {reason}", yellow=True)


@pytest.fixture(scope="module")  # no longer: while Playwright runs, AppTest cannot run its own event loop
def chromium() -> Iterator:
    """A real browser, for tests marked `browser`."""
    with launched_chromium() as browser:
        yield browser
