"""Thread-safe LiteRT network with named outputs."""

import threading
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from model.errors import ReleaseIncompatible
from model.inference.parallel import usable_cpus
from model.messages import MessageCode

Shape = tuple[int, ...]


class SignatureRunner(Protocol):
    """The part of LiteRT's signature runner that is used here."""

    def __call__(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Run the network once and return its outputs by name, as views of the interpreter's buffers."""

    def get_input_details(self) -> dict[str, Any]:
        """Return shape and dtype of each input by name."""

    def get_output_details(self) -> dict[str, Any]:
        """Return shape and dtype of each output by name."""


class LiteRTNetwork:
    """LiteRT network with one image input. Safe to share between threads.

    A LiteRT interpreter is not thread-safe, so each call uses an idle interpreter or opens another, up to one per CPU.
    Two interpreters with one thread each have a higher throughput than one interpreter with two threads.
    """

    def __init__(
        self, content: bytes, side: int, outputs: Mapping[str, Shape | None], threads: int | None = None
    ) -> None:
        """Open the network.

        Args:
            content: Bytes of the LiteRT file.
            side: Declared height and width of the input, which is float32 (1, side, side, 1).
            outputs: Declared shape of each output by name.
            threads: CPU threads per image; None leaves the choice to LiteRT.

        Raises:
            ReleaseIncompatible: The file cannot be opened, or the inputs or outputs differ from those declared.
        """
        self._content, self._threads = content, threads
        self._slots = threading.BoundedSemaphore(usable_cpus())
        runner = self._open()
        inputs = runner.get_input_details()
        actual_inputs = [(tuple(detail["shape"]), detail["dtype"]) for detail in inputs.values()]
        actual_outputs = {name: tuple(detail["shape"]) for name, detail in runner.get_output_details().items()}
        if actual_inputs != [((1, side, side, 1), np.float32)] or actual_outputs != outputs:
            raise ReleaseIncompatible(MessageCode.NETWORK_INCOMPATIBLE)
        self._input = next(iter(inputs))
        self._idle: list[SignatureRunner] = [runner]

    def __call__(self, network_input: np.ndarray) -> dict[str, np.ndarray]:
        """Run the network once.

        Args:
            network_input: float32 (1, side, side, 1), 0-255.

        Returns:
            The outputs by name, without the batch axis.

        Raises:
            ReleaseIncompatible: An output is not finite. NaN would otherwise be classified as NORMAL.
        """
        with self._slots:
            outputs = {name: values[0] for name, values in self._run(**{self._input: network_input}).items()}
        if not all(np.isfinite(values).all() for values in outputs.values()):
            raise ReleaseIncompatible(MessageCode.NETWORK_OUTPUT_INVALID)
        return outputs

    def _run(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        try:
            runner = self._idle.pop()
        except IndexError:  # all interpreters are busy, but the semaphore allows one more
            runner = self._open()
        try:
            # The next run of this interpreter overwrites its output buffers.
            return {name: values.copy() for name, values in runner(**inputs).items()}
        finally:
            self._idle.append(runner)

    def _open(self) -> SignatureRunner:
        from ai_edge_litert.interpreter import Interpreter  # importing takes 0.2 s, and only inference needs it

        try:
            interpreter = Interpreter(model_content=self._content, num_threads=self._threads)
            runner: SignatureRunner = interpreter.get_signature_runner()
            return runner
        except (ValueError, RuntimeError) as error:
            raise ReleaseIncompatible(MessageCode.NETWORK_UNUSABLE) from error
