"""Structure of model.json, which the training program writes and `model.inference.release_loader` checks and reads.

A candidate (a model that is not yet released) lacks the keys that are marked NotRequired. Shares and probabilities are
0-1.
"""

from typing import Any, NotRequired, TypeAlias, TypedDict

# Content that only `model.performance` reads. `model.performance.schema` has the types; this package may not import it.
PerformanceContent: TypeAlias = Any


class InputDescription(TypedDict):
    """Input of the pneumonia network: size in pixels, range of grey levels, and how a radiograph is resized."""

    height: int
    width: int
    channels: int
    dtype: str
    value_range: list[int]
    resize: str


class RegionDescription(TypedDict):
    """Part of the radiograph that the network sees.

    `kind` is a `RegionKind`, `margin` a share of the size of the lung box, and `intensity` an `Intensity`.
    """

    kind: str
    margin: float
    intensity: str


class NetworkDescription(TypedDict):
    """Backbone of the pneumonia network, for display."""

    architecture: str
    description: str


class CalibrationDescription(TypedDict):
    """Platt scaling from logit to probability."""

    slope: float
    intercept: float
    rationale: NotRequired[str]


class OperatingPointDescription(TypedDict):
    """Named threshold on the calibrated probability."""

    name: str
    threshold: float
    rationale: str


class ConformalDescription(TypedDict):
    """Limits of the prediction sets, see `ConformalLimits`."""

    coverage: float
    pneumonia_from: float
    normal_up_to: float
    rationale: str


class MapScaleDescription(TypedDict):
    """Value of the class-activation map, in logits, that the heat map shows as 1."""

    value: float
    rationale: NotRequired[str]


class OpacityMapDescription(TypedDict):
    """Probability of an opacity on the contour of the opacity map; a cell at or above it counts as opacity."""

    contour: float
    rationale: str


class LungDescription(TypedDict):
    """Lung network: side of its input in pixels, and its metrics (None if they were not measured)."""

    side: int
    segmentation_metrics: NotRequired[PerformanceContent]


class AdmissionDescription(TypedDict):
    """Limits of the admission check as exact float32 values, see `AdmissionClassifier`."""

    min_admissible_probability: float
    min_second_lung_area: float
    min_lung_distance: float
    max_lung_offset: float
    min_detail: float
    max_detail: float
    max_neighbour_distance: float
    max_mirror_score: float
    rationale: str


class ReliabilityDescription(TypedDict):
    """Limits for the heat-map checks, see `ReliabilityLimits`. A limit that is not used is absent.

    `auc` is present if the release has an opacity map: an estimate for each measurement.
    """

    inside_lungs: NotRequired[float]
    effect: NotRequired[float]
    agreement: NotRequired[float]
    peak: NotRequired[float]
    rationale: str
    auc: NotRequired[dict[str, PerformanceContent]]


class DatasetDescription(TypedDict):
    """Data set of a population; `images` and `patients` are the numbers in each split."""

    name: str
    source: str
    licence: str
    images: dict[str, int]
    patients: dict[str, int]


class PopulationDescription(TypedDict):
    """A population that the model was trained on, and the rules for its patients, see `DecisionRules`.

    `years` are the youngest and the oldest age in the data set, in completed years. `description` is for display.
    `metrics` are headline figures by split; for children, they are in `ReleaseDescription`. `test_split_opened` counts
    the measurements on the test split before the release.
    """

    description: str
    years: list[int]
    dataset: DatasetDescription
    training_prevalence: float
    calibration: CalibrationDescription
    operating_points: list[OperatingPointDescription]
    conformal: ConformalDescription
    metrics: NotRequired[dict[str, PerformanceContent]]
    test_split_opened: NotRequired[int]


class ChangelogEntry(TypedDict):
    """What changed in one version of the released model."""

    version: str
    change: str


class ReleaseDescription(TypedDict):
    """Content of model.json.

    `training` holds the settings of the training run, named as in `training.config`. The keys of `populations` are
    values of `Population`; children are always among them. All populations have operating points of the same names.
    """

    format: int
    name: str
    version: str
    input: InputDescription
    outputs: dict[str, list[int]]
    input_region: RegionDescription
    network: NetworkDescription
    labels: list[str]
    default_operating_point: str
    populations: dict[str, PopulationDescription]
    map_scale: MapScaleDescription
    training: dict[str, Any]
    lungs: LungDescription
    opacity_map: NotRequired[OpacityMapDescription]  # exactly if the network has the output of the same name
    admission: NotRequired[AdmissionDescription]
    heat_map_reliability: NotRequired[ReliabilityDescription]
    created: NotRequired[str]
    git_commit: NotRequired[str]
    seed: NotRequired[int]
    libraries: NotRequired[dict[str, str]]
    metrics: NotRequired[dict[str, PerformanceContent]]
    shortcut_audit: NotRequired[PerformanceContent]
    test_split_opened: NotRequired[int]
    licence: NotRequired[str]
    intended_use: NotRequired[str]
    limits: NotRequired[list[str]]
    ethics: NotRequired[list[str]]
    changelog: NotRequired[list[ChangelogEntry]]
