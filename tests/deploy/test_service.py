"""The systemd unit and the container: hardening, completeness and memory limits."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit import config

from model.child_process import PROJECT_ROOT
from model.limits import DICOM_AT_ONCE, DICOM_MEMORY, MAX_BYTES, READINGS_AT_ONCE

UNIT = PROJECT_ROOT / "deploy" / "chest-radiograph-reader.service"
DOCKERFILE = PROJECT_ROOT / "deploy" / "Dockerfile"


def unit_with_existing_program(folder: Path) -> Path:
    """Copy the unit with an existing program, because systemd checks that the program exists."""
    text = UNIT.read_text()
    installed = "/opt/chest-radiograph-reader/.venv/bin/streamlit"
    assert installed in text
    unit = folder / UNIT.name
    unit.write_text(text.replace(installed, sys.executable))
    return unit


@pytest.mark.systemd
def test_systemd_accepts_the_unit_and_rates_it_as_hardened(tmp_path):
    unit = unit_with_existing_program(tmp_path)
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert rated.returncode == 0, rated.stdout  # exposure of at most 20 of 100; a unit without options has 96


def test_unit_and_container_keep_images_off_the_disk():
    unit, run_command = UNIT.read_text(), DOCKERFILE.read_text().split("docker run ")[1]
    for option in ("LimitFSIZE=0", "LimitCORE=0", "MemorySwapMax=0"):
        assert f"\n{option}\n" in unit
    for option in ("--read-only", "--ulimit fsize=0"):
        assert f" {option} " in run_command


def test_unit_and_container_are_reachable_from_this_computer_only():
    unit, run_command = UNIT.read_text(), DOCKERFILE.read_text().split("docker run ")[1]
    assert "\nIPAddressDeny=any\nIPAddressAllow=localhost\n" in unit
    assert "--server.address" not in unit  # the program's default, 127.0.0.1
    assert re.findall(r"-p (\S+) ", run_command) == ["127.0.0.1:8501:8501"]


def test_the_service_restarts_after_it_was_killed_for_memory():
    unit = UNIT.read_text()
    assert "\nMemoryMax=" in unit
    assert "\nRestart=on-failure\n" in unit


def test_unit_and_container_use_valid_streamlit_options():
    known = {f"--{name}" for name in config.get_config_options()}
    options = {option for path in (UNIT, DOCKERFILE) for option in re.findall(r"--server\.\w+", path.read_text())}
    assert options == {"--server.port", "--server.allowedHosts", "--server.address"}
    assert options <= known


@pytest.mark.parametrize("path", [UNIT, DOCKERFILE, PROJECT_ROOT / "Makefile", PROJECT_ROOT / "docs" / "deployment.md"])
def test_every_delivered_way_to_start_the_app_hardens_the_server_first(path):
    scripts = re.findall(r"""\brun[\s",]+(\w+\.py)\b""", path.read_text())
    assert set(scripts) == {"serve.py"}


@pytest.mark.slow
def test_dockerfile_passes_the_linter():
    linter = Path(sys.executable).with_name("hadolint")
    result = subprocess.run([linter, "--format", "json", DOCKERFILE], capture_output=True, text=True, check=False)
    assert json.loads(result.stdout) == []
    assert result.returncode == 0


USE_OF_THE_APP = """
import os, sys
from pathlib import Path
from streamlit.testing.v1 import AppTest
import model.explanation.gradient_worker

app = AppTest.from_file(os.path.abspath("app.py"), default_timeout=60).run()
for page in sorted(Path("pages").glob("*.py")):
    assert not app.exception, app.exception
    app.switch_page(str(page)).run()
assert not app.exception, app.exception
from serve import app as server
assert server.script_path.is_file()
assert not {"training", "tensorflow", "keras"} & set(sys.modules)
"""
GRADIENTS = """
import numpy as np
from model.explanation.gradient_maps import METHODS, gradient_maps
from model.inference.release_loader import load_release

release = load_release()
network_input = np.full((1, release.side, release.side, 1), 99, np.float32)
assert [method for method, _ in gradient_maps(release, network_input, lambda _: None)] == list(METHODS)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "use",
    [pytest.param(USE_OF_THE_APP, id="pages"), pytest.param(GRADIENTS, marks=pytest.mark.full, id="gradient maps")],
)
def test_container_has_all_files_of_the_app_and_no_training_code(tmp_path, use):
    """The app runs with only the files that .dockerignore includes."""
    lines = (PROJECT_ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    for name in (line.removeprefix("!") for line in lines if line.startswith("!")):
        if (PROJECT_ROOT / name).is_dir():
            shutil.copytree(PROJECT_ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(PROJECT_ROOT / name, tmp_path / name)
    unwanted = {"training", "tests", "benchmarks", "tools", "data", "runs", ".git"}
    assert not unwanted & {path.name for path in tmp_path.iterdir()}
    command = [sys.executable, "-c", use]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


# --- memory


def test_memory_limits_cover_everything_that_may_run_at_once():
    """The sizes were measured, see model/limits.py."""
    idle_dicom_child, gradient_worker = 70 * 10**6, 920 * 10**6
    children = DICOM_AT_ONCE * DICOM_MEMORY + idle_dicom_child + gradient_worker
    readings, uploads, program = READINGS_AT_ONCE * 600 * 10**6, 25 * MAX_BYTES, 400 * 10**6
    (unit_limit,) = re.findall(r"^MemoryMax=(\d+)G$", UNIT.read_text(), re.MULTILINE)
    (container_limit,) = re.findall(r"--memory (\d+)g --memory-swap \1g ", DOCKERFILE.read_text())
    assert unit_limit == container_limit
    assert children + readings + uploads + program < int(unit_limit) * 2**30


def test_service_continues_if_a_child_process_is_killed_for_memory():
    assert "\nOOMPolicy=continue\n" in UNIT.read_text()
