"""`python -m model read` on a long list of files: the whole program, with a helper."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.model.batch.test_worker_pool import FILES
from tests.support.browser import ROOT
from tests.support.sandbox_files import film
from tests.support.synthetic import phantom_file

# As on a machine of so many processors, where four files are a long list; then what a test adds; then the program.
PROGRAM = """
import runpy, sys
import model.inference.litert
model.inference.parallel.usable_cpus = lambda: {processors}
import model.batch.worker_pool
model.batch.worker_pool.MIN_FILES_PER_WORKER = 4
{added}
runpy.run_module("model", run_name="__main__", alter_sys=True)
"""
LOST = (
    "One of the processes that read the files was ended from outside, most likely because memory ran out. The rows so "
    "far are complete. Close other programs, or name fewer files at a time, and start the same command again.\n"
)
KILLED_AT_THE_SECOND_BATCH = """
rows, asked = model.batch.worker_pool.Helper.rows, []
def killed(self, paths):
    asked.append(paths)
    if len(asked) == 2:
        self._process.kill()
    yield from rows(self, paths)
model.batch.worker_pool.Helper.rows = killed
"""
BREAKING_DECODER = """
import subprocess
import model.imaging.dicom.sandbox
model.imaging.dicom.sandbox._start_child = lambda: subprocess.Popen(
    [sys.executable, "-c", ""], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
)
"""
SLOW = """
import time
import model.batch.file_reader
decode = model.batch.file_reader.decode
def slowly(content):
    print("reading", file=sys.stderr, flush=True)
    time.sleep(0.3)
    return decode(content)
model.batch.file_reader.decode = slowly
"""


class Program:
    """The command in a process and a group of its own; `left()` are the processes that it has left behind."""

    def __init__(self):
        self.mark = f"MARK={uuid.uuid4()}"

    def start(self, *arguments: object, processors: int = 2, added: str = "") -> subprocess.Popen:
        name, value = self.mark.split("=")
        command = [sys.executable, "-c", PROGRAM.format(processors=processors, added=added), "read"]
        return subprocess.Popen(
            [*command, *map(str, arguments)],
            env=os.environ | {"PYTHONPATH": str(ROOT), name: value},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, *arguments: object, **options: object) -> tuple[int, bytes, str]:
        """Exit status, standard output, and standard error without what the runtime says of itself."""
        with self.start(*arguments, **options) as process:
            out, said = process.communicate()
        return process.returncode, out, "".join(of_program(said))

    def at_work(self) -> list[int]:
        """Processes that were started by the command, itself included."""
        return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/environ") if self._marked(path)]

    def _marked(self, path: Path) -> bool:
        try:
            return self.mark.encode() in path.read_bytes()
        except OSError:  # it has ended, or is somebody else's
            return False

    def none_left(self) -> bool:
        for _ in range(50):
            if not self.at_work():
                return True
            time.sleep(0.1)
        return False


def of_program(said: bytes) -> Iterator[str]:
    """The lines of standard error without those of the runtime and of SLOW."""
    return (line for line in said.decode().splitlines(True) if "XNNPACK" not in line and line != "reading\n")


def wait_until_it_reads(process: subprocess.Popen) -> None:
    """Of a command that is SLOW."""
    while process.stderr.readline() != b"reading\n":
        assert process.poll() is None


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has ended
        return b""


in_proc = pytest.mark.skipif(sys.platform != "linux", reason="NOT RUN: processes are looked for in /proc")


@pytest.fixture
def program() -> Program:
    return Program()


@pytest.fixture(scope="module")
def ward(tmp_path_factory) -> Path:
    """Files of all sorts, more than two processes have at work at once."""
    folder = tmp_path_factory.mktemp("ward")
    for number in range(12):
        for name, content in FILES.items():
            (folder / f"{number:02} {name}").write_bytes(content)
    for number in (2, 7):
        (folder / f"{number:02} dicom").write_bytes(film())
    return folder


@pytest.fixture(scope="module")
def from_one(ward) -> dict[str, bytes]:
    """What one process says of them, by format."""
    return {form: Program().run(ward, "--format", form, processors=1)[1] for form in ("jsonl", "csv")}


@in_proc
@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_two_processes_write_what_one_writes_byte_for_byte(program, ward, from_one, form):
    status, out, said = program.run(ward, "--format", form)
    assert (status, said) == (3, "")
    assert out == from_one[form]
    assert len(out.splitlines()) == 12 * len(FILES) + 2 + (form == "csv")
    assert program.none_left()


def test_a_relative_folder_is_read_from_where_the_command_runs(program, ward, monkeypatch):
    monkeypatch.chdir(ward.parent)
    _, out, _ = program.run(ward.name)
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["path"] for row in rows] == [f"{ward.name}{os.sep}{name}" for name in sorted(os.listdir(ward))]
    assert sum(row["status"] == "read" for row in rows) >= 24


@in_proc
@pytest.mark.parametrize("processors", [1, 2, 3])
def test_there_is_one_process_for_each_processor(program, ward, processors):
    with program.start(ward, processors=processors, added=SLOW) as process:
        wait_until_it_reads(process)
        helping = [pid for pid in program.at_work() if b"model.batch.worker" in command(pid)]
        process.kill()
    assert len(helping) == processors - 1
    assert program.none_left()


@in_proc
def test_a_helper_that_is_killed_ends_the_command_with_a_sentence(program, ward, from_one):
    status, out, said = program.run(ward, added=KILLED_AT_THE_SECOND_BATCH)
    assert (status, said) == (1, LOST)
    assert out.endswith(b"\n")
    assert 8 <= len(out.splitlines()) < 12 * len(FILES)
    assert from_one["jsonl"].startswith(out)
    assert program.none_left()


@in_proc
def test_ctrl_c_ends_all_processes_with_one_sentence(program, ward, from_one):
    with program.start(ward, added=SLOW) as process:
        wait_until_it_reads(process)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: whoever is in the command's group
        out, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert list(of_program(said)) == ["\n", "Stopped. Rows that were written are complete.\n"]
    assert len(out) < len(from_one["jsonl"])
    assert from_one["jsonl"].startswith(out)
    assert program.none_left()


@in_proc
def test_a_reader_that_has_enough_is_left_without_a_word_by_all_processes(program, ward):
    with program.start(*[ward] * 5) as process:  # more rows than a pipe holds
        process.stdout.readline()
        process.stdout.close()  # as `| head -1` does
        said = process.stderr.read()
    assert list(of_program(said)) == []
    assert program.none_left()


@in_proc
@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--release", "none"), 1, "The trained model is incomplete: model.json is missing. "),
        (("--operating-point", "bold"), 2, "--operating-point: the trained model has "),
    ],
)
def test_what_stops_the_command_before_it_reads_is_said_once(program, ward, arguments, status, said):
    ended, out, words = program.run(ward, *arguments)
    assert (ended, out) == (status, b"")
    assert words.count(said) == 1
    assert "Traceback" not in words
    assert program.none_left()


def test_a_decoder_that_breaks_while_it_is_written_to_does_not_end_the_command(program, tmp_path):
    (tmp_path / "a").write_bytes(film() + bytes(2**20))  # more than a pipe holds
    (tmp_path / "b.png").write_bytes(phantom_file())
    status, out, said = program.run(tmp_path, added=BREAKING_DECODER)
    rows = [json.loads(line) for line in out.splitlines()]
    assert (status, said) == (3, "")
    assert [row["reason_code"] for row in rows] == ["decoding_stopped", ""]
