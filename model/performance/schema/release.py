"""Content of metrics.json."""

from typing import NotRequired, TypedDict

from model.performance.schema.admission import AdmissionMetrics
from model.performance.schema.classification import (
    CalibrationMetrics,
    ConformalMetrics,
    ExternalMetrics,
    SimilarCaseMetrics,
    SplitMetrics,
)
from model.performance.schema.heat_maps import HeatMapMetrics, OpacityMapMetrics
from model.performance.schema.shortcuts import LungMetrics, ShortcutAudit


class NamedThreshold(TypedDict):
    """Operating point that was the default when the metrics were measured."""

    name: str
    threshold: float


class PerturbationRates(TypedDict):
    """Metrics on the validation images with one perturbation, at the default operating point."""

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


class ReleaseMetrics(TypedDict):
    """Content of metrics.json; `splits` is by split. A key is missing if its part was not measured."""

    network_sha256: str
    operating_point: NamedThreshold
    splits: dict[str, SplitMetrics]
    stress_validation: NotRequired[RobustnessMetrics]
    shortcut_audit: ShortcutAudit
    lungs: NotRequired[LungMetrics | None]
    adults: NotRequired[ExternalMetrics]
    similar_cases: NotRequired[SimilarCaseMetrics]
    admission: NotRequired[AdmissionMetrics]
    explanations: NotRequired[HeatMapMetrics]
    opacity_maps: NotRequired[dict[str, OpacityMapMetrics]]  # of the test images, by population
