"""Content of metrics.json."""

from typing import NotRequired, TypedDict

from model.performance.schema.admission import AdmissionMetrics, RefusalRates
from model.performance.schema.classification import (
    CalibrationMetrics,
    ConformalMetrics,
    ExternalMetrics,
    Ranking,
    SimilarCaseMetrics,
    SplitMetrics,
)
from model.performance.schema.estimates import CountedEstimate
from model.performance.schema.heat_maps import HeatMapMetrics, OpacityMapMetrics
from model.performance.schema.shortcuts import LungMetrics, ShortcutAudit


class NamedThreshold(TypedDict):
    """Operating point that was the default when the metrics were measured."""

    name: str
    threshold: float


class PerturbationRates(TypedDict):
    """Metrics on images with one perturbation, at the default operating point."""

    auc: float
    sensitivity: float
    specificity: float


class RobustnessMetrics(TypedDict):
    """Metrics on perturbed validation images; `shifts` is by perturbation; all other values are over all of them."""

    n: int
    mean_auc: float
    worst_auc: float
    shifts: dict[str, PerturbationRates]
    calibration: CalibrationMetrics
    conformal: ConformalMetrics


class StorageRobustness(TypedDict):
    """Metrics on the official test split as it is, and scaled, sharpened or compressed; `shifts` is by perturbation."""

    n: int
    unperturbed: PerturbationRates
    shifts: dict[str, PerturbationRates]


class ToneMetrics(TypedDict):
    """Share of validation images whose verdict changes with the tone: the mean over all changes, and by change."""

    verdicts_changed: CountedEstimate
    changes: dict[str, CountedEstimate]


class PopulationMetrics(TypedDict):
    """Metrics of a population other than children, all by split (validation, test).

    `typical` ranks images with the typical appearance of pneumonia against normal ones; `admission` has the results of
    the admission check.
    """

    operating_point: NamedThreshold
    splits: dict[str, SplitMetrics]
    typical: dict[str, Ranking]
    admission: dict[str, RefusalRates]
    tone: NotRequired[ToneMetrics]


class ReleaseMetrics(TypedDict):
    """Content of metrics.json. A key is missing if its part was not measured.

    Unless their name or description says otherwise, metrics are those of children. `splits` is by split, `populations`
    by population, `drawn_lungs` by map: the share of the evidence inside lungs drawn by people, on validation images
    with pneumonia.
    """

    network_sha256: str
    operating_point: NamedThreshold
    splits: dict[str, SplitMetrics]
    stress_validation: NotRequired[RobustnessMetrics]
    stress_test: NotRequired[StorageRobustness]
    tone: NotRequired[ToneMetrics]
    shortcut_audit: ShortcutAudit
    lungs: NotRequired[LungMetrics | None]
    drawn_lungs: NotRequired[dict[str, CountedEstimate]]
    adults: NotRequired[ExternalMetrics]
    populations: NotRequired[dict[str, PopulationMetrics]]
    similar_cases: NotRequired[SimilarCaseMetrics]
    admission: NotRequired[AdmissionMetrics]
    explanations: NotRequired[HeatMapMetrics]
    opacity_maps: NotRequired[dict[str, OpacityMapMetrics]]  # of the test images, by population
