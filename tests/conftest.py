"""What some tests need beyond the project. If it is missing, they say NOT RUN, or fail if REQUIRE names it.

REQUIRE=browser,dataset,dcmtk,dicom_samples,linux,nginx,package_index,systemd pytest  # all of them
"""

import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from streamlit import config
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.runtime.scriptrunner import script_runner

from dataset.download.full_set import EXPECTED
from dataset.index import dataset_root, load_index
from model.errors import DatasetError
from tests.support.browser import ROOT, chromium_executable
from tests.support.dicom_samples import samples_folder
from tests.support.isolation import isolation_available
from tests.support.proxy import nginx_executable

# Fixtures that tests of several packages share. Those of one package are in its own conftest.py.
pytest_plugins = [
    "tests.support.browser_fixtures",
    "tests.support.kaggle_server",
    "tests.support.release",
    "tests.support.release_files",
    "tests.support.training_fixtures",
]

# The same examples on every machine at every run, and no failure because a machine was busy.
settings.register_profile(
    "steady", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("short", settings.get_profile("steady"), max_examples=40)

_SLOW_FILE = re.compile(r"^pytestmark = \[?pytest\.mark\.slow\b", re.MULTILINE)
# Files that take ten seconds or more start first, in this order, so that no process works on one while the other has
# nothing left to do. Those that use the tiny run are not in a row, so that no process waits for the other to make it.
_LONG_FILES = (
    "training/fitting/test_resuming.py",
    "model/batch/test_cli_many.py",
    "training/fitting/test_classifier.py",
    "pages/test_explorer_browser.py",
    "deploy/test_nginx.py",
    "app/test_browser_files.py",
    "app/test_browser.py",
    "training/test_released_figures.py",
    "training/evaluation/heatmaps/test_randomised_network.py",
    "training/test_evaluate.py",
    "ui/explorer/test_image_detail.py",
    "deploy/test_serving_packages.py",
    "app/test_refusal_browser.py",
    "ui/test_other_sites_browser.py",
    "ui/viewer/test_controls.py",
    "model/imaging/test_fuzz.py",
    "model/admission/test_released_gate.py",
    "model/batch/test_worker_process.py",
    "training/release/test_candidate.py",
    "pages/test_explorer.py",
    "model/imaging/dicom/test_sandbox.py",
    "model/imaging/dicom/test_sandbox_harm.py",
    "model/explanation/test_gradient_maps.py",
    "model/batch/test_dicom_folder.py",
    "training/test_cli_evaluate.py",
    "training/fitting/test_sources.py",
    "app/test_reading_page.py",
    "ui/test_server_privacy.py",
    "ui/test_server.py",
)


def _missing_nginx() -> str | None:
    complete = nginx_executable() and shutil.which("openssl")
    return None if complete else "no nginx with openssl found (apt-get install nginx openssl)"


def _missing_systemd() -> str | None:
    return None if shutil.which("systemd-analyze") else "no systemd-analyze found (apt-get install systemd)"


def _missing_linux() -> str | None:
    if isolation_available():
        return None
    return "this system cannot cut a process off from network and disk (Linux: unshare, prlimit)"


def _missing_browser() -> str | None:
    return None if chromium_executable() else "no Chromium found (apt-get install chromium)"


def _missing_dataset() -> str | None:
    expected = sum(EXPECTED.values())
    try:
        complete = len(load_index(dataset_root())) == expected
    except DatasetError:
        complete = False
    if complete:
        return None
    return f"not all {expected:,} images at {dataset_root()} (set CHEST_XRAY_DIR or python -m dataset download)"


def _missing_dicom_samples() -> str | None:
    folder = samples_folder("dicom")
    if all((folder / name).is_dir() for name in ("chest", "not_chest")):
        return None
    return f"no DICOM samples in {folder}, next to the data set"


def _missing_package_index() -> str | None:
    lines = (ROOT / "requirements-serve.txt").read_text().splitlines()
    pinned = next(line.split()[0] for line in lines if line.startswith("tqdm=="))
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, pinned]
        found = subprocess.run(command, capture_output=True, check=False).returncode == 0
    return None if found else "no package index can be reached"


def _missing_dcmtk() -> str | None:
    if all(map(shutil.which, ("dcm2pnm", "dcmj2pnm", "dcml2pnm"))):
        return None
    return "no dcmtk found (apt-get install dcmtk)"


_NEEDS: dict[str, Callable[[], str | None]] = {  # marker -> why its tests cannot run here
    "browser": _missing_browser,
    "dataset": _missing_dataset,
    "dcmtk": _missing_dcmtk,
    "dicom_samples": _missing_dicom_samples,
    "linux": _missing_linux,
    "nginx": _missing_nginx,
    "package_index": _missing_package_index,
    "systemd": _missing_systemd,
}


@functools.cache
def _missing(need: str) -> str | None:
    """Return why tests of this marker cannot run here, None if they can."""
    reason = _NEEDS[need]()
    return reason and f"NOT RUN: {reason}"


def pytest_configure(config: pytest.Config) -> None:
    """Try fewer examples in `make quick` and `make test` than in `make full`."""
    settings.load_profile("short" if "not full" in config.option.markexpr else "steady")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import a file whose tests are all slow if slow tests are not selected: it may import TensorFlow."""
    if "not slow" not in config.option.markexpr or collection_path.suffix != ".py":
        return None
    return True if _SLOW_FILE.search(collection_path.read_text()) else None


@pytest.hookimpl(tryfirst=True)  # before pytest selects by marker
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave what needs more than the project to `make full`, and start with the long files."""
    for item in items:
        if any(item.get_closest_marker(need) for need in _NEEDS):
            item.add_marker(pytest.mark.full)
    items.sort(key=_position)


def _position(item: pytest.Item) -> int:
    """Return the position of a test's file among the long ones; other files come after them."""
    path = item.path.as_posix()
    return next((position for position, name in enumerate(_LONG_FILES) if path.endswith(name)), len(_LONG_FILES))


@pytest.hookimpl(tryfirst=True)  # before fixtures that start a server
def pytest_runtest_setup(item: pytest.Item) -> None:
    for need in _NEEDS:
        if item.get_closest_marker(need) is None or (reason := _missing(need)) is None:
            continue
        if need in os.environ.get("REQUIRE", "").split(","):
            pytest.fail(f"{reason}, and REQUIRE asks for {need}", pytrace=False)
        pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    # Counted in the reports, because they come from every process that runs tests.
    reasons = Counter(report.longrepr[2] for report in terminalreporter.stats.get("skipped", []))
    for reason, count in reasons.items():
        tests = "1 test" if count == 1 else f"{count} tests"
        terminalreporter.write_line(f"{tests} {reason.removeprefix('Skipped: ')}", yellow=True)


@pytest.fixture(scope="session", autouse=True)
def fast_page_runs() -> Iterator[None]:
    """Save AppTest steps that take most of a second in each run of a page and change nothing here.

    It would search all installed packages for components, of which the app has none, and collect garbage among the
    objects of the whole test process: once itself, and once by clearing Keras, which the app never imports.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BidiComponentManager, "discover_and_register_components", lambda *_, **__: None)
        patch.setattr(script_runner, "_clean_problem_modules", lambda: None)
        config.set_option("runner.postScriptGC", False)
        yield
