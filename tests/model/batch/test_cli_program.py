"""`python -m model read` as a program: its exit status, its two outputs, and what it imports."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import model.inference.parallel
from model.batch import cli
from model.child_process import PROJECT_ROOT
from model.inference.release_loader import load_release
from model.messages import Message, MessageCode
from model.sentences import render
from tests.support.console import DISK_FULL
from tests.support.model_cli import usage_error
from tests.support.synthetic import synthetic_file

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("shared_classifier", "open_gate")]


def run_program(*arguments: object, cwd=PROJECT_ROOT, **options) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT)}
    command = [sys.executable, "-W", "error", "-m", "model", "read", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, check=False, **options)


# --- output


def test_standard_output_contains_only_rows(scans, published):
    """No warning, no progress bar and no message of the LiteRT runtime."""
    result = run_program("b.png", "ward", "--release", published, cwd=scans)
    rows = [json.loads(line) for line in result.stdout.decode().splitlines()]

    assert result.returncode == 3
    assert [row["path"] for row in rows] == [
        "b.png",
        *(f"ward{os.sep}{name}" for name in ("empty.png", "not an image.png", "really an image.txt")),
    ]
    assert "Traceback" not in result.stderr.decode()


def test_the_command_imports_no_large_library_that_it_does_not_need(scans, published):
    code = (
        f"import sys; from model.batch.cli import main; main(['read', 'b.png', '--release', {str(published)!r}]); "
        "unwanted = {'tensorflow', 'keras', 'streamlit', 'pandas', 'pydicom', 'training'}; "
        "sys.exit(str(sorted(unwanted & set(sys.modules))))"
    )
    environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT)}
    result = subprocess.run([sys.executable, "-c", code], cwd=scans, env=environment, capture_output=True, check=False)
    assert result.stderr.decode().splitlines()[-1] == "[]"
    assert json.loads(result.stdout)["path"] == "b.png"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_closed_output_pipe_ends_the_command_without_a_message(scans, published):
    for number in range(300):  # more rows than a pipe holds
        shutil.copy(scans / "ward" / "not an image.png", scans / f"{number:04} {'long name ' * 20}.png")
    environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT)}
    command = [sys.executable, "-m", "model", "read", str(scans), "--release", str(published)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()  # as `| head -1` does
        messages = process.stderr.read().decode()
    assert "Traceback" not in messages
    assert "BrokenPipe" not in messages


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only some systems have a disk that is always full")
def test_a_full_disk_under_standard_output_is_reported(scans, published):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}  # the default
    command = [sys.executable, "-m", "model", "read", str(scans / "b.png"), "--release", str(published)]
    with open("/dev/full", "wb") as full_disk:
        result = subprocess.run(
            command, cwd=PROJECT_ROOT, env=environment, stdout=full_disk, stderr=subprocess.PIPE, check=False
        )
    messages = result.stderr.decode()
    assert result.returncode == 1
    assert DISK_FULL in messages
    assert "Traceback" not in messages
    assert "Exception ignored" not in messages


@pytest.mark.skipif(sys.platform != "linux", reason="on other systems all names are Unicode")
def test_a_file_name_that_is_not_unicode_is_restored_from_json(tmp_path, published):
    name = os.fsdecode(b"r\xf6ntgen.png")
    (tmp_path / name).write_bytes(synthetic_file())
    result = run_program(".", "--release", published, "--include-refused", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["path"] == name


# --- exit status


def test_no_file_is_read_without_a_release(scans, tmp_path, capsys):
    assert cli.main(["read", str(scans), "--release", str(tmp_path / "none")]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == f"{render([Message(MessageCode.RELEASE_FILE_MISSING, {'file': 'SHA256SUMS'})])}\n"


def test_a_network_that_fails_at_the_second_file_ends_the_command_after_the_first_row(
    scans, capsys, classifier, monkeypatch
):
    calls = []
    real_run = classifier._network._run

    def run_and_fail_later(**inputs):
        calls.append(inputs)
        outputs = real_run(**inputs)
        return outputs if len(calls) < 2 else outputs | {"logit": np.full((1, 1), np.nan, np.float32)}

    monkeypatch.setattr(classifier._network, "_run", run_and_fail_later)
    monkeypatch.setattr(model.inference.parallel, "usable_cpus", lambda: 1)  # files are read one after the other
    assert cli.main(["read", str(scans)]) == 1
    output = capsys.readouterr()
    assert len(output.out.splitlines()) == 1
    assert output.err == f"{render([Message(MessageCode.NETWORK_OUTPUT_INVALID)])}\n"


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="NOT RUN: this system has no /dev/fd")
def test_a_pipe_is_refused_as_input(published):
    """`python -m model read <(cat chest.png)` once gave no row and exit status 0."""
    reading, writing = os.pipe()
    with open(reading, "rb"), open(writing, "wb"):
        result = run_program(f"/dev/fd/{reading}", "--release", published, pass_fds=[reading])
    assert (result.returncode, result.stdout) == (2, b"")
    assert f"neither a file nor a folder: /dev/fd/{reading}" in result.stderr.decode()


def test_usage_errors(scans, tmp_path, capsys):
    assert "the following arguments are required: COMMAND" in usage_error(capsys)
    assert "invalid choice: 'write'" in usage_error(capsys, "write")
    assert "FILE_OR_FOLDER" in usage_error(capsys, "read")
    assert "invalid choice: 'xml'" in usage_error(capsys, "read", scans, "--format", "xml")
    missing = tmp_path / "missing"
    assert f"no such file or folder: {missing}" in usage_error(capsys, "read", scans, missing)
    assert "no such file or folder: " in usage_error(capsys, "read", scans, "x" * 300)  # longer than a name may be
    if hasattr(os, "mkfifo"):
        os.mkfifo(pipe := tmp_path / "pipe")
        assert f"neither a file nor a folder: {pipe}" in usage_error(capsys, "read", scans, pipe)
    names = ", ".join(load_release().operating_point_names)
    message = f"--operating-point: the trained model has {names}"
    assert message in usage_error(capsys, "read", scans, "--operating-point", "bold")
