"""One LiteRT network with named outputs."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from model.errors import ADVICE, ReleaseMismatch

Shapes = dict[str, tuple[int, ...]]
Run = Callable[..., dict[str, np.ndarray]]
Item, Result = TypeVar("Item"), TypeVar("Result")


def usable_processors() -> int:
    """Processors that this process may use, which may be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LiteRTNetwork:
    """Runs one network on one picture; safe to share between threads.

    An interpreter is not, so each call takes one that is free, or opens another, up to one per processor. So pictures
    that are read at the same time cost no more than one after the other on a processor of its own: two interpreters of
    one thread each get more done than one of two threads.
    """

    def __init__(self, content: bytes, side: int, outputs: Shapes, threads: int | None = None):
        """Open the network.

        Args:
            content: of the LiteRT file.
            side: height and width of the picture it is said to take: float32 (1, side, side, 1).
            outputs: name to shape of what it is said to answer.
            threads: processor threads for one picture; by default the runtime decides.

        Raises:
            ReleaseMismatch: it cannot be opened, or takes or gives anything else.
        """
        self._content, self._threads = content, threads
        self._room = threading.BoundedSemaphore(usable_processors())
        run = self._open()
        inputs, found = run.get_input_details(), run.get_output_details()
        takes = [(tuple(detail["shape"]), detail["dtype"]) for detail in inputs.values()]
        gives = {name: tuple(detail["shape"]) for name, detail in found.items()}
        if takes != [((1, side, side, 1), np.float32)] or gives != outputs:
            raise ReleaseMismatch(f"The trained network and its description do not fit each other. {ADVICE}")
        self._input = next(iter(inputs))
        self._free: list[Run] = [run]

    def __call__(self, picture: np.ndarray) -> dict[str, np.ndarray]:
        """Run once on float32 (1, side, side, 1), 0-255; the outputs by name, without the first axis.

        Raises:
            ReleaseMismatch: an answer is not a finite number, which a comparison would read as NORMAL.
        """
        with self._room:
            answers = {name: values[0] for name, values in self._run(**{self._input: picture}).items()}
        if not all(np.isfinite(values).all() for values in answers.values()):
            raise ReleaseMismatch(f"The trained network gave no number for this picture. {ADVICE}")
        return answers

    def _run(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        try:
            run = self._free.pop()
        except IndexError:  # all are at work, and there is room for one more
            run = self._open()
        try:
            return {name: values.copy() for name, values in run(**inputs).items()}  # before another takes its place
        finally:
            self._free.append(run)

    def _open(self) -> Run:
        from ai_edge_litert.interpreter import Interpreter  # 0.2 s, wanted only by those who read

        try:
            interpreter = Interpreter(model_content=self._content, num_threads=self._threads)
            return interpreter.get_signature_runner()
        except (ValueError, RuntimeError) as error:
            raise ReleaseMismatch(f"The trained network cannot be opened. {ADVICE}") from error


def run_many(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """What `work` gives for each item, in their order, on all processors; for work that networks and decoders dominate.

    No more items are taken from than are at work, so that a long list takes no more memory than a short one.
    """
    pool = ThreadPoolExecutor(usable_processors())
    ahead: deque[Future[Result]] = deque()
    try:
        for item in items:
            ahead.append(pool.submit(work, item))
            if len(ahead) > 2 * usable_processors():
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:  # an error, or nobody wants the rest
        pool.shutdown(wait=False, cancel_futures=True)
