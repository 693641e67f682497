"""One LiteRT network with named outputs."""

import threading
from collections.abc import Callable

import numpy as np

from model.errors import RESTORE_RELEASE_TEXT, ReleaseIncompatible
from model.inference.parallel import usable_cpus

Shapes = dict[str, tuple[int, ...]]
SignatureRunner = Callable[..., dict[str, np.ndarray]]


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
        self._room = threading.BoundedSemaphore(usable_cpus())
        run = self._open()
        inputs, found = run.get_input_details(), run.get_output_details()
        takes = [(tuple(detail["shape"]), detail["dtype"]) for detail in inputs.values()]
        gives = {name: tuple(detail["shape"]) for name, detail in found.items()}
        if takes != [((1, side, side, 1), np.float32)] or gives != outputs:
            raise ReleaseIncompatible(
                f"The trained network and its description do not fit each other. {RESTORE_RELEASE_TEXT}"
            )
        self._input = next(iter(inputs))
        self._free: list[SignatureRunner] = [run]

    def __call__(self, picture: np.ndarray) -> dict[str, np.ndarray]:
        """Run once on float32 (1, side, side, 1), 0-255; the outputs by name, without the first axis.

        Raises:
            ReleaseMismatch: an answer is not a finite number, which a comparison would read as NORMAL.
        """
        with self._room:
            answers = {name: values[0] for name, values in self._run(**{self._input: picture}).items()}
        if not all(np.isfinite(values).all() for values in answers.values()):
            raise ReleaseIncompatible(f"The trained network gave no number for this picture. {RESTORE_RELEASE_TEXT}")
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

    def _open(self) -> SignatureRunner:
        from ai_edge_litert.interpreter import Interpreter  # 0.2 s, wanted only by those who read

        try:
            interpreter = Interpreter(model_content=self._content, num_threads=self._threads)
            return interpreter.get_signature_runner()
        except (ValueError, RuntimeError) as error:
            raise ReleaseIncompatible(f"The trained network cannot be opened. {RESTORE_RELEASE_TEXT}") from error
