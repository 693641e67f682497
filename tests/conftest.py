"""What some tests need beyond the project: where it is missing they say NOT RUN, or fail where REQUIRE names it.

REQUIRE=beside,browser,dataset,dcmtk,linux,nginx,systemd pytest    # on a machine that must have all
"""

import functools
import os
import shutil
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import settings
from streamlit.components.v2.component_manager import BidiComponentManager

from dataset.download.full_set import EXPECTED
from dataset.index import dataset_root, load_index
from model.errors import DatasetError
from tests.support.browser import Server, chromium_executable, launched_chromium, served
from tests.support.dicom_samples import samples_folder
from tests.support.isolation import can_be_cut_off
from tests.support.kaggle_server import kaggle, no_network, target  # noqa: F401 (fixtures)
from tests.support.proxy import nginx_executable
from tests.support.release import classifier, index  # noqa: F401 (fixtures)
from tests.support.release_files import small_directory  # noqa: F401 (a fixture)
from tests.support.training import (  # noqa: F401 (fixtures)
    measured_run,
    own_measured_run,
    own_run,
    own_set,
    published,
    tiny_run,
    tiny_set,
)
from tests.support.viewer import viewer_server  # noqa: F401 (a fixture)

# The same examples on every machine at every run, and no failure because a machine was busy.
settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.load_profile("steady")

_LONG = (
    "test_released_figures.py",
    "test_classifier.py",
    "test_browser.py",
    "test_reading_page.py",
)  # a minute each, or more
_NEEDS = ("beside", "browser", "dataset", "dcmtk", "linux", "nginx", "systemd")


@functools.cache
def _missing(need: str) -> str | None:
    """Why tests of this marker cannot run here, None where they can."""
    if need == "nginx" and not (nginx_executable() and shutil.which("openssl")):
        return "NOT RUN: no nginx with openssl found (apt-get install nginx openssl)"
    if need == "systemd" and not shutil.which("systemd-analyze"):
        return "NOT RUN: no systemd-analyze found (apt-get install systemd)"
    if need == "linux" and not can_be_cut_off():
        return "NOT RUN: this system cannot cut a process off from network and disk (Linux: unshare, prlimit)"
    if need == "browser" and chromium_executable() is None:
        return "NOT RUN: no Chromium found (apt-get install chromium)"
    if need == "dataset" and _pictures() != (whole := sum(EXPECTED.values())):
        where = f"at {dataset_root()} (set CHEST_XRAY_DIR or python -m dataset download)"
        return f"NOT RUN: not all {whole:,} pictures {where}"
    if need == "beside" and not all((samples_folder("dicom") / folder).is_dir() for folder in ("chest", "not_chest")):
        return f"NOT RUN: no DICOM films of chests and others beside the data set in {samples_folder('dicom')}"
    if need == "dcmtk" and not all(map(shutil.which, ("dcm2pnm", "dcmj2pnm", "dcml2pnm"))):
        return "NOT RUN: no dcmtk found (apt-get install dcmtk)"
    return None


def _pictures() -> int:
    try:
        return len(load_index(dataset_root()))
    except DatasetError:
        return 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: one that comes last keeps a process busy while the other has nothing."""
    items.sort(key=lambda item: item.path.name not in _LONG)


@pytest.hookimpl(tryfirst=True)  # before fixtures that start a server
def pytest_runtest_setup(item: pytest.Item) -> None:
    for need in _NEEDS:
        if item.get_closest_marker(need) is None or (reason := _missing(need)) is None:
            continue
        if need in os.environ.get("REQUIRE", "").split(","):
            pytest.fail(f"{reason}, and REQUIRE asks for {need}", pytrace=False)
        pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    # Counted in the reports, for they come from every process that runs tests.
    reasons = Counter(report.longrepr[2] for report in terminalreporter.stats.get("skipped", []))
    for reason, count in reasons.items():
        tests = "1 test" if count == 1 else f"{count} tests"
        terminalreporter.write_line(f"{tests} {reason.removeprefix('Skipped: ')}", yellow=True)


@pytest.fixture(scope="session", autouse=True)
def no_search_for_components() -> Iterator[None]:
    """Each AppTest looks through all installed packages for components, for half a second; none of them has any."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BidiComponentManager, "discover_and_register_components", lambda *_, **__: None)
        yield


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    """The app, served."""
    with served("app.py", tmp_path_factory.mktemp("server") / "log.txt") as server:
        yield server


@pytest.fixture(scope="module")  # no longer: while Playwright runs, AppTest cannot run its own event loop
def chromium() -> Iterator:
    """A real browser, for tests marked `browser`."""
    with launched_chromium() as browser:
        yield browser
