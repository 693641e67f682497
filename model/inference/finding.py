"""A finding, and its presentation at an operating point and a prevalence, with all cautions."""

from dataclasses import dataclass, replace

import numpy as np

from model.codes import Caution, HeatMapWarning, Population, RefusalReason
from model.imaging.geometry import RelativeBox
from model.inference.decision import OperatingPoint, Verdict, adjust_to_prevalence, classify
from model.inference.release_loader import Release


@dataclass(frozen=True, eq=False)
class Finding:
    """Result of the classifier for one radiograph.

    Attributes:
        probability: Calibrated probability of pneumonia, 0-1, at `prevalence`.
        prevalence: Share of the X-rayed children who have pneumonia, 0-1; probability and threshold are for this value.
        verdict: Verdict, which is the same at every prevalence.
        operating_point: Operating point at which the verdict was made, with its threshold at `prevalence`.
        heat_map: float32 (rows, columns), the size of the network's last feature map, 0-1 on the release's fixed scale;
            all zeros if there is no positive evidence.
        heat_map_box: The part of the radiograph that the network saw and the heat map covers.
        embedding: float32 (channels,), the pooled feature map.
        model_version: Version of the release.
        cautions: Limitations of the finding.
        refusals: Refusal reasons from the admission check; empty unless a user asked for a refused image to be read.
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


@dataclass(frozen=True)
class HeatMapCheck:
    """Result of the reliability check for one heat map.

    Attributes:
        warnings: Reasons why the heat map is unreliable; () if the check passed, None if it has not run.
    """

    warnings: tuple[HeatMapWarning, ...] | None = None


def present(
    finding: Finding,
    release: Release,
    *,
    point: OperatingPoint,
    prevalence: float,
    age_years: int | None = None,
    heat_map_check: HeatMapCheck | None = None,
) -> Finding:
    """Return a finding at an operating point and a prevalence, with the cautions about age and heat map.

    Cautions come in this order: those of the finding itself (classifier, DICOM file, admission), age, heat map. The
    threshold changes with the probability, so the verdict at an operating point is the same at every prevalence.
    Operating points are chosen by sensitivity and specificity, which do not depend on prevalence.

    Args:
        finding: Finding from `Classifier.read` or `AdmissionGate.read`. A finding from another model version keeps its
            probability, verdict and operating point; only cautions are added.
        release: Release in use.
        point: Operating point of `release`.
        prevalence: Share of the X-rayed children who have pneumonia, between 0 and 1, exclusive.
        age_years: Age of the patient in completed years; None if unknown.
        heat_map_check: Result of the heat-map check; None adds no caution about the heat map.

    Raises:
        ValueError: The finding is not at the training prevalence, or `prevalence` is not between 0 and 1.
    """
    if finding.model_version == release.version:
        finding = _restate(finding, release, point, prevalence)
    added = _age_cautions(release, age_years) + _heat_map_cautions(finding, heat_map_check)
    return replace(finding, cautions=(*finding.cautions, *added)) if added else finding


def _age_cautions(release: Release, age_years: int | None) -> tuple[Caution, ...]:
    youngest, oldest = release.populations[Population.CHILDREN].years
    return () if age_years is None or youngest <= age_years <= oldest else (Caution.OUTSIDE_POPULATION,)


def _heat_map_cautions(finding: Finding, check: HeatMapCheck | None) -> tuple[Caution, ...]:
    if check is None or check.warnings == () or not finding.heat_map.any():
        return ()
    return (Caution.EXPLANATION_UNCHECKED if check.warnings is None else Caution.EXPLANATION_UNRELIABLE,)


def _restate(finding: Finding, release: Release, point: OperatingPoint, prevalence: float) -> Finding:
    rules = release.populations[Population.CHILDREN]
    if finding.prevalence != rules.training_prevalence:
        raise ValueError(f"finding must be at the training prevalence, got {finding.prevalence}")
    return replace(
        finding,
        probability=adjust_to_prevalence(finding.probability, finding.prevalence, prevalence),
        prevalence=prevalence,
        verdict=classify(finding.probability, point, rules.conformal),
        operating_point=replace(point, threshold=adjust_to_prevalence(point.threshold, finding.prevalence, prevalence)),
    )
