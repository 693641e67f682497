"""A worker process: it gives the same rows as this process, leaves some files to it, and ends with it."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from model.batch.file_reader import FileReader, ReadOptions
from model.batch.worker import read_rows
from model.batch.worker_process import WorkerProcess
from model.child_process import PROJECT_ROOT
from model.codes import Population
from model.errors import ReleaseIncompatible, WorkerLost
from model.inference.finding_rows import to_csv, to_jsonl
from model.inference.release_loader import RELEASE_DIR
from model.messages import MessageCode
from tests.support.batch_files import FILES
from tests.support.messages import raises_message
from tests.support.processes import is_running
from tests.support.sandbox_files import small_dicom_file
from tests.support.synthetic import phantom_file
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def paths(tmp_path, monkeypatch) -> list[Path]:
    """Return relative paths of files of many kinds in the working directory; the last file does not exist."""
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    return [*map(Path, FILES), Path("missing.png")]


@pytest.fixture
def start_worker() -> Iterator[Callable[..., WorkerProcess]]:
    """Start a worker that is killed after the test: `start_worker(include_refused=True)`."""
    workers: list[WorkerProcess] = []

    def start(**options: object) -> WorkerProcess:
        workers.append(WorkerProcess(ReadOptions(RELEASE_DIR, **options)))
        return workers[-1]

    yield start
    for worker in workers:
        worker.kill()


# --- rows


@pytest.mark.parametrize(
    "options",
    [
        {},
        {
            "include_refused": True,
            "prevalence": 0.123456789,
            "operating_point": "rule-out",
            "population": Population.CHILDREN,
        },
    ],
    ids=["default", "all"],
)
def test_a_worker_gives_the_same_rows_as_this_process(paths, start_worker, options):
    reader = FileReader(ReadOptions(RELEASE_DIR, **options))
    rows_of_this_process = [reader.read([path])[0].row for path in paths]
    rows_of_worker = list(start_worker(**options).read(paths))
    assert [to_jsonl(row) for row in rows_of_worker] == [to_jsonl(row) for row in rows_of_this_process]
    assert to_csv(rows_of_worker) == to_csv(rows_of_this_process)
    assert len({row["reason_code"] for row in rows_of_this_process}) >= 4


@pytest.mark.skipif(sys.platform != "linux", reason="on other systems all names are Unicode")
def test_a_file_name_that_is_not_unicode_reaches_the_worker_and_comes_back(tmp_path, monkeypatch, start_worker):
    name = Path(os.fsdecode(b"r\xf6ntgen.png"))
    monkeypatch.chdir(tmp_path)
    name.write_bytes(phantom_file())
    (row,) = start_worker().read([name])
    assert (row["path"], row["status"]) == (str(name), "read")


def test_dicom_files_are_left_to_this_process(tmp_path, start_worker):
    (tmp_path / "dicom").write_bytes(small_dicom_file())
    (tmp_path / "chest.png").write_bytes(phantom_file())
    rows = list(start_worker().read([tmp_path / "dicom", tmp_path / "chest.png"]))
    assert rows[0] is None
    assert rows[1]["status"] == "read"


@pytest.mark.parametrize(
    "error", [ReleaseIncompatible(MessageCode.NETWORK_OUTPUT_INVALID), MemoryError(), KeyError("a bug")]
)
def test_a_batch_that_raises_an_error_is_left_to_this_process(paths, monkeypatch, error):
    reader = FileReader(ReadOptions(RELEASE_DIR))

    def examine_batch(*_):
        raise error

    monkeypatch.setattr(type(reader.gate), "examine_batch", examine_batch)
    assert read_rows(reader, paths[:2]) == [None, None]


# --- the end


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
def test_a_worker_killed_while_it_reads_is_reported(paths, start_worker):
    os.mkfifo("endless")  # opening it waits for a writer
    worker = start_worker()
    assert len(list(worker.read(paths))) == len(paths)  # the worker is up and has answered everything
    threading.Timer(0.5, worker._child.kill).start()
    with raises_message(WorkerLost, MessageCode.WORKER_LOST):
        list(worker.read([*paths, Path("endless")]))


def test_a_worker_killed_between_batches_is_reported(paths, start_worker):
    worker = start_worker()
    worker._child.kill()
    worker._child.wait()
    with raises_message(WorkerLost, MessageCode.WORKER_LOST):
        list(worker.read(paths))


def test_an_incomplete_row_is_reported(paths, start_worker, monkeypatch):
    worker = start_worker()
    monkeypatch.setattr(worker._child.stdout, "readline", lambda: b'{"path": "chest.png", "sta')
    with raises_message(WorkerLost, MessageCode.WORKER_LOST):
        list(worker.read(paths))


@pytest.mark.skipif(not hasattr(os, "getpgid"), reason="Windows has no such groups")
def test_ctrl_c_does_not_reach_a_worker(start_worker):
    assert os.getpgid(start_worker()._child.pid) != os.getpgid(0)


@pytest.mark.parametrize(
    "ending", ["", "os.kill(os.getpid(), 9)", pytest.param("raise SystemExit", marks=pytest.mark.full)]
)
def test_a_worker_ends_with_its_parent(ending):
    code = (
        "import os, pathlib\n"
        "from model.batch.file_reader import ReadOptions\n"
        "from model.batch.worker_process import WorkerProcess\n"
        "from model.inference.release_loader import RELEASE_DIR\n"
        "worker = WorkerProcess(ReadOptions(RELEASE_DIR))\n"
        "print(worker._child.pid, flush=True)\n"
        f"list(worker.read([pathlib.Path('missing')]))\n{ending}"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, stdout=subprocess.PIPE, check=False)
    pid = int(result.stdout)
    wait_until(lambda: not is_running(pid), "the worker has ended with its parent")
