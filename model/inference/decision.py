"""From a probability to a verdict: operating points, what is indeterminate, and prevalence."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import numpy as np

LABELS = ("NORMAL", "PNEUMONIA")


Probability = TypeVar("Probability", float, np.ndarray)


class Verdict(StrEnum):
    """What the probability means at the operating point."""

    NORMAL = "NORMAL"
    PNEUMONIA = "PNEUMONIA"
    INDETERMINATE = "INDETERMINATE"


@dataclass(frozen=True)
class OperatingPoint:
    """A named threshold: at or above it a calibrated probability (0-1) speaks for PNEUMONIA.

    chosen: one sentence on how, and on which pictures, the threshold was chosen.
    """

    name: str
    threshold: float
    chosen: str

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold: a probability, 0-1, expected, got {self.threshold}")


@dataclass(frozen=True)
class ConformalLimits:
    """Limits of split conformal prediction, class by class (Vovk, Gammerman and Shafer 2005, section 4.5).

    The classes that are plausible for a picture are PNEUMONIA from `least_pneumonia` up and NORMAL up to `most_normal`,
    both calibrated probabilities at the training prevalence. On pictures like those that the limits were chosen on, the
    true class is among them for a share of `coverage` of each class; under another population it need not be.

    chosen: one sentence on how, and on which pictures, the limits were chosen.
    """

    coverage: float
    least_pneumonia: float
    most_normal: float
    chosen: str

    def __post_init__(self) -> None:
        for name in ("coverage", "least_pneumonia", "most_normal"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: a share or probability, 0-1, expected, got {getattr(self, name)}")

    def prediction_set(self, probability: float) -> frozenset[Verdict]:
        """The classes that are plausible at a probability: one, both or none."""
        return frozenset(
            verdict
            for verdict, fits in (
                (Verdict.PNEUMONIA, probability >= self.least_pneumonia),
                (Verdict.NORMAL, probability <= self.most_normal),
            )
            if fits
        )


def classify(probability: float, point: OperatingPoint, conformal: ConformalLimits) -> Verdict:
    """The verdict on a calibrated probability, 0-1, at the training prevalence.

    INDETERMINATE where not exactly one class is plausible, or where the one that is contradicts the operating point.
    """
    side = Verdict.PNEUMONIA if probability >= point.threshold else Verdict.NORMAL
    return side if conformal.prediction_set(probability) == {side} else Verdict.INDETERMINATE


def adjust_to_prevalence(probability: Probability, calibrated_at: float, prevalence: float) -> Probability:
    """A probability, 0-1, calibrated at one prevalence, as it is at another (Bayes; Saerens et al. 2002, eq. 2.4).

    Raises:
        ValueError: a prevalence that is not between 0 and 1, both excluded.
    """
    for share in (calibrated_at, prevalence):
        if not 0 < share < 1:
            raise ValueError(f"prevalence: a share between 0 and 1 expected, got {share}")
    if prevalence == calibrated_at:
        return probability  # to the last digit
    ill = probability * prevalence / calibrated_at
    healthy = (1 - probability) * (1 - prevalence) / (1 - calibrated_at)
    return ill / (ill + healthy)


@dataclass(frozen=True)
class Calibration:
    """Probability = sigmoid(slope * logit + intercept) (Platt 1999)."""

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.slope) and math.isfinite(self.intercept)):
            raise ValueError(f"calibration: finite numbers expected, got {self.slope} and {self.intercept}")

    def probability(self, logits: np.ndarray) -> np.ndarray:
        """Probabilities of pneumonia, 0-1, of logits of the network."""
        with np.errstate(over="ignore"):  # an infinite logit is as good as any beyond 700
            log_odds = self.slope * np.asarray(logits, float) + self.intercept
        return 1 / (1 + np.exp(np.minimum(-log_odds, 700.0)))  # exp overflows from 710
