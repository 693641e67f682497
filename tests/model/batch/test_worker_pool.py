"""How many workers are started, and the order of results from this process, from workers, or from both."""

import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from model.batch import worker_pool as module
from model.batch.file_reader import FileResult, ReadOptions
from model.batch.worker_pool import BATCH_SIZE, read_files, worker_pool
from model.errors import ReleaseIncompatible, WorkerLost
from model.inference import parallel
from model.inference.release_loader import RELEASE_DIR
from model.messages import MessageCode

OPTIONS = ReadOptions(RELEASE_DIR)
MANY = 10_000  # files
PATHS = [Path(f"{number:03}.png") for number in range(200)]


@pytest.fixture
def set_cpus(monkeypatch):
    """Run as on a machine with a number of CPUs: `set_cpus(4)`."""

    def set_count(count: int) -> None:
        for patched in (parallel, module):
            monkeypatch.setattr(patched, "usable_cpus", lambda: count)

    return set_count


# --- how many workers


@pytest.mark.parametrize(
    ("cpus", "n_files", "heatmaps", "n_workers"),
    [
        (1, MANY, False, 0),
        (2, 1, False, 0),
        (2, 255, False, 0),
        (2, 256, False, 1),
        (2, MANY, False, 1),
        (2, MANY, True, 0),  # the networks do most of the work, so threads are as fast
        (8, 400, False, 2),
        (8, MANY, False, 7),
        (8, 0, False, 0),
    ],
)
def test_a_long_list_has_a_process_for_each_cpu(monkeypatch, set_cpus, cpus, n_files, heatmaps, n_workers):
    started = []

    class FakeWorker:
        def __init__(self, options: ReadOptions):
            started.append(options)

        def kill(self) -> None:
            pass

    monkeypatch.setattr(module, "WorkerProcess", FakeWorker)
    set_cpus(cpus)
    options = ReadOptions(RELEASE_DIR, heatmaps=heatmaps)
    with worker_pool(options, n_files) as workers:
        assert len(workers) == len(started) == n_workers
    assert started == [options] * n_workers


@pytest.mark.slow
@pytest.mark.parametrize("error", [None, KeyboardInterrupt(), WorkerLost(MessageCode.WORKER_LOST)])
def test_workers_are_killed_however_the_block_ends(set_cpus, error):
    set_cpus(3)
    processes = []
    try:
        with worker_pool(OPTIONS, MANY) as workers:
            processes = [worker._child for worker in workers]
            assert [process.poll() for process in processes] == [None, None]
            if error:
                raise error
    except (KeyboardInterrupt, WorkerLost):
        pass
    killed = -signal.SIGKILL if hasattr(signal, "SIGKILL") else 1
    assert [process.returncode for process in processes] == [killed, killed]


class ThirdFails:
    """Worker whose third instance cannot be started."""

    started: ClassVar[list] = []
    killed: ClassVar[list] = []

    def __init__(self, error: Exception):
        self.started.append(self)
        if len(self.started) == 3:
            raise error

    def kill(self) -> None:
        self.killed.append(self)


@pytest.fixture
def third_fails(monkeypatch, set_cpus):
    """Make the third of eight workers raise an error: `third_fails(error)` returns the class of the workers."""

    def replace_workers(error: Exception) -> type[ThirdFails]:
        worker_class = type("Worker", (ThirdFails,), {"started": [], "killed": []})
        monkeypatch.setattr(module, "WorkerProcess", lambda _: worker_class(error))
        set_cpus(8)
        return worker_class

    return replace_workers


def test_fewer_workers_are_used_if_the_system_cannot_start_more(third_fails):
    worker_class = third_fails(BlockingIOError(11, "Resource temporarily unavailable"))
    with worker_pool(OPTIONS, MANY) as workers:
        assert workers == worker_class.started[:2]
        assert worker_class.killed == []
    assert worker_class.killed == worker_class.started[:2]


def test_a_worker_lost_at_its_start_ends_the_others(third_fails):
    worker_class = third_fails(WorkerLost(MessageCode.WORKER_LOST))
    with pytest.raises(WorkerLost), worker_pool(OPTIONS, MANY):
        pytest.fail("not all were started")
    assert worker_class.killed == worker_class.started[:2]


# --- reading in order


class FakeReader:
    """Replaces the FileReader of this process."""

    def __init__(self, failing: Path | None = None, seconds: float = 0.0, error: Exception | None = None):
        self.failing, self.seconds, self.error = failing, seconds, error
        self.paths_read: list[Path] = []

    def read(self, paths: Iterable[Path]) -> list[FileResult]:
        return [self.read_one(path) for path in paths]

    def read_one(self, path: Path) -> FileResult:
        self.paths_read.append(path)
        threading.Event().wait(self.seconds)
        if path == self.failing:
            raise self.error
        return FileResult({"path": str(path)})


class FakeWorker:
    """Replaces a worker: leaves files whose stem ends in `leaves` to this process, and is lost at `lost_at`."""

    def __init__(self, leaves: str = "none", lost_at: Path | None = None, seconds: float = 0.0):
        self.leaves, self.lost_at, self.seconds = leaves, lost_at, seconds
        self.batches: list[list[Path]] = []

    def read(self, paths: Sequence[Path]) -> Iterator[dict | None]:
        self.batches.append(list(paths))
        for path in paths:
            threading.Event().wait(self.seconds)
            if path == self.lost_at:
                raise WorkerLost(MessageCode.WORKER_LOST)
            yield None if path.stem.endswith(self.leaves) else {"path": str(path)}


@pytest.fixture(autouse=True)
def three_cpus(set_cpus):
    set_cpus(3)


def names(results: Iterable[FileResult]) -> list[str]:
    return [result.row["path"] for result in results]


@pytest.mark.parametrize("cpus", [1, 2, 3])
def test_results_come_in_the_order_of_the_files(set_cpus, cpus):
    set_cpus(cpus)
    workers = [FakeWorker(seconds=0.001 * number) for number in range(cpus - 1)]
    reader = FakeReader(seconds=0.0005)
    assert names(read_files(reader, workers, PATHS)) == [str(path) for path in PATHS]
    assert all(worker.batches for worker in workers)
    assert reader.paths_read


def test_a_file_that_a_worker_leaves_is_read_in_this_process_in_its_place():
    reader = FakeReader()
    assert names(read_files(reader, [FakeWorker("7"), FakeWorker("7")], PATHS)) == [str(path) for path in PATHS]
    assert {path for path in PATHS if path.stem.endswith("7")} <= set(reader.paths_read)


def test_a_worker_reads_one_batch_at_a_time():
    class ExclusiveWorker(FakeWorker):
        def read(self, paths: Sequence[Path]) -> Iterator[dict | None]:
            assert self not in busy
            busy.append(self)
            yield from super().read(paths)
            busy.remove(self)

    busy: list[ExclusiveWorker] = []
    workers = [ExclusiveWorker(seconds=0.0005), ExclusiveWorker(seconds=0.0005)]
    assert len(list(read_files(FakeReader(seconds=0.0005), workers, PATHS))) == len(PATHS)


@pytest.mark.parametrize("n_workers", [0, 2])
def test_the_look_ahead_is_bounded(n_workers):
    taken = []
    batch_size = BATCH_SIZE if n_workers else 1
    paths = (taken.append(path) or path for path in PATHS)
    results = read_files(FakeReader(), [FakeWorker() for _ in range(n_workers)], paths)
    for n_results in range(50):
        next(results)
        assert len(taken) <= n_results + batch_size * (2 + 2 * 3)
    results.close()


@pytest.mark.parametrize("n_workers", [0, 1, 2])
@pytest.mark.parametrize("error", [ReleaseIncompatible(MessageCode.NETWORK_OUTPUT_INVALID), MemoryError()])
def test_an_error_comes_after_all_earlier_results(n_workers, error):
    workers = [FakeWorker("21") for _ in range(n_workers)]
    results = read_files(FakeReader(PATHS[21], error=error), workers, PATHS)
    assert names(next(results) for _ in range(21)) == [str(path) for path in PATHS[:21]]
    with pytest.raises(type(error)) as raised:
        next(results)
    assert raised.value is error


def test_a_lost_worker_ends_the_reading_after_all_earlier_results():
    workers = [FakeWorker(lost_at=PATHS[40]) for _ in range(2)]
    results = read_files(FakeReader(seconds=0.01), workers, [*PATHS[:40], *[PATHS[40]] * 100])
    assert names(next(results) for _ in range(40)) == [str(path) for path in PATHS[:40]]
    with pytest.raises(WorkerLost):
        list(results)


@pytest.mark.slow
@pytest.mark.parametrize("leaves", ["", "none"])
def test_reading_stops_soon_after_the_caller_stops_iterating(leaves):
    reader = FakeReader(seconds=0.1)
    results = read_files(reader, [FakeWorker(leaves, seconds=0.1)], PATHS)
    next(results)
    results.close()
    threading.Event().wait(0.2)  # files in progress may end, but not the rest of their batches
    n_read = len(reader.paths_read)
    threading.Event().wait(0.3)
    assert len(reader.paths_read) == n_read
