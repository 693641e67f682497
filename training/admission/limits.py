"""Limits of the admission check: quantiles on training images, and the refusals allowed on validation images.

Each limit is the most lenient of all populations, because the population of an image need not be known when it is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from dataset.images import ImageDecoder
from dataset.index import LabelledImage
from model.admission.classifier import AdmissionClassifier
from model.admission.features import extract_features, image_measures
from model.codes import POPULATIONS, Population
from model.inference.classifier import Classifier
from training.admission.fitting_features import FeatureCollector
from training.data.loading import read_prepared

LUNG_TOLERANCE = 0.25  # how far a lung measure may exceed its training extreme, as a share of that extreme
# Share of training images of a population beyond the extreme: in a few radiographs only one lung is found, and they
# would make the limits meaningless.
BEYOND_LUNG_EXTREME = 0.001
CAUTION_RATE = 0.005  # share of training images that may get each caution


@dataclass(frozen=True)
class RefusalRates:
    """Shares of the images of a population that may be refused.

    Attributes:
        training: By the network alone, on training images.
        validation: For any reason, on validation images. The threshold is lowered until it is met.
    """

    training: float
    validation: float


# Children, one population: with 0.5%, the network accepted only 0.7% of the radiographs cropped to a half; with 0.25%,
# it accepted 4.0%. With 0.5%, it refused 0.83% of the validation images in one fit and 1.07% in the next (with 0.25%,
# it refused 0.36%), so the rate on validation images is limited too.
REFUSAL_RATES = {
    Population.CHILDREN: RefusalRates(training=0.005, validation=0.01),
    Population.ADULTS: RefusalRates(training=0.01, validation=0.02),
}


def fit_limits(
    collected: FeatureCollector, probability: np.ndarray, mirror_weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the limits of `AdmissionClassifier` by name: of each, the most lenient of all populations.

    Args:
        collected: Features of the training images.
        probability: Probability that each original radiograph is admissible, from a network fitted without its patient.
        mirror_weights: Weights of the values from `model.admission.features.asymmetry`.
    """
    populations = np.array(collected.populations)
    values = {
        name: np.array([getattr(measures, name) for measures in collected.measures])
        for name in ("second_lung_area", "horizontal_distance", "vertical_offset", "detail")
    } | {
        "probability": probability,
        "neighbour_distance": np.array(collected.neighbour_distances),
        "mirror_score": np.stack(collected.asymmetries) @ mirror_weights,
    }
    limits = [
        _population_limits({name: array[populations == population] for name, array in values.items()}, population)
        for population in POPULATIONS
        if population in collected.populations
    ]
    return {name: _most_lenient(name, [part[name] for part in limits]) for name in limits[0]}


def _most_lenient(name: str, limits: Sequence[float]) -> np.ndarray:
    """Return the lowest of several lower limits, or the highest of several upper limits; float32, shape ()."""
    lenient: np.ndarray = np.asarray(min(limits) if name.startswith("min_") else max(limits), np.float32)
    return lenient


def _population_limits(values: dict[str, np.ndarray], population: Population) -> dict[str, float]:
    """Return the limits for one population by name."""
    return {
        "min_admissible_probability": np.quantile(values["probability"], REFUSAL_RATES[population].training),
        "min_second_lung_area": np.quantile(values["second_lung_area"], BEYOND_LUNG_EXTREME) * (1 - LUNG_TOLERANCE),
        "min_lung_distance": np.quantile(values["horizontal_distance"], BEYOND_LUNG_EXTREME) * (1 - LUNG_TOLERANCE),
        "max_lung_offset": np.quantile(values["vertical_offset"], 1 - BEYOND_LUNG_EXTREME) * (1 + LUNG_TOLERANCE),
        "min_detail": np.quantile(values["detail"], CAUTION_RATE / 2),
        "max_detail": np.quantile(values["detail"], 1 - CAUTION_RATE / 2),
        "max_neighbour_distance": np.quantile(values["neighbour_distance"], 1 - CAUTION_RATE),
        "max_mirror_score": np.quantile(values["mirror_score"], 1 - CAUTION_RATE),
    }


def limit_refusals(
    admission_classifier: AdmissionClassifier,
    classifier: Classifier,
    records: Sequence[LabelledImage],
    decoder: ImageDecoder,
) -> AdmissionClassifier:
    """Lower the threshold of the network if more images of a population would be refused than REFUSAL_RATES allows.

    Images without plausible lungs are refused at any threshold.
    """
    probabilities: dict[Population, list[float]] = {}
    for record in tqdm(records, "admission threshold: validation", unit="image", disable=None):
        inference = classifier.infer_working(read_prepared(record, decoder).working)
        measures = image_measures(inference)
        probability = admission_classifier.network.probability(extract_features(inference, measures))[0]
        is_plausible = admission_classifier.has_plausible_lungs(measures)
        probabilities.setdefault(record.population, []).append(probability if is_plausible else -np.inf)
    bounds = [highest_threshold(values, REFUSAL_RATES[name].validation) for name, values in probabilities.items()]
    threshold = np.min([admission_classifier.min_admissible_probability, *bounds]).astype(np.float32)
    return replace(admission_classifier, min_admissible_probability=threshold)


def highest_threshold(probabilities: Sequence[float], max_share: float) -> np.float32:
    """Return the highest threshold, at least 0, that at most a share of the probabilities is below; float32, 0-1."""
    ordered = np.sort(np.array(probabilities, np.float32))
    max_below = int(max_share * len(ordered))
    return np.maximum(ordered[max_below], np.float32(0)) if max_below < len(ordered) else np.float32(1)
