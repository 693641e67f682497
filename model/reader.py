"""Read a radiograph with the released networks: one finds the lungs, one reads what the release's view shows of them.

One forward pass of the second gives probability, heat map and embedding.
"""

import math
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from model.box import Box
from model.litert import LiteRTNetwork
from model.lungs import LungFinder
from model.preprocess import working_picture
from model.radiograph import Radiograph
from model.release import OperatingPoint, Release

OUTPUTS = ("logit", "class_activation_map", "embedding")
LUNGS_NOT_FOUND = "lungs_not_found"  # caution: whatever the view, the whole picture was read


class Verdict(StrEnum):
    """What the probability means at the operating point."""

    NORMAL = "NORMAL"
    PNEUMONIA = "PNEUMONIA"


@dataclass(frozen=True, eq=False)
class Finding:
    """What the reader says of one radiograph.

    probability: of pneumonia, 0-1, calibrated at the training prevalence.
    heat_map: float32 (rows, columns) of the network's last feature map, 0-1 on the release's fixed scale. All zeros: no
        positive evidence.
    heat_map_box: the part of the radiograph that the network saw and the map covers.
    embedding: float32 (channels,), the pooled feature map.
    cautions: codes of what the reader of the finding should know.
    """

    probability: float
    verdict: Verdict
    operating_point: OperatingPoint
    heat_map: np.ndarray
    heat_map_box: Box
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
    """Reads with one release; safe to share between threads.

    release: what it reads with; finder: finds the lungs.
    """

    def __init__(self, release: Release, threads: int | None = None):
        """Open the networks.

        Args:
            release: verified release.
            threads: processor threads for one reading; by default the runtime decides.

        Raises:
            ReleaseMismatch: the inputs or outputs of a network are not those that model.json declares.
        """
        self.release = release
        self.finder = LungFinder(release.lungs.network, release.lungs.side, threads)
        outputs = {name: release.outputs.get(name) for name in OUTPUTS}
        self._network = LiteRTNetwork(release.network, release.side, outputs, threads)

    def read(self, radiograph: Radiograph, operating_point: OperatingPoint | None = None) -> Finding:
        """Read one radiograph at the operating point given, or at the release's default.

        Raises:
            ReleaseMismatch: a network answers with anything that is not a finite number.
        """
        point = operating_point or self.release.operating_point()
        working = working_picture(radiograph)
        lungs = self.finder.find(working)
        raw = self.raw(self.release.view.look(working, lungs, self.release.side))
        probability = calibrated(raw.logit, self.release)
        return Finding(
            probability=probability,
            verdict=Verdict.PNEUMONIA if probability >= point.threshold else Verdict.NORMAL,
            operating_point=point,
            heat_map=np.clip(raw.class_activation_map / self.release.map_scale, 0, 1),
            heat_map_box=self.release.view.box(lungs),
            embedding=raw.embedding,
            model_version=self.release.version,
            cautions=() if lungs else (LUNGS_NOT_FOUND,),
        )

    def raw(self, seen: np.ndarray) -> RawReading:
        """Run the reader network once on what the view shows: float32 (1, side, side, 1), 0-255."""
        outputs = self._network(seen)
        return RawReading(float(outputs["logit"][0]), outputs["class_activation_map"], outputs["embedding"])


def calibrated(logit: float, release: Release) -> float:
    """Probability of pneumonia, 0-1, of a logit of the release's network."""
    log_odds = release.calibration.slope * logit + release.calibration.intercept
    return 1 / (1 + math.exp(min(-log_odds, 700.0)))  # exp overflows from 710
