"""Structure of metrics.json: the training program writes it, `model.performance` reads it.

Shares, rates and probabilities are 0-1. "Images" counts images and "patients" counts the patients that they show.
"""

from typing import Any, NotRequired, TypeAlias, TypedDict

# None is possible but rare, and callers know from the data whether it can occur. A checker that insisted on a test for
# None at each use would only produce tests that never fail (typeshed has the same alias for the same reason).
MaybeNone: TypeAlias = Any


class Estimate(TypedDict):
    """Value with the limits of its 95% confidence interval; all three are None if the value is not defined."""

    value: float | MaybeNone
    low: float | MaybeNone
    high: float | MaybeNone


class CountedEstimate(Estimate):
    """Estimate with the number of images, or findings, that it was measured on."""

    n: int


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
    """Size of a set of images and the AUC on it; `positives` counts images with pneumonia."""

    n: int
    patients: int
    positives: int
    auc: Estimate


class OperatingPointMetrics(Ranking):
    """Ranking, and rates by the name of the operating point."""

    operating_points: dict[str, Rates]


class CalibrationErrors(TypedDict):
    """Expected calibration error, Brier score, and the line of the recalibration (ideal: slope 1, intercept 0)."""

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
    """All metrics of one set of images; `sensitivity_by_cause` is by operating point and cause."""

    sensitivity_by_cause: dict[str, dict[str, CountedEstimate]]
    calibration: CalibrationMetrics
    conformal: ConformalMetrics


class ExternalMetrics(SplitMetrics):
    """Metrics outside the population (adults): of all images, and by kind of group ("age", "sex", "view") and group."""

    groups: dict[str, dict[str, OperatingPointMetrics]]


class SimilarCaseMetrics(TypedDict):
    """Agreement of each image of `split` with its `count` nearest training images."""

    count: int
    split: str
    same_class: CountedEstimate
    by_class: dict[str, CountedEstimate]
    same_cause: CountedEstimate


class RefusalRates(TypedDict):
    """What the admission check does with images that may be read; `codes` counts refusals and cautions by code."""

    refused: CountedEstimate
    cautioned: CountedEstimate
    codes: dict[str, int]


class NegativeRates(TypedDict):
    """What the admission check does with one family of images that must not be read."""

    accepted: CountedEstimate
    named: CountedEstimate
    corrected: CountedEstimate | None


class AdmissionMetrics(TypedDict):
    """Error rates of the admission check; `negatives` is by family of images."""

    validation: RefusalRates
    shifted: RefusalRates
    test: RefusalRates
    adults: RefusalRates | None
    mirrored: CountedEstimate
    negatives: dict[str, NegativeRates]


class WarningRate(CountedEstimate):
    """Share of findings whose heat map is called unreliable; `not_applicable` counts findings without evidence."""

    not_applicable: int


class OrderScores(TypedDict):
    """Mean probability while image parts are changed in the order of the heat map, and in random order."""

    map: CountedEstimate
    random: CountedEstimate
    better: CountedEstimate


class DeletionInsertion(TypedDict):
    """Deletion and insertion (Petsiuk et al. 2018)."""

    n: int
    steps: int
    deletion: OrderScores
    insertion: OrderScores


class LungEvidence(TypedDict):
    """Share of the positive evidence inside the lungs, and share of the area that the lungs take."""

    evidence: CountedEstimate
    area: CountedEstimate


class SyntheticOpacities(TypedDict):
    """Response to an opacity that was drawn into a lung of a normal image."""

    hit: CountedEstimate
    hit_before: CountedEstimate
    raised: CountedEstimate
    before: CountedEstimate
    after: CountedEstimate


class BoxAgreement(TypedDict):
    """Agreement of heat maps with boxes that radiologists drew, and of a guess at the centre of a lung."""

    pointing: CountedEstimate
    pointing_guess: CountedEstimate
    overlap: CountedEstimate
    overlap_guess: CountedEstimate


class HeatMapMetrics(TypedDict):
    """Reliability of heat maps; `warnings` is by kind of finding, `agreement` by the other explanation method."""

    warnings: dict[str, WarningRate] | None
    deletion_insertion: DeletionInsertion
    inside_lungs: LungEvidence
    agreement: dict[str, CountedEstimate]
    synthetic_opacities: SyntheticOpacities
    adult_boxes: BoxAgreement | None


class DiceScores(TypedDict):
    """Distribution of the Dice coefficient; `p05` is its 5th percentile."""

    mean: float
    median: float
    p05: float


class BoxErrors(TypedDict):
    """Distance of the worst edge of the lung box, as a share of the image side."""

    mean: float
    p95: float


class LungMetrics(TypedDict):
    """Agreement of the lung network with manual masks; `not_found` counts images without lungs."""

    n: int
    patients: int
    dice: DiceScores
    box_error: BoxErrors | None
    not_found: int


class SizedAuc(TypedDict):
    """AUC with the number of images; None if a class has too few of them."""

    n: int
    auc: Estimate


class SizeStratum(TypedDict):
    """AUC among images of similar original width, in pixels."""

    narrowest: int
    widest: int
    n: int
    positives: int
    auc: Estimate | None


class ScaledCopy(TypedDict):
    """How far the probability of an image changes if a smaller copy of it is read."""

    mean_change: float
    largest_change: float
    verdicts_changed: int


# Functional form, since two keys are no identifiers: the sides of the copies in pixels.
ScaledCopies = TypedDict("ScaledCopies", {"n": int, "224": ScaledCopy, "512": ScaledCopy})


class MaskedLungs(TypedDict):
    """AUC with nothing masked, with the lungs masked, and with everything outside the lungs masked."""

    nothing: SizedAuc
    lungs: SizedAuc
    outside: SizedAuc


class ShortcutAudit(TypedDict):
    """What a model can reach without lungs; None if a part was not measured. `size_strata` is by split."""

    spectrum_alone: SizedAuc
    size_alone: SizedAuc | None
    framing_alone: SizedAuc
    size_strata: dict[str, list[SizeStratum]] | None
    scaled_copies: ScaledCopies | None
    painted_over: MaskedLungs | None


class NamedThreshold(TypedDict):
    """Operating point that was the default when the metrics were measured."""

    name: str
    threshold: float


class PerturbationRates(TypedDict):
    """Figures on the validation images under one perturbation, at the default operating point."""

    auc: float
    sensitivity: float
    specificity: float


class RobustnessMetrics(TypedDict):
    """Metrics on perturbed validation images; `shifts` is by name of the perturbation, the rest is of all of them."""

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
