"""Can the heat map of this picture be believed? Three checks of it, each on the network that drew it.

A map that lies beside the lungs, whose hottest part the reader does not miss when it is painted over, or that
contradicts occlusion, explains nothing. What is still usual was chosen on validation and is part of the release; a
release without it checks nothing, and says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from model.codes import Caution
from model.explanation.occlusion import masked_logits, occlusion_map, top_fraction_mask
from model.imaging.geometry import RelativeBox, resize
from model.inference.classifier import Classifier, Inference
from model.inference.finding import Finding
from model.inference.lung_segmentation import LungMask
from model.inference.release_loader import Release

RELIABILITY_KEY = "explanation_checks"  # of model.json
TOP_FRACTION = 0.1  # of what is seen: the hottest tenth
RANDOM_AREAS = 8  # of equal areas elsewhere
SEED = 0
_LUNG_GRID = 96  # pixels: finer than the map's cells and than the lung fields need

WARNING_TEXTS = {
    "inside_lungs": "little of the evidence lies within the lungs",
    "effect": "the probability hardly depends on the area with the strongest evidence",
    "agreement": "covering parts of the picture (occlusion) shows the evidence elsewhere",
}


@dataclass(frozen=True)
class HeatMapReliability:
    """What was measured of the heat map of one reading.

    inside_lungs: share of the positive evidence that lies within the lung fields, 0-1; None where no lungs were found.
    effect: how much more of the probability, at the training prevalence, goes when the hottest tenth of what is seen is
        painted over than, on average, with an equal area elsewhere: -1 to 1.
    agreement: rank correlation of the heat map and the occlusion map (Spearman 1904): -1 to 1.
    """

    inside_lungs: float | None
    effect: float
    agreement: float


@dataclass(frozen=True)
class ReliabilityLimits:
    """The least of each that is not warned about; chosen: one sentence on how, and on which pictures."""

    inside_lungs: float
    effect: float
    agreement: float
    chosen: str

    @classmethod
    def from_release(cls, release: Release) -> Self | None:
        """Those of a release; None where it has none."""
        found: dict[str, Any] | None = release.description.get(RELIABILITY_KEY)
        return None if found is None else cls(*(float(found[name]) for name in WARNING_TEXTS), str(found["chosen"]))

    def violations(self, checks: HeatMapReliability) -> tuple[str, ...]:
        """Why a map is not to be believed, in words of WORDS; empty where nothing speaks against it."""
        measured = ((words, getattr(checks, name), getattr(self, name)) for name, words in WARNING_TEXTS.items())
        return tuple(words for words, value, least in measured if value is not None and value < least)


def measure_reliability(classifier: Classifier, seen: Inference) -> HeatMapReliability | None:
    """Check the heat map of a reading; None, not applicable, where there is no positive evidence.

    Raises:
        ReleaseMismatch: the network answers with anything that is not a finite number.
    """
    heat = seen.output.class_activation_map
    if not (heat > 0).any():
        return None
    view, side = classifier.release.view, classifier.release.side
    picture = view.network_input(seen.working, seen.lungs, side)
    added = occlusion_map(classifier, picture, heat.shape)
    return HeatMapReliability(
        inside_lungs=evidence_share_in_lungs(heat, view.box(seen.lungs), seen.lungs),
        effect=_effect(classifier, picture, seen.output.logit, heat),
        agreement=rank_correlation(heat, added),
    )


def reliability_warnings(classifier: Classifier, seen: Inference) -> tuple[str, ...] | None:
    """Why the heat map of a reading is not to be believed; empty also where there is no evidence to check.

    None where it was not checked, for the release has no limits.
    """
    limits = ReliabilityLimits.from_release(classifier.release)
    if limits is None:
        return None
    checks = measure_reliability(classifier, seen)
    return limits.violations(checks) if checks else ()


def with_reliability_caution(finding: Finding, doubts: Sequence[str] | None) -> Finding:
    """A finding with the caution that its heat map is not to be believed, or, doubts being None, was not checked."""
    if not finding.heat_map.any() or doubts == ():
        return finding
    caution = Caution.EXPLANATION_UNCHECKED if doubts is None else Caution.EXPLANATION_UNRELIABLE
    return replace(finding, cautions=(*finding.cautions, caution))


def evidence_share_in_lungs(heat: np.ndarray, box: RelativeBox, lungs: LungMask | None) -> float | None:
    """Share, 0-1, of the positive values of a map of a part of the picture that lie within the lung fields."""
    positive = np.clip(resize(np.ascontiguousarray(heat, np.float32), _LUNG_GRID, _LUNG_GRID), 0, None)
    if lungs is None or not positive.any():
        return None
    fields = resize(lungs.fields.astype(np.float32), _LUNG_GRID, _LUNG_GRID, box) >= 0.5
    return float(positive[fields].sum() / positive.sum())


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's correlation of two maps of one shape, -1 to 1; 0 where either is the same everywhere."""
    ranks = [_ranks(values) for values in (one, other)]
    if not all(np.ptp(of) for of in ranks):
        return 0.0
    return float(np.corrcoef(*ranks)[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    """The rank of each value, equal ones sharing the mean of theirs, float (values,); scipy.stats opens too slowly."""
    _, place, count = np.unique(values.ravel(), return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]


def random_areas(heat: np.ndarray, share: float, side: int, draws: int) -> Sequence[np.ndarray]:
    """Areas as large as the hottest and of like shapes, where chance puts them: those of the map's cells, shuffled."""
    rng = np.random.default_rng(SEED)
    return [top_fraction_mask(rng.permutation(heat.ravel()).reshape(heat.shape), share, side) for _ in range(draws)]


def _effect(classifier: Classifier, picture: np.ndarray, logit: float, heat: np.ndarray) -> float:
    side = picture.shape[1]
    areas = [top_fraction_mask(heat, TOP_FRACTION, side), *random_areas(heat, TOP_FRACTION, side, RANDOM_AREAS)]
    without = classifier.release.calibration.probability(masked_logits(classifier, picture, areas))
    lost = classifier.release.calibration.probability(logit) - without
    return float(lost[0] - lost[1:].mean())
