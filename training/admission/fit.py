"""Fit the admission classifier, which distinguishes the training radiographs from images that must not be read.

The inadmissible images are generated: corrupted radiographs (`training.admission.corrupted_radiographs`) and other
images (`training.admission.out_of_distribution`). Test images and radiographs of adults are not used. Validation images
are used only to limit the threshold.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from tqdm import tqdm

from dataset.images import ImageDecoder, decode_image
from dataset.index import LabelledImage
from dataset.split import Split
from model.admission.classifier import ADMISSION_CLASSES, AdmissionClassifier, TwoLayerNetwork
from model.admission.features import extract_features, image_measures
from model.inference.classifier import Classifier
from model.inference.similar_cases import SimilarCaseIndex
from model.release_files import ReleaseFile
from model.storage import write_arrays
from training.admission.fitting_features import FeatureCollector, collect_features
from training.data.loading import read_prepared

PRINCIPAL_AXES = 100  # of the features
UNITS = 48  # in the hidden layer
EPOCHS = 40
L2_PENALTY = 1e-2
FOLDS = 3  # folds of patients: the threshold is chosen on out-of-fold probabilities
# Share of training images that the network may refuse. With 0.5%, it accepted only 0.7% of the radiographs cropped to a
# half; with 0.25%, it accepted 4.0%. With 0.5%, it refused 0.83% of the validation images in one fit and 1.07% in the
# next (with 0.25%, it refused 0.36%), so MAX_VALIDATION_REFUSAL_RATE limits that rate.
TARGET_REFUSAL_RATE = 0.005
MAX_VALIDATION_REFUSAL_RATE = 0.01  # share of validation images that may be refused for any reason
LUNG_TOLERANCE = 0.25  # how far a lung measure may exceed its training extreme, as a share of that extreme
CAUTION_RATE = 0.005  # share of training images that may get each caution
VARIANCE_FLOOR = 0.05  # added to the standard deviation of the features, because some features are nearly constant


def fit_admission(
    classifier: Classifier, index: SimilarCaseIndex, split: Split, decoder: ImageDecoder = decode_image
) -> AdmissionClassifier:
    """Fit the admission classifier on the training split.

    Validation images are used once: if more than MAX_VALIDATION_REFUSAL_RATE of them would be refused, the threshold is
    lowered.

    Args:
        classifier: Classifier of the release.
        index: Index of similar cases from the same release.
        split: Images in each split.
        decoder: Decodes the images.

    Raises:
        TrainingError: An image cannot be read, or a package with sample images is not installed.
    """
    collected = collect_features(classifier, index, split.training, decoder)
    features, classes = np.stack(collected.features).astype(np.float32), np.array(collected.classes)
    network = _fit_network(features, classes)
    mirror_weights, max_mirror_score = _fit_mirror_detector(collected)
    limits = _fit_limits(collected, _out_of_fold_probability(features, classes, collected))
    admission_classifier = AdmissionClassifier(
        network, mirror_weights=mirror_weights, max_mirror_score=max_mirror_score, **limits
    )
    return _cap_refusal_rate(admission_classifier, classifier, split.validation, decoder)


def _cap_refusal_rate(
    admission_classifier: AdmissionClassifier,
    classifier: Classifier,
    records: Sequence[LabelledImage],
    decoder: ImageDecoder,
) -> AdmissionClassifier:
    """Lower the threshold of the network if more than MAX_VALIDATION_REFUSAL_RATE of the images would be refused.

    Images without plausible lungs are refused at any threshold.
    """
    probabilities = []
    for record in tqdm(records, "admission threshold: validation", unit="image", disable=None):
        inference = classifier.infer_working(read_prepared(record, decoder).working)
        measures = image_measures(inference)
        if admission_classifier.has_plausible_lungs(measures):
            features = extract_features(inference, measures)
            probabilities.append(admission_classifier.network.probability(features)[0])
    refused_anyway = len(records) - len(probabilities)
    max_refused = max(0, int(MAX_VALIDATION_REFUSAL_RATE * len(records)) - refused_anyway)
    bound = np.sort(probabilities)[max_refused] if max_refused < len(probabilities) else np.inf
    threshold = np.minimum(admission_classifier.min_admissible_probability, np.float32(bound))
    return replace(admission_classifier, min_admissible_probability=threshold)


def save_admission(admission_classifier: AdmissionClassifier, folder: Path) -> None:
    """Write the admission classifier into a folder, atomically."""
    write_arrays(folder / ReleaseFile.ADMISSION, admission_classifier.to_arrays())


def _fit_network(features: np.ndarray, classes: np.ndarray) -> TwoLayerNetwork:
    """Fit the network. Its first layer includes the standardisation and the principal axes of the features."""
    centre, scale = features.mean(axis=0), features.std(axis=0) + VARIANCE_FLOOR
    standardised = (features - centre) / scale
    pca = PCA(min(PRINCIPAL_AXES, *features.shape), svd_solver="randomized", random_state=0).fit(standardised)
    coordinates = pca.transform(standardised)
    spread = coordinates.std(axis=0).max()
    mlp = MLPClassifier(
        (UNITS,), alpha=L2_PENALTY, batch_size=min(256, len(features)), random_state=np.random.RandomState(0)
    )
    for _ in range(EPOCHS):
        mlp.partial_fit(coordinates / spread, classes, classes=sorted(ADMISSION_CLASSES))
    order = [mlp.classes_.tolist().index(name) for name in ADMISSION_CLASSES]
    (first_weights, last_weights), (first_bias, last_bias) = mlp.coefs_, mlp.intercepts_
    hidden_weights = pca.components_.T @ first_weights / spread / scale[:, np.newaxis]
    return TwoLayerNetwork(
        hidden_weights=hidden_weights.astype(np.float16),
        hidden_bias=(first_bias - (centre + scale * pca.mean_) @ hidden_weights).astype(np.float32),
        output_weights=last_weights[:, order].astype(np.float32),
        output_bias=last_bias[order].astype(np.float32),
    )


def _out_of_fold_probability(features: np.ndarray, classes: np.ndarray, collected: FeatureCollector) -> np.ndarray:
    """Return the out-of-fold probability that each original radiograph is admissible: float (originals,)."""
    is_original = np.array(collected.is_original)
    _, source_number = np.unique(np.array(collected.sources), return_inverse=True)
    fold = np.random.default_rng(0).permutation(source_number.max() + 1)[source_number] % FOLDS
    probability = np.empty(len(features))
    for number in tqdm(range(FOLDS), "admission threshold: folds", leave=False):
        outside, members = fold != number, np.flatnonzero(is_original & (fold == number))
        network = _fit_network(features[outside], classes[outside])
        probability[members] = network.probability(features[members])[:, 0]
    original_probability: np.ndarray = probability[is_original]
    return original_probability


def _fit_mirror_detector(collected: FeatureCollector) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights that separate radiographs from their mirror images, and the limit for the weighted sum.

    There is no intercept, so neither orientation is preferred.
    """
    asymmetries = np.stack(collected.asymmetries)
    target = np.repeat([0, 1], len(asymmetries))
    regression = LogisticRegression(C=0.01, fit_intercept=False, max_iter=3000).fit(
        np.concatenate([asymmetries, -asymmetries]), target
    )
    weights = regression.coef_[0].astype(np.float32)
    return weights, _quantile(asymmetries @ weights, 1 - CAUTION_RATE)


def _fit_limits(collected: FeatureCollector, probability: np.ndarray) -> dict[str, np.ndarray]:
    """Return the limits of `AdmissionClassifier` by name.

    Args:
        collected: Features of the training images.
        probability: Result of `_out_of_fold_probability`.
    """
    names = ("second_lung_area", "horizontal_distance", "vertical_offset", "detail")
    area, distance, offset, detail = (
        np.array([getattr(measures, name) for measures in collected.measures]) for name in names
    )
    return {
        "min_admissible_probability": _quantile(probability, TARGET_REFUSAL_RATE),
        "min_second_lung_area": _quantile(area * (1 - LUNG_TOLERANCE), 0),
        "min_lung_distance": _quantile(distance * (1 - LUNG_TOLERANCE), 0),
        "max_lung_offset": _quantile(offset * (1 + LUNG_TOLERANCE), 1),
        "min_detail": _quantile(detail, CAUTION_RATE / 2),
        "max_detail": _quantile(detail, 1 - CAUTION_RATE / 2),
        "max_neighbour_distance": _quantile(np.array(collected.neighbour_distances), 1 - CAUTION_RATE),
    }


def _quantile(values: np.ndarray, level: float) -> np.ndarray:
    """Return a quantile as a float32 array of shape ()."""
    quantile: np.ndarray = np.quantile(values, level).astype(np.float32)
    return quantile
