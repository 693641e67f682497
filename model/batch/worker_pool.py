"""Read many files in parallel, with one thread or worker process per CPU, and return results in the order of the files.

Threads use all CPUs only while networks and decoders run. A quarter of the work on a small image is Python code, which
runs in one thread of a process at a time. A long list of files is therefore read by one process per CPU.
"""

import itertools
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue

from model.batch.file_reader import FileReader, FileResult, ReadOptions
from model.batch.worker_process import WorkerProcess
from model.inference.parallel import ordered_map, usable_cpus

MIN_FILES_PER_WORKER = 128  # files per process; with fewer files, starting a process costs more time than it saves
BATCH_SIZE = 8  # files per request to a worker; batches reduce the cost per request and use the processor's cache


@contextmanager
def worker_pool(options: ReadOptions, n_files: int) -> Iterator[list[WorkerProcess]]:
    """Start as many worker processes as are worthwhile for a number of files, and end them after the `with` block.

    This process counts as one, so no worker is started for a short list. No worker is started for heat maps either:
    their check runs the network hundreds of times but little Python code, so threads are as fast.

    Yields:
        The workers. If the system cannot start all of them, threads replace the missing ones.

    Raises:
        WorkerLost: A worker ended immediately after its start.
    """
    n_workers = 0 if options.heatmaps else min(usable_cpus(), n_files // MIN_FILES_PER_WORKER) - 1
    workers: list[WorkerProcess] = []
    try:
        with suppress(OSError):
            workers.extend(WorkerProcess(options) for _ in range(n_workers))  # keeps those started before an error
        yield workers
    finally:
        for worker in workers:
            worker.kill()


def read_files(
    reader: FileReader, workers: Sequence[WorkerProcess], paths: Iterable[Path]
) -> Generator[FileResult, None, None]:
    """Read files with the workers, and with threads of this process on the remaining CPUs.

    Looks ahead at most two batches per CPU, so memory does not grow with the number of files. Without workers, a batch
    is one file.

    Args:
        reader: Reader of this process.
        workers: Running workers with the same options.
        paths: Files to read; consumed as needed.

    Yields:
        One result per file, in the order of the files. An error is raised only after all earlier results.

    Raises:
        ReleaseIncompatible: A network returned a value that is not finite.
        WorkerLost: A worker has ended.
    """
    batch_reader = _BatchReader(reader, workers)
    try:
        for results, error in ordered_map(batch_reader.read, _batches(paths, BATCH_SIZE if workers else 1)):
            yield from results
            if error:
                raise error
    finally:
        batch_reader.stop()


class _BatchReader:
    """Reads batches of files, each in an idle worker or in this process. Use it from one thread per CPU."""

    def __init__(self, reader: FileReader, workers: Sequence[WorkerProcess]) -> None:
        self._reader = reader
        self._stopped = threading.Event()
        self._idle: SimpleQueue[WorkerProcess | None] = SimpleQueue()  # None: the calling thread reads the batch itself
        for worker in [*[None] * (usable_cpus() - len(workers)), *workers]:
            self._idle.put(worker)

    def stop(self) -> None:
        """Let batches in progress end after their current file."""
        self._stopped.set()

    def read(self, batch: Sequence[Path]) -> tuple[list[FileResult], Exception | None]:
        """Return the results of a batch, and the error that ended it, if any."""
        results: list[FileResult] = []
        worker = self._idle.get()
        try:
            for result in self._read_with_worker(worker, batch) if worker else self._read_in_process(batch):
                if self._stopped.is_set():
                    break
                results.append(result)
        except Exception as error:
            worker = None  # it cannot read another batch, because its remaining answers belong to this one
            return results, error
        finally:
            self._idle.put(worker)
        return results, None

    def _read_with_worker(self, worker: WorkerProcess, batch: Sequence[Path]) -> Iterator[FileResult]:
        for path, row in zip(batch, worker.read(batch), strict=True):
            yield FileResult(row) if row else self._reader.read([path])[0]

    def _read_in_process(self, batch: Sequence[Path]) -> Iterator[FileResult]:
        results: Iterable[FileResult]
        try:
            results = self._reader.read(itertools.takewhile(lambda _: not self._stopped.is_set(), batch))
        except Exception:  # read file by file, to keep the results before the file that fails
            results = (self._reader.read([path])[0] for path in batch)
        yield from results


def _batches(paths: Iterable[Path], size: int) -> Iterator[list[Path]]:
    remaining = iter(paths)
    while batch := list(itertools.islice(remaining, size)):
        yield batch
