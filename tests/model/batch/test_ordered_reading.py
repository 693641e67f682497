"""Many files in their order: in this process, by helpers, or both."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from model.batch import ordered_reading as many
from model.batch.file_reader import FileResult
from model.batch.ordered_reading import BATCH_SIZE, read_files
from model.errors import ReleaseIncompatible, WorkerLost
from model.inference import litert

PATHS = [Path(f"{number:03}.png") for number in range(200)]


class Here:
    """Stands in for what reads in this process."""

    def __init__(self, failing: Path | None = None, seconds: float = 0.0, error: Exception | None = None):
        self.failing, self.seconds, self.error, self.read_here = failing, seconds, error, []

    def read(self, paths: Iterable[Path]) -> list[FileResult]:
        return [self.read_one(path) for path in paths]

    def read_one(self, path: Path) -> FileResult:
        self.read_here.append(path)
        threading.Event().wait(self.seconds)
        if path == self.failing:
            raise self.error
        return FileResult({"path": str(path)})


class Help:
    """Stands in for a helper; leaves every file whose number ends in `left`, and is lost at `lost`."""

    def __init__(self, left: str = "none", lost: Path | None = None, seconds: float = 0.0):
        self.left, self.lost, self.seconds, self.batches = left, lost, seconds, []

    def read(self, paths: Sequence[Path]) -> Iterator[dict | None]:
        self.batches.append(list(paths))
        for path in paths:
            threading.Event().wait(self.seconds)
            if path == self.lost:
                raise WorkerLost("lost")
            yield None if path.stem.endswith(self.left) else {"path": str(path)}


@pytest.fixture(autouse=True)
def processors(monkeypatch):
    """As on a machine of three processors; `processors(1)` for another."""

    def are(count: int) -> None:
        for module in (litert, many):
            monkeypatch.setattr(module, "usable_processors", lambda: count)

    are(3)
    return are


def names(reads) -> list[str]:
    return [read.row["path"] for read in reads]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_rows_come_in_the_order_of_the_files_whoever_reads_them(processors, count):
    processors(count)
    helpers = [Help(seconds=0.001 * number) for number in range(count - 1)]
    here = Here(seconds=0.0005)
    assert names(read_files(here, helpers, PATHS)) == [str(path) for path in PATHS]
    assert all(helper.batches for helper in helpers)
    assert here.read_here


def test_what_a_helper_leaves_is_read_here_in_its_place():
    here = Here()
    assert names(read_files(here, [Help("7"), Help("7")], PATHS)) == [str(path) for path in PATHS]
    assert {path for path in PATHS if path.stem.endswith("7")} <= set(here.read_here)


def test_a_helper_reads_for_one_at_a_time():
    class Alone(Help):
        def read(self, paths: Sequence[Path]) -> Iterator[dict | None]:
            assert self not in busy
            busy.append(self)
            yield from super().read(paths)
            busy.remove(self)

    busy: list[Alone] = []
    helpers = [Alone(seconds=0.0005), Alone(seconds=0.0005)]
    assert len(list(read_files(Here(seconds=0.0005), helpers, PATHS))) == len(PATHS)


@pytest.mark.parametrize("helping", [0, 2])
def test_no_more_files_are_taken_than_are_worked_on(helping):
    taken = []
    size = BATCH_SIZE if helping else 1
    paths = (taken.append(path) or path for path in PATHS)
    results = read_files(Here(), [Help() for _ in range(helping)], paths)
    for wanted in range(50):
        next(results)
        assert len(taken) <= wanted + size * (2 + 2 * 3)
    results.close()


@pytest.mark.parametrize("helping", [0, 1, 2])
@pytest.mark.parametrize("error", [ReleaseIncompatible("no number"), MemoryError("no number")])
def test_an_error_comes_after_what_was_read_before_it(helping, error):
    results = read_files(Here(PATHS[21], error=error), [Help("21") for _ in range(helping)], PATHS)
    assert names(next(results) for _ in range(21)) == [str(path) for path in PATHS[:21]]
    with pytest.raises(type(error), match="no number"):
        next(results)


def test_a_helper_that_is_lost_ends_all_after_the_rows_before():
    reads = read_files(Here(seconds=0.01), [Help(lost=PATHS[40]) for _ in range(2)], [*PATHS[:40], *[PATHS[40]] * 100])
    assert names(next(reads) for _ in range(40)) == [str(path) for path in PATHS[:40]]
    with pytest.raises(WorkerLost, match="lost"):
        list(reads)


@pytest.mark.parametrize("left", ["", "none"])
def test_nothing_is_read_any_more_once_nobody_wants_the_rest(left):
    here = Here(seconds=0.1)
    results = read_files(here, [Help(left, seconds=0.1)], PATHS)
    next(results)
    results.close()
    threading.Event().wait(0.2)  # the files at work may end, and nothing more of their batches
    done = len(here.read_here)
    threading.Event().wait(0.3)
    assert len(here.read_here) == done
