"""`python -m model read` as a program: its exit status, its two outputs, and what it imports."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import model.inference.litert
from model.batch import cli
from model.inference.release_loader import load_release
from tests.support.browser import ROOT
from tests.support.model_cli import one_reader, open_gate, scans_of_all_sorts, wrong_usage  # noqa: F401 (fixtures)
from tests.support.synthetic import synthetic_file

INCOMPLETE = (
    "The trained model is incomplete: model.json is missing. Nothing is read with it. Restore the folder model/release "
    "from the project, or release the model again.\n"
)
NO_NUMBER = (
    "The trained network gave no number for this picture. Nothing is read with it. Restore the folder model/release "
    "from the project, or release the model again.\n"
)


def shell(*arguments, cwd=ROOT, **options) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-m", "model", "read", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, check=False, **options)


# --- output


def test_standard_output_holds_rows_and_nothing_else(scans, published):
    """The whole program once, in a process of its own: no warning, no progress bar, no word of the runtime."""
    done = shell("b.png", "ward", "--release", published, cwd=scans)
    rows = [json.loads(line) for line in done.stdout.decode().splitlines()]

    assert done.returncode == 3
    assert [row["path"] for row in rows] == [
        "b.png",
        *(f"ward{os.sep}{name}" for name in ("empty.png", "no picture.png", "really a picture.txt")),
    ]
    assert "Traceback" not in done.stderr.decode()


def test_tensorflow_is_not_imported(scans, published):
    code = (
        f"import sys; from model.batch.cli import main; main(['read', 'b.png', '--release', {str(published)!r}]); "
        "sys.exit(str(sorted({'tensorflow', 'keras', 'streamlit', 'pandas'} & set(sys.modules))))"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=scans, env=environment, capture_output=True, check=False)
    assert done.stderr.decode().splitlines()[-1] == "[]"
    assert json.loads(done.stdout)["path"] == "b.png"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_reader_that_has_enough_is_left_without_a_word(scans, published):
    for number in range(300):  # more rows than a pipe holds
        shutil.copy(scans / "ward" / "no picture.png", scans / f"{number:04} {'long name ' * 20}.png")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "model", "read", str(scans), "--release", str(published)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        started.stdout.readline()
        started.stdout.close()  # as `| head -1` does
        said = started.stderr.read().decode()
    assert "Traceback" not in said
    assert "BrokenPipe" not in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only some systems have a disk that is always full")
def test_a_full_disk_under_standard_output_is_told_in_a_sentence(scans, published):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}  # as a user has it
    command = [sys.executable, "-m", "model", "read", str(scans / "b.png"), "--release", str(published)]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=full, stderr=subprocess.PIPE, check=False)
    said = done.stderr.decode()
    assert done.returncode == 1
    assert "The disk is full. Free some space and start the same command again.\n" in said
    assert "Traceback" not in said
    assert "Exception ignored" not in said


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all names are Unicode")
def test_a_name_that_is_no_text_is_read_and_comes_back_from_json(tmp_path, published):
    name = os.fsdecode(b"r\xf6ntgen.png")
    (tmp_path / name).write_bytes(synthetic_file())
    done = shell(".", "--release", published, "--read-anyway", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["path"] == name


# --- exit status


def test_without_a_release_nothing_is_read(scans, tmp_path, capsys):
    assert cli.main(["read", str(scans), "--release", str(tmp_path / "none")]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == INCOMPLETE


def test_a_network_that_fails_in_the_middle_ends_with_its_sentence(scans, capsys, reader, monkeypatch):
    answered = []
    run = reader._network._run

    def failing(**inputs):
        answered.append(inputs)
        answers = run(**inputs)
        return answers if len(answered) < 2 else answers | {"logit": np.full((1, 1), np.nan, np.float32)}

    monkeypatch.setattr(reader._network, "_run", failing)
    monkeypatch.setattr(
        model.inference.parallel, "usable_cpus", lambda: 1
    )  # so that the second file is the one that fails
    assert cli.main(["read", str(scans)]) == 1
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 1
    assert said.err == NO_NUMBER


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="NOT RUN: this system has no /dev/fd")
def test_what_another_command_writes_is_no_file_and_is_refused(published):
    """`python -m model read <(cat film.png)`, which once gave no row and exit status 0."""
    reading, writing = os.pipe()
    with open(reading, "rb"), open(writing, "wb"):
        done = shell(f"/dev/fd/{reading}", "--release", published, pass_fds=[reading])
    assert (done.returncode, done.stdout) == (2, b"")
    assert f"neither a file nor a folder: /dev/fd/{reading}" in done.stderr.decode()


def test_wrong_usage(scans, tmp_path, capsys):
    assert "the following arguments are required: COMMAND" in wrong_usage(capsys)
    assert "invalid choice: 'write'" in wrong_usage(capsys, "write")
    assert "FILE_OR_FOLDER" in wrong_usage(capsys, "read")
    assert "invalid choice: 'xml'" in wrong_usage(capsys, "read", scans, "--format", "xml")
    absent = tmp_path / "absent"
    assert f"no such file or folder: {absent}" in wrong_usage(capsys, "read", scans, absent)
    assert "no such file or folder: " in wrong_usage(capsys, "read", scans, "x" * 300)  # longer than a name may be
    if hasattr(os, "mkfifo"):
        os.mkfifo(pipe := tmp_path / "pipe")
        assert f"neither a file nor a folder: {pipe}" in wrong_usage(capsys, "read", scans, pipe)
    for share in ("0", "1", "20", "nan"):
        words = f"{share} is not a share between 0 and 1, such as 0.2"
        assert words in wrong_usage(capsys, "read", scans, "--prevalence", share)
    names = ", ".join(point.name for point in load_release().operating_points)
    words = f"--operating-point: the trained model has {names}"
    assert words in wrong_usage(capsys, "read", scans, "--operating-point", "bold")
