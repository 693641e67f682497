"""Read a radiograph with the released network: one forward pass gives probability, heat map and embedding."""

import math
import threading
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from model.errors import ReleaseMismatch
from model.preprocess import preprocess
from model.radiograph import Radiograph
from model.release import ADVICE, OperatingPoint, Release

OUTPUTS = ("logit", "class_activation_map", "embedding")


class Verdict(StrEnum):
    """What the probability means at the operating point."""

    NORMAL = "NORMAL"
    PNEUMONIA = "PNEUMONIA"


@dataclass(frozen=True, eq=False)
class Finding:
    """What the reader says of one radiograph.

    probability: of pneumonia, 0-1, calibrated at the training prevalence.
    heat_map: float32 (rows, columns) of the network's last feature map, 0-1 on the release's fixed scale; covers the
        whole radiograph. All zeros: no positive evidence.
    embedding: float32 (channels,), the pooled feature map.
    cautions: codes of what the reader of the finding should know.
    """

    probability: float
    verdict: Verdict
    operating_point: OperatingPoint
    heat_map: np.ndarray
    embedding: np.ndarray
    model_version: str
    cautions: tuple[str, ...] = field(default=())


@dataclass(frozen=True, eq=False)
class RawReading:
    """The network's own outputs: logit, signed class-activation map (rows, columns) in logits, embedding."""

    logit: float
    class_activation_map: np.ndarray
    embedding: np.ndarray


class Reader:
    """Reads with one release; safe to share between threads (an interpreter is not, so calls take turns)."""

    def __init__(self, release: Release, threads: int | None = None):
        """Open the network.

        Args:
            release: verified release.
            threads: processor threads for one reading; by default the runtime decides.

        Raises:
            ReleaseMismatch: the network's inputs or outputs are not those that model.json declares.
        """
        from ai_edge_litert.interpreter import Interpreter  # 0.2 s, wanted only by those who read

        self.release = release
        self._lock = threading.Lock()
        try:
            interpreter = Interpreter(model_content=release.network, num_threads=threads)
            self._run = interpreter.get_signature_runner()
        except (ValueError, RuntimeError) as error:
            raise ReleaseMismatch(f"The trained network cannot be opened. {ADVICE}") from error
        self._input_name = self._check_shapes()

    def read(self, radiograph: Radiograph, operating_point: OperatingPoint | None = None) -> Finding:
        """Read one radiograph at the operating point given, or at the release's default.

        Raises:
            ReleaseMismatch: the network answers with anything that is not a finite number.
        """
        point = operating_point or self.release.operating_point()
        raw = self.raw(preprocess(radiograph, self.release.input.height, self.release.input.width))
        if not all(np.isfinite(part).all() for part in (raw.logit, raw.class_activation_map, raw.embedding)):
            raise ReleaseMismatch(f"The trained network gave no number for this picture. {ADVICE}")  # NaN reads NORMAL
        probability = calibrated(raw.logit, self.release)
        return Finding(
            probability=probability,
            verdict=Verdict.PNEUMONIA if probability >= point.threshold else Verdict.NORMAL,
            operating_point=point,
            heat_map=np.clip(raw.class_activation_map / self.release.map_scale, 0, 1),
            embedding=raw.embedding,
            model_version=self.release.version,
        )

    def raw(self, picture: np.ndarray) -> RawReading:
        """Run the network once on float32 (1, height, width, 1), 0-255."""
        with self._lock:
            outputs = self._run(**{self._input_name: picture})
        return RawReading(
            logit=float(outputs["logit"][0, 0]),
            class_activation_map=outputs["class_activation_map"][0].copy(),
            embedding=outputs["embedding"][0].copy(),
        )

    def _check_shapes(self) -> str:
        """Compare the network with its description; the name of its input."""
        inputs = {name: tuple(detail["shape"]) for name, detail in self._run.get_input_details().items()}
        outputs = {name: tuple(detail["shape"]) for name, detail in self._run.get_output_details().items()}
        expected = (1, self.release.input.height, self.release.input.width, 1)
        declared = {name: self.release.outputs.get(name) for name in OUTPUTS}
        if list(inputs.values()) != [expected] or outputs != declared:
            raise ReleaseMismatch(f"The trained network and its description do not fit each other. {ADVICE}")
        return next(iter(inputs))


def calibrated(logit: float, release: Release) -> float:
    """Probability of pneumonia, 0-1, of a logit of the release's network."""
    log_odds = release.calibration.slope * logit + release.calibration.intercept
    return 1 / (1 + math.exp(min(-log_odds, 700.0)))  # exp overflows from 710
