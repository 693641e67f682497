"""Many files read on all processors, their rows in the order of the files."""

import itertools
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue

from model.batch.file_reader import FileReader, FileResult
from model.batch.worker_pool import WorkerProcess
from model.inference.parallel import ordered_map, usable_cpus

BATCH_SIZE = 8  # files that are read at once where there are many: asking takes little then, and reading less


def read_files(here: FileReader, helpers: Sequence[WorkerProcess], paths: Iterable[Path]) -> Iterator[FileResult]:
    """What becomes of each file, in their order: a thread of this process, or a helper, for each processor.

    No more files are taken than are worked on. An error comes after what was read before it.

    Raises:
        ReleaseMismatch: a network gave no number.
        HelperLost: a helper has ended.
    """
    places: SimpleQueue[WorkerProcess | None] = SimpleQueue()  # where nobody reads at present; None: in this process
    for place in [None] * (usable_cpus() - len(helpers)) + list(helpers):
        places.put(place)
    ended = threading.Event()

    def read(batch: Sequence[Path]) -> tuple[list[FileResult], Exception | None]:
        done: list[FileResult] = []
        place = places.get()
        try:
            for one in _read_with_worker(here, place, batch) if place else _read_in_process(here, batch, ended):
                if ended.is_set():
                    break
                done.append(one)
        except Exception as error:
            place = None  # a helper amid a batch would answer the next one with what is left of this
            return done, error
        finally:
            places.put(place)
        return done, None

    try:
        for done, error in ordered_map(read, _batches(paths, BATCH_SIZE if helpers else 1)):
            yield from done
            if error:
                raise error
    finally:
        ended.set()


def _read_with_worker(here: FileReader, helper: WorkerProcess, batch: Sequence[Path]) -> Iterator[FileResult]:
    for path, row in zip(batch, helper.read(batch), strict=True):
        yield FileResult(row) if row else here.read([path])[0]


def _read_in_process(here: FileReader, batch: Sequence[Path], ended: threading.Event) -> Iterator[FileResult]:
    try:
        read = here.read(itertools.takewhile(lambda _: not ended.is_set(), batch))
    except Exception:  # one by one then, up to that with which it goes wrong
        read = (here.read([path])[0] for path in batch)
    yield from read


def _batches(paths: Iterable[Path], size: int) -> Iterator[list[Path]]:
    rest = iter(paths)
    while batch := list(itertools.islice(rest, size)):
        yield batch
