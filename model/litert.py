"""One LiteRT network with named outputs."""

import threading

import numpy as np

from model.errors import ADVICE, ReleaseMismatch

Shapes = dict[str, tuple[int, ...]]


class LiteRTNetwork:
    """Runs one network on one picture; safe to share between threads (an interpreter is not, so calls take turns)."""

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
        from ai_edge_litert.interpreter import Interpreter  # 0.2 s, wanted only by those who read

        self._lock = threading.Lock()
        try:
            interpreter = Interpreter(model_content=content, num_threads=threads)
            self._run = interpreter.get_signature_runner()
        except (ValueError, RuntimeError) as error:
            raise ReleaseMismatch(f"The trained network cannot be opened. {ADVICE}") from error
        inputs, found = self._run.get_input_details(), self._run.get_output_details()
        takes = [(tuple(detail["shape"]), detail["dtype"]) for detail in inputs.values()]
        gives = {name: tuple(detail["shape"]) for name, detail in found.items()}
        if takes != [((1, side, side, 1), np.float32)] or gives != outputs:
            raise ReleaseMismatch(f"The trained network and its description do not fit each other. {ADVICE}")
        self._input = next(iter(inputs))

    def __call__(self, picture: np.ndarray) -> dict[str, np.ndarray]:
        """Run once on float32 (1, side, side, 1), 0-255; the outputs by name, without the first axis.

        Raises:
            ReleaseMismatch: an answer is not a finite number, which a comparison would read as NORMAL.
        """
        with self._lock:
            answers = {name: values[0].copy() for name, values in self._run(**{self._input: picture}).items()}
        if not all(np.isfinite(values).all() for values in answers.values()):
            raise ReleaseMismatch(f"The trained network gave no number for this picture. {ADVICE}")
        return answers
