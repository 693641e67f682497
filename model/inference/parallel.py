"""Ordered, bounded parallel map over the usable CPUs."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item, Result = TypeVar("Item"), TypeVar("Result")


def usable_cpus() -> int:
    """Processors that this process may use, which may be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ordered_map(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """What `work` gives for each item, in their order, on all processors; for work that networks and decoders dominate.

    No more items are taken from than are at work, so that a long list takes no more memory than a short one.
    """
    pool = ThreadPoolExecutor(usable_cpus())
    ahead: deque[Future[Result]] = deque()
    try:
        for item in items:
            ahead.append(pool.submit(work, item))
            if len(ahead) > 2 * usable_cpus():
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:  # an error, or nobody wants the rest
        pool.shutdown(wait=False, cancel_futures=True)
