"""A finding, and how it is restated for an operating point, a prevalence and an age."""

from dataclasses import dataclass, replace

import numpy as np

from model.codes import Caution, RefusalReason
from model.imaging.geometry import RelativeBox
from model.imaging.radiograph import DicomMetadata
from model.inference.decision import OperatingPoint, Verdict, adjust_to_prevalence, classify
from model.inference.release_loader import Release


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
    heat_map_box: RelativeBox
    embedding: np.ndarray
    model_version: str
    cautions: tuple[Caution, ...] = ()
    refusals: tuple[RefusalReason, ...] = ()


def with_file_cautions(finding: Finding, metadata: DicomMetadata | None) -> Finding:
    """A finding with the cautions that the file of its radiograph gives rise to."""
    return replace(finding, cautions=(*finding.cautions, *metadata.cautions)) if metadata else finding


def with_age_caution(finding: Finding, release: Release, years: int | None) -> Finding:
    """A finding with a caution where the patient, of this age in full years, is outside the release's population."""
    youngest, oldest = release.description["population_years"]
    if years is None or youngest <= years <= oldest:
        return finding
    return replace(finding, cautions=(*finding.cautions, Caution.OUTSIDE_POPULATION))


def restate(finding: Finding, release: Release, point: OperatingPoint, prevalence: float) -> Finding:
    """A finding as `Classifier.read` gave it, judged at an operating point, its figures stated at a prevalence.

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
        probability=adjust_to_prevalence(finding.probability, finding.prevalence, prevalence),
        prevalence=prevalence,
        verdict=classify(finding.probability, point, release.conformal),
        operating_point=replace(point, threshold=adjust_to_prevalence(point.threshold, finding.prevalence, prevalence)),
    )
