"""Ordered, bounded parallel map over the usable CPUs."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def usable_cpus() -> int:
    """Return the number of CPUs that this process may use, which may be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ordered_map(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Apply a function to items in parallel threads and yield the results in the order of the items.

    The function should spend its time in networks and decoders, which release the interpreter lock. At most two items
    per CPU are taken in advance, so memory does not grow with the length of the input.
    """
    pool = ThreadPoolExecutor(usable_cpus())
    pending: deque[Future[Result]] = deque()
    try:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) > 2 * usable_cpus():
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:  # also after an error, or when the caller stops iterating
        pool.shutdown(wait=False, cancel_futures=True)
