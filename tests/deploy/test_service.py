"""The systemd unit and the container: hardened, whole, and with room for all that may run at once."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit import config

from model.limits import DICOM_AT_ONCE, DICOM_MEMORY, MAX_BYTES, READINGS_AT_ONCE
from tests.support.browser import ROOT

UNIT = ROOT / "deploy" / "chest-radiograph-reader.service"


def unit_here(folder: Path) -> Path:
    """The unit with the program of this environment in place of the one in /opt, which is not there to be checked."""
    text = UNIT.read_text()
    shipped = "/opt/chest-radiograph-reader/.venv/bin/streamlit"
    assert shipped in text
    here = folder / UNIT.name
    here.write_text(text.replace(shipped, sys.executable))
    return here


@pytest.mark.systemd
def test_systemd_understands_the_unit_and_finds_it_hardened(tmp_path):
    verified = subprocess.run(
        ["systemd-analyze", "verify", unit_here(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", unit_here(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout  # 20 of 100; a service that says nothing has 96


def test_the_unit_and_the_container_start_the_app_with_options_that_streamlit_knows():
    known = {f"--{name}" for name in config.get_config_options()}
    options = {
        option
        for path in (UNIT, ROOT / "deploy" / "Dockerfile")
        for option in re.findall(r"--server\.\w+", path.read_text())
    }
    assert options == {"--server.port", "--server.allowedHosts", "--server.address"}
    assert options <= known


def test_a_linter_finds_nothing_in_the_dockerfile():
    linter = Path(sys.executable).with_name("hadolint")
    found = subprocess.run(
        [linter, "--format", "json", ROOT / "deploy" / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert json.loads(found.stdout) == []
    assert found.returncode == 0


_USED = """
import os
import numpy as np
from pathlib import Path
from streamlit.testing.v1 import AppTest
from model.explanation.gradient_maps import METHODS, gradient_maps
from model.inference.release_loader import load_release

app = AppTest.from_file(os.path.abspath("app.py"), default_timeout=60).run()
for page in sorted(Path("pages").glob("*.py")):
    assert not app.exception, app.exception
    app.switch_page(str(page)).run()
assert not app.exception, app.exception
release = load_release()
maps = gradient_maps(release, np.full((1, release.side, release.side, 1), 99, np.float32), lambda _: None)
assert next(maps)[0] == METHODS[0]
maps.close()
"""


def test_what_the_container_copies_is_all_that_the_app_needs(tmp_path):
    """Its pages and what it runs in processes of their own: from what .dockerignore lets through, and no more."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    for name in (line.removeprefix("!") for line in lines if line.startswith("!")):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, tmp_path / name)
    assert not {"tests", "benchmarks", "data", "runs", ".git"} & {path.name for path in tmp_path.iterdir()}
    used = subprocess.run([sys.executable, "-c", _USED], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert used.returncode == 0, used.stderr


# --- memory


def test_the_service_and_the_container_have_room_for_all_that_may_run_at_once():
    """Megabytes were measured, see model/limits.py."""
    in_processes = DICOM_AT_ONCE * DICOM_MEMORY + (70 + 920) * 10**6  # readings, one that waits, one that explains
    in_the_server = READINGS_AT_ONCE * 600 * 10**6 + 25 * MAX_BYTES + 400 * 10**6  # readings, uploads, the program
    (unit,) = re.findall(r"^MemoryMax=(\d+)G$", UNIT.read_text(), re.MULTILINE)
    (container,) = re.findall(r"--memory (\d+)g --memory-swap \1g ", (ROOT / "deploy" / "Dockerfile").read_text())
    assert unit == container
    assert in_processes + in_the_server < int(unit) * 2**30


def test_where_a_process_is_killed_for_memory_the_service_lives_on():
    assert "\nOOMPolicy=continue\n" in UNIT.read_text()
