"""From a logit to a verdict: calibration, operating points, conformal limits and prevalence."""

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypedDict, TypeVar

import numpy as np

Probability = TypeVar("Probability", float, np.ndarray)


class Verdict(StrEnum):
    """Interpretation of a probability at an operating point."""

    NORMAL = "NORMAL"
    PNEUMONIA = "PNEUMONIA"
    INDETERMINATE = "INDETERMINATE"


@dataclass(frozen=True)
class OperatingPoint:
    """A named threshold.

    Attributes:
        name: Name that users select.
        threshold: Calibrated probability, 0-1, at or above which the classification is PNEUMONIA.
        rationale: One sentence that says how, and on which images, the threshold was chosen.
    """

    name: str
    threshold: float
    rationale: str

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold must be between 0 and 1, got {self.threshold}")


@dataclass(frozen=True)
class ConformalLimits:
    """Limits of class-conditional split conformal prediction (Vovk, Gammerman and Shafer 2005, section 4.5).

    In each class, the prediction sets contain the true class for a share of `coverage` of the images. This holds for
    images like those used to choose the limits, but not for other populations.

    Attributes:
        coverage: Share of the images in each class whose prediction set contains the true class, 0-1.
        pneumonia_from: Lowest calibrated probability, at the training prevalence, at which PNEUMONIA is plausible.
        normal_up_to: Highest calibrated probability, at the training prevalence, at which NORMAL is plausible.
        rationale: One sentence that says how, and on which images, the limits were chosen.
    """

    coverage: float
    pneumonia_from: float
    normal_up_to: float
    rationale: str

    def __post_init__(self) -> None:
        for name in ("coverage", "pneumonia_from", "normal_up_to"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be between 0 and 1, got {getattr(self, name)}")

    def prediction_set(self, probability: float) -> frozenset[Verdict]:
        """Return the classes that are plausible at a calibrated probability: one, both or none."""
        plausible = {
            Verdict.PNEUMONIA: probability >= self.pneumonia_from,
            Verdict.NORMAL: probability <= self.normal_up_to,
        }
        return frozenset(verdict for verdict, is_plausible in plausible.items() if is_plausible)


def classify(probability: float, point: OperatingPoint, conformal: ConformalLimits) -> Verdict:
    """Return the verdict for a calibrated probability, 0-1, at the training prevalence.

    The verdict is INDETERMINATE unless exactly one class is plausible and the operating point agrees with it.
    """
    side = Verdict.PNEUMONIA if probability >= point.threshold else Verdict.NORMAL
    return side if conformal.prediction_set(probability) == {side} else Verdict.INDETERMINATE


def adjust_to_prevalence(probability: Probability, calibrated_at: float, prevalence: float) -> Probability:
    """Shift a probability from one prevalence to another (Bayes; Saerens et al. 2002, eq. 2.4).

    Args:
        probability: 0-1, calibrated at the prevalence `calibrated_at`.
        calibrated_at: Current prevalence, between 0 and 1, exclusive.
        prevalence: New prevalence, between 0 and 1, exclusive.

    Raises:
        ValueError: A prevalence is not between 0 and 1.
    """
    for share in (calibrated_at, prevalence):
        if not 0 < share < 1:
            raise ValueError(f"prevalence must be between 0 and 1, exclusive, got {share}")
    if prevalence == calibrated_at:
        return probability  # unchanged to the last digit
    with_pneumonia = probability * prevalence / calibrated_at
    without_pneumonia = (1 - probability) * (1 - prevalence) / (1 - calibrated_at)
    return with_pneumonia / (with_pneumonia + without_pneumonia)


@dataclass(frozen=True)
class Calibration:
    """Platt scaling: probability = sigmoid(slope * logit + intercept) (Platt 1999)."""

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.slope) and math.isfinite(self.intercept)):
            raise ValueError(f"slope and intercept must be finite, got {self.slope} and {self.intercept}")

    def probability(self, logits: np.ndarray | float) -> np.ndarray:
        """Return the probability of pneumonia, 0-1, for each logit of the network."""
        with np.errstate(over="ignore"):  # beyond log odds of 700 the probability is 0 or 1 anyway
            log_odds = self.slope * np.asarray(logits, float) + self.intercept
        return 1 / (1 + np.exp(np.minimum(-log_odds, 700.0)))  # exp overflows above 709


class Decision(TypedDict):
    """What decision rules say about a logit: fields of `model.inference.finding.Finding`."""

    probability: float
    prevalence: float
    verdict: Verdict
    operating_point: OperatingPoint


@dataclass(frozen=True)
class DecisionRules:
    """Rules that turn a logit into a verdict, chosen on the validation images of one population.

    Attributes:
        calibration: Conversion of a logit to a probability.
        operating_points: Named thresholds; a candidate has none until it is calibrated.
        default_operating_point: Name of the operating point that applies unless the user selects another.
        conformal: Limits of the prediction sets.
        training_prevalence: Share of the training images that show pneumonia, 0-1; probabilities are calibrated to it.
        years: Youngest and oldest age of the patients in the data set, in completed years, inclusive.
    """

    calibration: Calibration
    operating_points: tuple[OperatingPoint, ...]
    default_operating_point: str
    conformal: ConformalLimits
    training_prevalence: float
    years: tuple[int, int]

    def __post_init__(self) -> None:
        if not 0 < self.training_prevalence < 1:
            raise ValueError(f"training_prevalence must be between 0 and 1, got {self.training_prevalence}")
        youngest, oldest = self.years
        if not 0 <= youngest <= oldest:
            raise ValueError(f"years must be the youngest and the oldest age, got {self.years}")
        if self.operating_points:
            self.operating_point()

    def operating_point(self, name: str | None = None) -> OperatingPoint:
        """Return an operating point by its name; without a name, the default one.

        Raises:
            KeyError: There is no such operating point.
        """
        name = name or self.default_operating_point
        for point in self.operating_points:
            if point.name == name:
                return point
        raise KeyError(f"operating point {name!r}: this release has {[p.name for p in self.operating_points]}")

    def decide(self, logit: float, operating_point: str | None = None, prevalence: float | None = None) -> Decision:
        """Return probability and verdict for a logit.

        Args:
            logit: Uncalibrated logit for pneumonia.
            operating_point: Name of an operating point; None for the default one.
            prevalence: Prevalence for probability and threshold, between 0 and 1, exclusive; None for that of the
                training images.

        Raises:
            KeyError: There is no such operating point.
            ValueError: `prevalence` is not between 0 and 1.
        """
        point, calibrated_at = self.operating_point(operating_point), self.training_prevalence
        prevalence = calibrated_at if prevalence is None else prevalence
        probability = float(self.calibration.probability(logit))
        threshold = adjust_to_prevalence(point.threshold, calibrated_at, prevalence)
        return {
            "probability": adjust_to_prevalence(probability, calibrated_at, prevalence),
            "prevalence": prevalence,
            "verdict": classify(probability, point, self.conformal),
            "operating_point": replace(point, threshold=threshold),
        }
