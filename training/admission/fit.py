"""Fit the admission classifier, which distinguishes the training radiographs from images that must not be read.

The images that must not be read are corrupted radiographs (`training.admission.corrupted_radiographs`), synthetic and
sample images (`training.admission.out_of_distribution`) and, if a folder is given, real images
(`training.admission.not_chest`). Test images are not used. Validation images are used only to limit the threshold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from tqdm import tqdm

from dataset.images import ImageDecoder, decode_image
from dataset.split import Split
from model.admission.classifier import ADMISSION_CLASSES, AdmissionClassifier, TwoLayerNetwork
from model.codes import POPULATIONS
from model.inference.classifier import Classifier
from model.inference.similar_cases import SimilarCaseIndex
from model.release_files import ReleaseFile
from model.storage import write_arrays
from training.admission.fitting_features import FeatureCollector, collect_features
from training.admission.limits import REFUSAL_RATES, fit_limits, limit_refusals
from training.admission.not_chest import NotChestImage

PRINCIPAL_AXES = 100  # of the features
UNITS = 48  # in the hidden layer
EPOCHS = 40
L2_PENALTY = 1e-2
FOLDS = 3  # folds of patients: the threshold is chosen on out-of-fold probabilities
VARIANCE_FLOOR = 0.05  # added to the standard deviation of the features, because some features are nearly constant


@dataclass(frozen=True, eq=False)
class FittedAdmission:
    """Admission classifier of a release, and how it was fitted.

    Attributes:
        classifier: The classifier.
        rationale: What it was fitted on and how its limits were chosen, for model.json.
        uses_real_images: Whether it was fitted on real images that are not frontal chest radiographs.
    """

    classifier: AdmissionClassifier
    rationale: str
    uses_real_images: bool


def fit_admission(
    classifier: Classifier,
    index: SimilarCaseIndex,
    split: Split,
    not_chest: Sequence[NotChestImage] = (),
    decoder: ImageDecoder = decode_image,
) -> FittedAdmission:
    """Fit the admission classifier on the training split.

    Validation images are used once: if more of a population would be refused than REFUSAL_RATES allows, the threshold
    is lowered.

    Args:
        classifier: Classifier of the release.
        index: Index of similar cases from the same release.
        split: Images in each split, of one or more populations.
        not_chest: Real images that are not frontal chest radiographs; may be empty.
        decoder: Decodes the images in the splits.

    Raises:
        TrainingError: An image cannot be read, or a package with sample images is not installed.
    """
    collected = collect_features(classifier, index, split.training, not_chest, decoder)
    features, classes = np.stack(collected.features).astype(np.float32), np.array(collected.classes)
    network = _fit_network(features, classes)
    mirror_weights = _fit_mirror_weights(collected)
    limits = fit_limits(collected, _out_of_fold_probability(features, classes, collected), mirror_weights)
    admission_classifier = AdmissionClassifier(network, mirror_weights=mirror_weights, **limits)
    limited = limit_refusals(admission_classifier, classifier, split.validation, decoder)
    return FittedAdmission(limited, _rationale(split, not_chest), uses_real_images=bool(not_chest))


def _rationale(split: Split, not_chest: Sequence[NotChestImage]) -> str:
    """Return what the check was fitted on and how its limits were chosen."""
    populations = [name for name in POPULATIONS if any(record.population is name for record in split.validation)]
    rates = " and ".join(f"{REFUSAL_RATES[name].validation:.0%} of the {name}" for name in populations)
    real = f" and {len(not_chest)} real images that are not frontal chest radiographs" if not_chest else " only"
    return (
        f"The check was fitted on {len(split.training)} training images, corrupted copies of them, and, of other "
        f"images, synthetic and sample images{real}. Each limit is a quantile of measurements on the training images, "
        "the most lenient of all populations. The probability threshold is low enough that at most "
        f"{rates} among the {len(split.validation)} validation images are refused."
    )


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


def _fit_mirror_weights(collected: FeatureCollector) -> np.ndarray:
    """Return the weights that separate radiographs from their mirror images.

    There is no intercept, so neither orientation is preferred.
    """
    asymmetries = np.stack(collected.asymmetries)
    target = np.repeat([0, 1], len(asymmetries))
    regression = LogisticRegression(C=0.01, fit_intercept=False, max_iter=3000).fit(
        np.concatenate([asymmetries, -asymmetries]), target
    )
    weights: np.ndarray = regression.coef_[0].astype(np.float32)
    return weights
