"""A finding, and its presentation for a population, an operating point and a prevalence, with all cautions."""

from dataclasses import dataclass, replace

import numpy as np

from model.codes import Caution, HeatMapWarning, Population, RefusalReason
from model.imaging.geometry import RelativeBox
from model.inference.decision import OperatingPoint, Verdict
from model.inference.population import judged_as
from model.inference.release_loader import Release


@dataclass(frozen=True, eq=False)
class Finding:
    """Result of the classifier for one radiograph.

    Attributes:
        logit: Uncalibrated logit for pneumonia, from which probability and verdict follow.
        population: Population of the patient; None if unknown. `judged_as` says whose decision rules apply.
        probability: Calibrated probability of pneumonia, 0-1, at `prevalence`.
        prevalence: Share of the X-rayed patients of the population who have pneumonia, 0-1; probability and threshold
            are for this value.
        verdict: Verdict, which is the same at every prevalence.
        operating_point: Operating point at which the verdict was made, with its threshold at `prevalence`.
        heat_map: float32 (rows, columns), the size of the network's last feature map, 0-1 on the release's fixed scale;
            all zeros if there is no positive evidence.
        heat_map_box: The part of the radiograph that the network saw and both maps cover.
        embedding: float32 (channels,), the pooled feature map.
        model_version: Version of the release.
        cautions: Limitations of the finding.
        refusals: Refusal reasons from the admission check; empty unless a user asked for a refused image to be read.
        opacity_map: float32 (rows, columns), probability of an opacity in each cell, 0-1; None if the release has no
            opacity map.
        opacity_contour: Probability on the contour of the opacity map, 0-1; None if the release has no opacity map.
    """

    logit: float
    population: Population | None
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
    opacity_map: np.ndarray | None = None
    opacity_contour: float | None = None

    @property
    def has_opacity(self) -> bool:
        """Whether a cell of the opacity map is at or above the contour; False if the release has no opacity map."""
        if self.opacity_map is None or self.opacity_contour is None:
            return False
        return bool((self.opacity_map >= self.opacity_contour).any())

    @property
    def has_evidence(self) -> bool:
        """Whether the map that is shown first has anything to show: the opacity map, or else the heat map."""
        return bool(self.heat_map.any()) if self.opacity_map is None else self.has_opacity


@dataclass(frozen=True)
class HeatMapCheck:
    """Result of the reliability check of the map that is shown first: the opacity map, or else the heat map.

    Attributes:
        warnings: Reasons why the heat map is unreliable; () if the check passed, None if it has not run.
    """

    warnings: tuple[HeatMapWarning, ...] | None = None


def present(
    finding: Finding,
    release: Release,
    *,
    population: Population | None,
    operating_point: str | None = None,
    prevalence: float | None = None,
    age_years: int | None = None,
    heat_map_check: HeatMapCheck | None = None,
) -> Finding:
    """Return a finding for a population, an operating point and a prevalence, with the cautions about age and maps.

    Cautions come in this order: those of the finding itself (classifier, DICOM file, admission), age, maps. The
    threshold changes with the probability, so the verdict at an operating point is the same at every prevalence.
    Operating points are chosen by sensitivity and specificity, which do not depend on prevalence.

    Args:
        finding: Finding from `Classifier.read` or `AdmissionGate.read`. A finding from another model version keeps its
            population, probability, verdict and operating point; only cautions are added.
        release: Release in use.
        population: Population of the patient, see `population_of`; None if unknown.
        operating_point: Name of an operating point of the release; by default, that of the release.
        prevalence: Share of the X-rayed patients of the population who have pneumonia, between 0 and 1, exclusive; by
            default, that of the training images.
        age_years: Age of the patient in completed years; None if unknown.
        heat_map_check: Result of the heat-map check; None adds no caution about the heat map.

    Raises:
        KeyError: The release has no such operating point.
        ValueError: `prevalence` is not between 0 and 1.
    """
    if finding.model_version == release.version:
        rules = release.populations[judged_as(population, release.populations)]
        decision = rules.decide(finding.logit, operating_point, prevalence)
        finding = replace(finding, population=population, **decision)
    added = (
        *_age_cautions(release, population, age_years),
        *_opacity_cautions(finding),
        *_heat_map_cautions(finding, heat_map_check),
    )
    return replace(finding, cautions=(*finding.cautions, *added)) if added else finding


def _age_cautions(release: Release, population: Population | None, age_years: int | None) -> tuple[Caution, ...]:
    if population is None:
        return (Caution.AGE_UNKNOWN,)
    judge = judged_as(population, release.populations)
    youngest, oldest = release.populations[judge].years
    is_outside = population is not judge if age_years is None else not youngest <= age_years <= oldest
    return (Caution.OUTSIDE_POPULATION,) if is_outside else ()


def _opacity_cautions(finding: Finding) -> tuple[Caution, ...]:
    """Return a caution if score and opacity map contradict each other.

    An indeterminate verdict below the threshold gets none: it already asks for a radiologist.
    """
    if finding.opacity_map is None:
        return ()
    is_positive = finding.verdict is Verdict.PNEUMONIA or finding.probability >= finding.operating_point.threshold
    if is_positive and not finding.has_opacity:
        return (Caution.NO_FOCAL_OPACITY,)
    if finding.verdict is Verdict.NORMAL and finding.has_opacity:
        return (Caution.OPACITY_WITHOUT_SCORE,)
    return ()


def _heat_map_cautions(finding: Finding, check: HeatMapCheck | None) -> tuple[Caution, ...]:
    if check is None or check.warnings == () or not finding.has_evidence:
        return ()
    return (Caution.EXPLANATION_UNCHECKED if check.warnings is None else Caution.EXPLANATION_UNRELIABLE,)
