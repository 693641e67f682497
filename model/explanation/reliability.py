"""Reliability of a map: checks with the network that produced it, and their limits.

A class-activation map is unreliable if its evidence is outside the lungs, if masking its hottest part does not change
the probability, or if it contradicts the occlusion map. An opacity map is checked instead, if the release has one: its
limit separates maps that hit a box of a radiologist from maps that miss all of them. The limits were chosen on
validation images and are part of the release. If a release has no limits, no map is checked, and findings carry a
caution.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from model.codes import HeatMapWarning, Population
from model.explanation.occlusion import masked_logits, occlusion_map, top_fraction_mask
from model.imaging.geometry import RelativeBox, resize
from model.inference.classifier import Classifier, Inference
from model.inference.lung_segmentation import LungMask
from model.inference.release_loader import Release

TOP_FRACTION = 0.1  # size of the hottest part as a share of the network input
RANDOM_AREAS = 8  # number of random areas that the hottest part is compared with
SEED = 0
_LUNG_GRID = 96  # pixels; finer than the heat map, and fine enough for lung fields


@dataclass(frozen=True)
class HeatMapReliability:
    """Measurements of one inference's map.

    Attributes:
        inside_lungs: Share of the positive evidence, or of the probability of an opacity, within the lung fields, 0-1;
            None if no lungs were found.
        effect: Decrease when the hottest part of the network input is masked, minus the mean decrease when a random
            area of the same size is masked. For a class-activation map, the part is a tenth, and the probability at the
            training prevalence decreases: -1 to 1. For an opacity map, the part has the size of the area inside the
            contour, and the logit decreases.
        agreement: Rank correlation (Spearman 1904) between the class-activation map and the occlusion map, or between
            the opacity map and the class-activation map: -1 to 1.
        peak: Highest probability of an opacity, 0-1; None for a class-activation map.
    """

    inside_lungs: float | None
    effect: float
    agreement: float
    peak: float | None = None


@dataclass(frozen=True)
class ReliabilityLimits:
    """Lower limits of a release; a map with a value below any of them is unreliable.

    Attributes:
        inside_lungs: Limit of `HeatMapReliability.inside_lungs`; None, as below, if the release has no such limit.
        effect: Limit of `HeatMapReliability.effect`.
        agreement: Limit of `HeatMapReliability.agreement`.
        rationale: How, and on which images, the limits were chosen.
        peak: Limit of `HeatMapReliability.peak`.
        auc: For an opacity map, how well each measurement separates maps that hit a box from maps that miss, as
            `model.performance.schema.CountedEstimate` by measurement.
    """

    inside_lungs: float | None
    effect: float | None
    agreement: float | None
    rationale: str
    peak: float | None = None
    auc: Mapping[str, Any] | None = None

    @classmethod
    def from_release(cls, release: Release) -> Self | None:
        """Return the limits from a release; None if it has no limits."""
        limits = release.description.get("heat_map_reliability")
        if limits is None:
            return None
        return cls(
            inside_lungs=limits.get("inside_lungs"),
            effect=limits.get("effect"),
            agreement=limits.get("agreement"),
            rationale=limits["rationale"],
            peak=limits.get("peak"),
            auc=limits.get("auc"),
        )

    def violations(self, reliability: HeatMapReliability) -> tuple[HeatMapWarning, ...]:
        """Return a warning for each measurement below its limit; () if the map is reliable."""
        return tuple(
            warning
            for warning in HeatMapWarning
            if (limit := getattr(self, warning)) is not None
            and (value := getattr(reliability, warning)) is not None
            and value < limit
        )


def measure_reliability(classifier: Classifier, inference: Inference) -> HeatMapReliability | None:
    """Run the checks on the map of an inference that is shown first: the opacity map, or else the class-activation map.

    Returns:
        The measurements; None if the map shows nothing to check.

    Raises:
        ReleaseIncompatible: The network returned a value that is not finite.
    """
    if inference.output.opacity_map is None:
        return measure_class_activation_map(classifier, inference)
    return _measure_opacity_map(classifier, inference, inference.output.opacity_map)


def measure_class_activation_map(classifier: Classifier, inference: Inference) -> HeatMapReliability | None:
    """Run the three checks on the class-activation map of an inference.

    Returns:
        The measurements; None if there is no positive evidence to check.

    Raises:
        ReleaseIncompatible: The network returned a value that is not finite.
    """
    evidence = inference.output.class_activation_map
    if not (evidence > 0).any():
        return None
    region, side = classifier.release.input_region, classifier.release.side
    network_input = region.network_input(inference.working, inference.lungs, side)
    rows, columns = evidence.shape
    calibration = classifier.release.populations[Population.CHILDREN].calibration  # as for the limit of the effect
    return HeatMapReliability(
        inside_lungs=evidence_share_in_lungs(evidence, region.box(inference.lungs), inference.lungs),
        effect=_masking_effect(classifier, network_input, evidence, TOP_FRACTION, calibration.probability),
        agreement=rank_correlation(evidence, occlusion_map(classifier, network_input, (rows, columns))),
    )


def _measure_opacity_map(
    classifier: Classifier, inference: Inference, opacity_map: np.ndarray
) -> HeatMapReliability | None:
    """Run the checks on an opacity map. None if no cell is at or above the contour."""
    contour = classifier.release.opacity_contour
    if contour is None or not (opacity_map >= contour).any():
        return None
    region, side = classifier.release.input_region, classifier.release.side
    network_input = region.network_input(inference.working, inference.lungs, side)
    grad_cam = resize(np.ascontiguousarray(inference.output.class_activation_map, np.float32), *opacity_map.shape)
    marked_share = float(np.mean(opacity_map >= contour))
    return HeatMapReliability(
        inside_lungs=evidence_share_in_lungs(opacity_map, region.box(inference.lungs), inference.lungs),
        effect=_masking_effect(classifier, network_input, opacity_map, marked_share, np.asarray),
        agreement=rank_correlation(opacity_map, grad_cam),
        peak=float(opacity_map.max()),
    )


def reliability_warnings(classifier: Classifier, inference: Inference) -> tuple[HeatMapWarning, ...] | None:
    """Return why the map of an inference that is shown first is unreliable.

    Returns:
        The warnings; () if the checks passed or there is nothing to check, None if the release has no limits to
        check against.
    """
    limits = ReliabilityLimits.from_release(classifier.release)
    if limits is None:
        return None
    reliability = measure_reliability(classifier, inference)
    return limits.violations(reliability) if reliability else ()


def evidence_share_in_lungs(evidence: np.ndarray, box: RelativeBox, lungs: LungMask | None) -> float | None:
    """Return the share of the positive evidence that is within the lung fields.

    Args:
        evidence: Signed map, float (rows, columns).
        box: Part of the radiograph that the map covers.
        lungs: Lung mask; None if no lungs were found.

    Returns:
        0-1; None if no lungs were found or there is no positive evidence.
    """
    upsampled = resize(np.ascontiguousarray(evidence, np.float32), _LUNG_GRID, _LUNG_GRID)
    positive = np.clip(upsampled, 0, None)
    if lungs is None or not positive.any():
        return None
    fields = resize(lungs.fields.astype(np.float32), _LUNG_GRID, _LUNG_GRID, box) >= 0.5
    return float(positive[fields].sum() / positive.sum())


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return Spearman's correlation between two maps of the same shape, -1 to 1; 0 if either is constant."""
    first_ranks, second_ranks = _ranks(first), _ranks(second)
    if not np.ptp(first_ranks) or not np.ptp(second_ranks):
        return 0.0
    return float(np.corrcoef(first_ranks, second_ranks)[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return the rank of each value, float (values,); ties get their mean rank. Importing scipy.stats takes long."""
    _, index, counts = np.unique(values.ravel(), return_inverse=True, return_counts=True)
    ranks: np.ndarray = (np.cumsum(counts) - (counts - 1) / 2)[index]
    return ranks


def random_areas(evidence: np.ndarray, fraction: float, side: int, count: int) -> Sequence[np.ndarray]:
    """Return random areas with the size of the hottest part and a similar shape, by shuffling the cells of the map.

    Args:
        evidence: float (rows, columns).
        fraction: Size of an area as a share of the network input, 0-1.
        side: Height and width of the network input.
        count: Number of areas.

    Returns:
        bool (side, side) each.
    """
    rng = np.random.default_rng(SEED)
    shuffled = (rng.permutation(evidence.ravel()).reshape(evidence.shape) for _ in range(count))
    return [top_fraction_mask(cells, fraction, side) for cells in shuffled]


def _masking_effect(
    classifier: Classifier,
    network_input: np.ndarray,
    evidence: np.ndarray,
    fraction: float,
    scale: Callable[[np.ndarray], np.ndarray],
) -> float:
    """Return how much more the score decreases if the hottest part is masked than if random areas are.

    Args:
        classifier: Classifier whose pneumonia network is run.
        network_input: float32 (1, side, side, 1), 0-255.
        evidence: float (rows, columns).
        fraction: Size of the part as a share of the network input, 0-1.
        scale: Conversion of logits to the scale of the result.
    """
    side = network_input.shape[1]
    hottest = top_fraction_mask(evidence, fraction, side)
    masks = [hottest, *random_areas(evidence, fraction, side, RANDOM_AREAS)]
    scores = scale(masked_logits(classifier, network_input, masks))
    return float(scores[1:].mean() - scores[0])
