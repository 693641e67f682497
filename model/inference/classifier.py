"""Read a radiograph with the released networks: one finds the lungs, one reads what the release's view shows of them.

One forward pass of the second gives probability, heat map and embedding.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from model.admission.decision import Code
from model.imaging.geometry import Box
from model.imaging.preprocessing import working_picture
from model.imaging.radiograph import ClinicalFile, Radiograph
from model.inference.decision import OperatingPoint, Verdict, at_prevalence, judge
from model.inference.litert import LiteRTNetwork
from model.inference.lung_segmentation import LungFinder, Lungs, lungs_in
from model.inference.release_loader import Release

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
    refusals: why it should not have been read; somebody had it read all the same.
    """

    probability: float
    prevalence: float
    verdict: Verdict
    operating_point: OperatingPoint
    heat_map: np.ndarray
    heat_map_box: Box
    embedding: np.ndarray
    model_version: str
    cautions: tuple[str, ...] = ()
    refusals: tuple[Code, ...] = ()


@dataclass(frozen=True, eq=False)
class RawReading:
    """The network's own outputs: logit, signed class-activation map (rows, columns) in logits, embedding."""

    logit: float
    class_activation_map: np.ndarray
    embedding: np.ndarray


@dataclass(frozen=True, eq=False)
class Seen:
    """What the networks saw of one radiograph, made once for whatever is said of it.

    working: the working picture, float32 (WORKING_SIDE, WORKING_SIDE), 0-255, bright = dense.
    lung_probability: float32 (rows, columns) of the lung network, 0-1.
    lungs: None where none were found.
    clinical: what the file of the radiograph tells beside its pixels.
    """

    working: np.ndarray
    lung_probability: np.ndarray
    lungs: Lungs | None
    raw: RawReading
    clinical: ClinicalFile | None = None


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
        return self.finding(self.see(radiograph))

    def see(self, radiograph: Radiograph) -> Seen:
        """Run both networks once; nothing is said yet.

        Raises:
            ReleaseMismatch: a network answers with anything that is not a finite number.
        """
        return replace(self.see_working(working_picture(radiograph)), clinical=radiograph.clinical)

    def see_working(self, working: np.ndarray) -> Seen:
        """What `see` does, of a working picture: float32 (WORKING_SIDE, WORKING_SIDE), 0-255."""
        return self.see_all([working])[0]

    def see_all(self, working: Sequence[np.ndarray]) -> list[Seen]:
        """What `see_working` does of several, each step of all before the next.

        So code and weights stay in the processor's cache from one picture to the next.
        """
        probabilities = [self.finder.probability(one) for one in working]
        lungs = [lungs_in(probability) for probability in probabilities]
        view, side = self.release.view, self.release.side
        looks = [view.look(one, of_it, side) for one, of_it in zip(working, lungs, strict=True)]
        raw = [self.raw(look) for look in looks]
        return [Seen(*of_one) for of_one in zip(working, probabilities, lungs, raw, strict=True)]

    def finding(self, seen: Seen) -> Finding:
        """What `read` says of a radiograph that the networks have seen."""
        point, raw, lungs = self.release.operating_point(), seen.raw, seen.lungs
        probability = float(self.release.calibration.probability(raw.logit))
        finding = Finding(
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
        return of_file(finding, seen.clinical)

    def raw(self, seen: np.ndarray) -> RawReading:
        """Run the reader network once on what the view shows: float32 (1, side, side, 1), 0-255."""
        outputs = self._network(seen)
        return RawReading(float(outputs["logit"][0]), outputs["class_activation_map"], outputs["embedding"])


def of_file(finding: Finding, clinical: ClinicalFile | None) -> Finding:
    """A finding with the cautions that the file of its radiograph gives rise to."""
    return replace(finding, cautions=(*finding.cautions, *clinical.cautions)) if clinical else finding


def at_age(finding: Finding, release: Release, years: int | None) -> Finding:
    """A finding with a caution where the patient, of this age in full years, is outside the release's population."""
    youngest, oldest = release.description["population_years"]
    if years is None or youngest <= years <= oldest:
        return finding
    return replace(finding, cautions=(*finding.cautions, OUTSIDE_POPULATION))


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
