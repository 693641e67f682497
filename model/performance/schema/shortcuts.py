"""Quality of the lung segmentation, and the shortcut audit: how well the class can be predicted without the lungs."""

from typing import NotRequired, TypedDict

from model.performance.schema.estimates import Estimate


class DiceScores(TypedDict):
    """Distribution of the Dice coefficient; `p05` is its 5th percentile."""

    mean: float
    median: float
    p05: float


class BoxErrors(TypedDict):
    """Error in the least accurate edge of the lung box, as a share of the image width or height."""

    mean: float
    p95: float


class LungMetrics(TypedDict):
    """Agreement of the lung network with manual masks; `not_found` counts images in which no lungs were found."""

    n: int
    patients: int
    dice: DiceScores
    box_error: BoxErrors | None
    not_found: int


class SizedAuc(TypedDict):
    """AUC, and the number of images on which it was measured."""

    n: int
    auc: Estimate


class SizeStratum(TypedDict):
    """AUC among images of similar original width, in pixels; the AUC is None if a class has too few of these images."""

    narrowest: int
    widest: int
    n: int
    positives: int
    auc: Estimate | None


class ScaledCopy(TypedDict):
    """Change in the probability when a smaller copy of an image is read."""

    mean_change: float
    largest_change: float
    verdicts_changed: int


# Functional form, because two keys (the sides of the copies in pixels) are not identifiers.
ScaledCopies = TypedDict("ScaledCopies", {"n": int, "224": ScaledCopy, "512": ScaledCopy})


class MaskedLungs(TypedDict):
    """AUC with nothing masked, with the lungs masked, and with everything outside the lungs masked."""

    nothing: SizedAuc
    lungs: SizedAuc
    outside: SizedAuc


class ShortcutAudit(TypedDict):
    """Results of the shortcut audit; a part is None if it was not measured.

    `size_strata` is by split. `population_alone` is by feature (file_size, framing, spectrum) and label; earlier
    releases do not have it.
    """

    spectrum_alone: SizedAuc
    size_alone: SizedAuc | None
    framing_alone: SizedAuc
    size_strata: dict[str, list[SizeStratum]] | None
    scaled_copies: ScaledCopies | None
    painted_over: MaskedLungs | None
    population_alone: NotRequired[dict[str, dict[str, SizedAuc]] | None]
