"""Read a radiograph with the released networks: one finds the lungs, one reads what the release's view shows of them.

One forward pass of the second gives probability, heat map and embedding.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from model.box import Box
from model.litert import LiteRTNetwork
from model.lungs import LungFinder
from model.preprocess import working_picture
from model.radiograph import Radiograph
from model.release import Release
from model.verdict import OperatingPoint, Verdict, at_prevalence, judge

OUTPUTS = ("logit", "class_activation_map", "embedding")
# Cautions: whatever the view, the whole picture was read; the patient is not of the age that the reader is made for.
LUNGS_NOT_FOUND, OUTSIDE_POPULATION = "lungs_not_found", "outside_population"


@dataclass(frozen=True, eq=False)
class Finding:
    """What the reader says of one radiograph.

    probability: of pneumonia, 0-1, calibrated, at the prevalence.
    prevalence: share of pneumonia among those who are filmed, 0-1, that probability and threshold are stated at.
    verdict: the same at every prevalence.
    heat_map: float32 (rows, columns) of the network's last feature map, 0-1 on the release's fixed scale. All zeros: no
        positive evidence.
    heat_map_box: the part of the radiograph that the network saw and the map covers.
    embedding: float32 (channels,), the pooled feature map.
    cautions: codes of what the reader of the finding should know.
    """

    probability: float
    prevalence: float
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

    def read(self, radiograph: Radiograph) -> Finding:
        """Read one radiograph, at the release's default operating point and training prevalence; see `stated`.

        Raises:
            ReleaseMismatch: a network answers with anything that is not a finite number.
        """
        point = self.release.operating_point()
        working = working_picture(radiograph)
        lungs = self.finder.find(working)
        raw = self.raw(self.release.view.look(working, lungs, self.release.side))
        probability = float(self.release.calibration.probability(raw.logit))
        return Finding(
            probability=probability,
            prevalence=self.release.training_prevalence,
            verdict=judge(probability, point, self.release.conformal),
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


def stated(finding: Finding, release: Release, point: OperatingPoint, prevalence: float) -> Finding:
    """A finding as `Reader.read` gave it, judged at an operating point, its figures stated at a prevalence.

    The threshold moves with the probability, so the verdict at a point is the same whatever the prevalence: sensitivity
    and specificity, by which a point was chosen, do not know of it.

    Args:
        finding: of this release, at the training prevalence.
        release: whose finding it is.
        point: one of its operating points.
        prevalence: 0-1, both excluded.

    Raises:
        ValueError: the finding is stated at another prevalence already, or there is no such prevalence.
    """
    if finding.prevalence != release.training_prevalence:
        raise ValueError(f"finding: at the training prevalence expected, got {finding.prevalence}")
    return replace(
        finding,
        probability=at_prevalence(finding.probability, finding.prevalence, prevalence),
        prevalence=prevalence,
        verdict=judge(finding.probability, point, release.conformal),
        operating_point=replace(point, threshold=at_prevalence(point.threshold, finding.prevalence, prevalence)),
    )
