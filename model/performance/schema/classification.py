"""Quality of the classification: rates, calibration, prediction sets, similar cases."""

from typing import TypedDict

from model.performance.schema.estimates import CountedEstimate, Estimate


class Confusion(TypedDict):
    """Confusion matrix in images; "positive" is pneumonia."""

    tp: int
    fn: int
    fp: int
    tn: int


class Rates(TypedDict):
    """Rates at one threshold on the probability."""

    threshold: float
    confusion: Confusion
    accuracy: Estimate
    sensitivity: Estimate
    specificity: Estimate
    precision: Estimate
    f1: Estimate


class PredictiveValues(TypedDict):
    """Positive and negative predictive value at one prevalence."""

    ppv: Estimate
    npv: Estimate


class Ranking(TypedDict):
    """Size of a set of images, and the AUC on this set; `positives` counts images with pneumonia."""

    n: int
    patients: int
    positives: int
    auc: Estimate


class OperatingPointMetrics(Ranking):
    """Ranking, and rates by name of the operating point."""

    operating_points: dict[str, Rates]


class CalibrationErrors(TypedDict):
    """Expected calibration error, Brier score, and the recalibration line (ideal: slope 1, intercept 0)."""

    ece: Estimate
    brier: Estimate
    slope: Estimate
    intercept: Estimate


class CalibrationMetrics(TypedDict):
    """Calibration at the training prevalence and, if the set has both classes, adjusted to the set's own prevalence."""

    prevalence: float
    raw: CalibrationErrors
    prevalence_adjusted: CalibrationErrors | None


class ConformalMetrics(TypedDict):
    """How often the true class is plausible, by class; how often the verdict is indeterminate, by point and class."""

    coverage: dict[str, CountedEstimate]
    indeterminate: dict[str, dict[str, CountedEstimate]]


class SplitMetrics(OperatingPointMetrics):
    """All metrics of one set of images; `sensitivity_by_cause` is by operating point, then by cause."""

    sensitivity_by_cause: dict[str, dict[str, CountedEstimate]]
    calibration: CalibrationMetrics
    conformal: ConformalMetrics


class ViewMetrics(SplitMetrics):
    """Metrics on the radiographs of one view from another hospital, and the share that the admission check refuses."""

    refused: CountedEstimate


class ExternalMetrics(TypedDict):
    """Metrics on radiographs of another hospital, by kind of group ("view", "under 18 years") and view (AP, PA).

    Views are never pooled: in this sample, the view says much about the label. `decided_by` is the population whose
    decision rules were applied; `corrected_labels` counts the images that radiologists read as normal, against their
    label.
    """

    decided_by: str
    corrected_labels: int
    groups: dict[str, dict[str, ViewMetrics]]


class SimilarCaseMetrics(TypedDict):
    """Agreement between each image in `split` and its `count` nearest training images."""

    count: int
    split: str
    same_class: CountedEstimate
    by_class: dict[str, CountedEstimate]
    same_cause: CountedEstimate
