"""`python -m model read` on a long list of files: the whole program, with worker processes."""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.child_process import PROJECT_ROOT
from model.messages import MessageCode
from model.sentences import render_codes
from tests.support.batch_files import FILES
from tests.support.sandbox_files import small_dicom_file
from tests.support.synthetic import phantom_file
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

N_COPIES = 12  # of each file in the ward

# Runs as on a machine with this number of CPUs, treats four files as a long list, and runs the code of a test.
PROGRAM = """
import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts its background jobs with Ctrl-C ignored
import model.inference.parallel
model.inference.parallel.usable_cpus = lambda: {cpus}
import model.batch.worker_pool
model.batch.worker_pool.MIN_FILES_PER_WORKER = 4
{added}
runpy.run_module("model", run_name="__main__", alter_sys=True)
"""
KILLED_AT_THE_SECOND_BATCH = """
from model.batch.worker_process import WorkerProcess
real_read, batches = WorkerProcess.read, []
def read(self, paths):
    batches.append(paths)
    if len(batches) == 2:
        self._child.kill()
    yield from real_read(self, paths)
WorkerProcess.read = read
"""
CRASHING_DECODER = """
import model.imaging.dicom.sandbox
from tests.support.processes import python_child
model.imaging.dicom.sandbox._start_worker = lambda: python_child("")
"""
SLOW = """
import threading
import model.batch.file_reader
real_decode = model.batch.file_reader.decode
def decode(content):
    print("reading", file=sys.stderr, flush=True)
    threading.Event().wait(0.3)
    return real_decode(content)
model.batch.file_reader.decode = decode
"""


class Program:
    """The command in its own process group. A variable in their environment identifies its processes."""

    def __init__(self) -> None:
        self.mark = f"MARK={uuid.uuid4()}"

    def start(self, *arguments: object, cpus: int = 2, added: str = "") -> subprocess.Popen:
        name, value = self.mark.split("=")
        command = [sys.executable, "-c", PROGRAM.format(cpus=cpus, added=added), "read"]
        return subprocess.Popen(
            [*command, *map(str, arguments)],
            env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT), name: value},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, *arguments: object, **options: object) -> tuple[int, bytes, str]:
        """Return exit status, standard output, and the messages on standard error."""
        with self.start(*arguments, **options) as process:
            rows, errors = process.communicate()
        return process.returncode, rows, "".join(own_messages(errors))

    def pids(self) -> list[int]:
        """Return the ids of the running processes of the command, including itself."""
        return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ") if self._is_marked(path)]

    def _is_marked(self, environ: Path) -> bool:
        try:
            return self.mark.encode() in environ.read_bytes()
        except OSError:  # the process has ended, or belongs to another user
            return False

    def wait_until_ended(self) -> None:
        """Wait until all its processes have ended."""
        wait_until(lambda: not self.pids(), "all processes of the command have ended")


def own_messages(errors: bytes) -> Iterator[str]:
    """Return the lines of standard error without those of the LiteRT runtime and of SLOW."""
    return (line for line in errors.decode().splitlines(True) if "XNNPACK" not in line and line != "reading\n")


def wait_until_reading(process: subprocess.Popen) -> None:
    """Wait until a SLOW command reads its first file."""
    while process.stderr.readline() != b"reading\n":
        assert process.poll() is None


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # the process has ended
        return b""


needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="NOT RUN: processes are found in /proc")


@pytest.fixture
def program() -> Program:
    return Program()


@pytest.fixture(scope="module")
def ward(tmp_path_factory) -> Path:
    """Return a folder with files of many kinds, more than two processes read at once."""
    folder = tmp_path_factory.mktemp("ward")
    for number in range(N_COPIES):
        for name, content in FILES.items():
            (folder / f"{number:02} {name}").write_bytes(content)
    for number in (2, 7):
        (folder / f"{number:02} dicom").write_bytes(small_dicom_file())
    return folder


@pytest.fixture(scope="module")
def expected_output(ward) -> bytes:
    """Return the output of a single process for the ward."""
    return Program().run(ward, cpus=1)[1]


@needs_proc
def test_two_processes_write_the_same_bytes_as_one(program, ward, expected_output):
    status, rows, messages = program.run(ward)
    assert (status, messages) == (3, "")
    assert rows == expected_output
    assert len(rows.splitlines()) == N_COPIES * len(FILES) + 2
    program.wait_until_ended()


def test_a_relative_folder_is_read_from_the_working_directory_of_the_command(program, ward, monkeypatch):
    monkeypatch.chdir(ward.parent)
    _, output, _ = program.run(ward.name)
    rows = [json.loads(line) for line in output.splitlines()]
    assert [row["path"] for row in rows] == [f"{ward.name}{os.sep}{name}" for name in sorted(os.listdir(ward))]
    assert sum(row["status"] == "read" for row in rows) >= 2 * N_COPIES


@needs_proc
@pytest.mark.parametrize("cpus", [1, 2, 3])
def test_there_is_one_process_for_each_cpu(program, ward, cpus):
    with program.start(ward, cpus=cpus, added=SLOW) as process:
        wait_until_reading(process)
        workers = [pid for pid in program.pids() if command_line(pid).endswith(b"model.batch.worker\0")]
        process.kill()
    assert len(workers) == cpus - 1
    program.wait_until_ended()


@needs_proc
def test_a_killed_worker_ends_the_command_with_a_message(program, ward, expected_output):
    status, rows, messages = program.run(ward, added=KILLED_AT_THE_SECOND_BATCH)
    assert (status, messages) == (1, f"{render_codes([MessageCode.WORKER_LOST])}\n")
    assert rows.endswith(b"\n")
    assert 8 <= len(rows.splitlines()) < N_COPIES * len(FILES)
    assert expected_output.startswith(rows)
    program.wait_until_ended()


@needs_proc
def test_ctrl_c_ends_all_processes_with_one_message(program, ward, expected_output):
    with program.start(ward, added=SLOW) as process:
        wait_until_reading(process)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes of the command's group
        rows, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert list(own_messages(errors)) == ["\n", "Stopped. The rows written so far are complete.\n"]
    assert len(rows) < len(expected_output)
    assert expected_output.startswith(rows)
    program.wait_until_ended()


@needs_proc
def test_a_closed_output_pipe_ends_all_processes_without_a_message(program, ward):
    with program.start(*[ward] * 5) as process:  # more rows than a pipe holds
        process.stdout.readline()
        process.stdout.close()  # as `| head -1` does
        errors = process.stderr.read()
    assert list(own_messages(errors)) == []
    program.wait_until_ended()


@needs_proc
@pytest.mark.parametrize(
    ("arguments", "expected_status", "message"),
    [
        (("--release", "none"), 1, "The trained model is incomplete: SHA256SUMS is missing. "),
        (("--operating-point", "bold"), 2, "--operating-point: the trained model has "),
    ],
)
def test_an_error_before_the_first_file_is_reported_once(program, ward, arguments, expected_status, message):
    status, rows, messages = program.run(ward, *arguments)
    assert (status, rows) == (expected_status, b"")
    assert messages.count(message) == 1
    assert "Traceback" not in messages
    program.wait_until_ended()


def test_a_decoder_that_crashes_while_it_gets_its_file_does_not_end_the_command(program, tmp_path):
    (tmp_path / "a").write_bytes(small_dicom_file() + bytes(2**20))  # more than a pipe holds
    (tmp_path / "b.png").write_bytes(phantom_file())
    status, output, messages = program.run(tmp_path, added=CRASHING_DECODER)
    rows = [json.loads(line) for line in output.splitlines()]
    assert (status, messages) == (3, "")
    assert [row["reason_code"] for row in rows] == ["decoding_stopped", ""]
