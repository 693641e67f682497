"""Fit the admission classifier: radiographs of the training patients against images that must not be read.

The inadmissible images are generated: corrupted radiographs (`training.admission.corrupted_films`), and other images
(`training.admission.out_of_distribution`). Test and adult images are not used. Validation images only bound the
threshold.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from tqdm import tqdm

from dataset.images import ImageDecoder, decode_image
from dataset.index import LabelledImage
from dataset.split import Split
from model.admission.classifier import ADMISSIBLE, ADMISSION_CLASSES, AdmissionClassifier, TwoLayerNetwork
from model.admission.features import ImageMeasures, asymmetry, extract_features, image_measures
from model.admission.gate import mean_neighbour_distance
from model.imaging.geometry import resize
from model.imaging.preprocessing import WORKING_SIDE
from model.inference.classifier import Classifier, Inference
from model.inference.lung_segmentation import LungMask
from model.inference.similar_cases import SimilarCaseIndex
from model.release_files import ReleaseFile
from model.storage import write_arrays
from training.admission.corrupted_films import corrupted_versions
from training.admission.out_of_distribution import out_of_distribution_images
from training.data.augmentation import Augmenter
from training.data.loading import load_images, read_prepared

N_CORRUPTED = 1200  # training images, at most, that are corrupted
N_PER_FAMILY = 300  # images of each other family
PRINCIPAL_AXES = 100  # of the features
UNITS = 48  # of the hidden layer
EPOCHS = 40
L2_PENALTY = 1e-2
FOLDS = 3  # patient groups: the threshold uses probabilities from a network that was fitted without the patient
# Share of training images that the network may refuse. Of 0.25% and 0.5%, the stricter one was chosen: it accepted 0.7%
# of radiographs cropped to a half (the other 4.0%). It refused 0.83% of validation in one fit (the other 0.36%) and
# 1.07% in the next, so a rule bounds that rate.
TARGET_REFUSAL_RATE = 0.005
MAX_VALIDATION_REFUSAL_RATE = 0.01  # share of validation images that may be refused for any reason
LUNG_TOLERANCE = 0.25  # how far lungs may exceed the extremes of training, as a share of the extreme
CAUTION_RATE = 0.005  # share of training images that each caution may apply to
VARIANCE_FLOOR = 0.05  # added to the standard deviation of features, because some are nearly constant


@dataclass(eq=False)
class FeatureCollector:
    """Features of the images to fit on, one entry per image.

    The last three lists have entries only for original radiographs, those that are not generated from another image.

    Attributes:
        features: Result of `extract_features`, float16.
        classes: Class of each image, one of ADMISSION_CLASSES.
        sources: Patient group or generator of each image.
        is_original: Whether the image is an original radiograph.
        measures: Image measures.
        asymmetries: Result of `asymmetry`.
        neighbour_distances: Result of `mean_neighbour_distance`.
    """

    features: list[np.ndarray] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    is_original: list[bool] = field(default_factory=list)
    measures: list[ImageMeasures] = field(default_factory=list)
    asymmetries: list[np.ndarray] = field(default_factory=list)
    neighbour_distances: list[float] = field(default_factory=list)

    def add_original(self, inference: Inference, group: str, neighbour_distance: float) -> None:
        """Add an original radiograph."""
        measures = image_measures(inference)
        self._add(inference, measures, ADMISSIBLE, group, is_original=True)
        self.measures.append(measures)
        self.asymmetries.append(asymmetry(inference))
        self.neighbour_distances.append(neighbour_distance)

    def add_generated(self, inference: Inference, class_name: str, source: str) -> None:
        """Add a generated image of a class of ADMISSION_CLASSES."""
        self._add(inference, image_measures(inference), class_name, source, is_original=False)

    def _add(
        self, inference: Inference, measures: ImageMeasures, class_name: str, source: str, is_original: bool
    ) -> None:
        self.features.append(extract_features(inference, measures).astype(np.float16))
        self.classes.append(class_name)
        self.sources.append(source)
        self.is_original.append(is_original)


def fit_admission(
    classifier: Classifier, index: SimilarCaseIndex, split: Split, decoder: ImageDecoder = decode_image
) -> AdmissionClassifier:
    """Fit the admission classifier on the training split.

    Validation images do one thing: if more than MAX_VALIDATION_REFUSAL_RATE of them would be refused, they lower the
    threshold.

    Args:
        classifier: Classifier of the release.
        index: Index of similar cases of the same release.
        split: Images of each split.
        decoder: Decodes the images.

    Raises:
        DatasetError: An image cannot be read.
        TrainingError: A package with sample images is not installed.
    """
    collected = _collect_features(classifier, index, split.training, decoder)
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

    Images without plausible lungs are refused whatever the threshold.
    """
    probabilities = []
    for record in tqdm(records, "films that bound the threshold", unit="film", disable=None):
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


def infer_image(classifier: Classifier, image: np.ndarray) -> Inference:
    """Run both networks on an array, uint8 (any height, any width)."""
    pixels = np.ascontiguousarray(image, np.float32)
    return classifier.infer_working(resize(pixels, WORKING_SIDE, WORKING_SIDE))


def _collect_features(
    classifier: Classifier, index: SimilarCaseIndex, records: Sequence[LabelledImage], decoder: ImageDecoder
) -> FeatureCollector:
    rng, collected = np.random.default_rng(0), FeatureCollector()
    order = rng.permutation(len(records))
    images = load_images(records, WORKING_SIDE, "pictures to admit", decoder)[..., 0]
    for position, number in enumerate(tqdm(order, "films to admit and to refuse", unit="film", disable=None)):
        image, group = images[number], records[number].group
        inference = infer_image(classifier, image)
        distance = mean_neighbour_distance(index, inference.output.embedding, group)
        collected.add_original(inference, group, distance)
        reframed = _reframe(image, inference.lungs, rng)
        collected.add_generated(infer_image(classifier, reframed), ADMISSIBLE, group)
        if position < N_CORRUPTED:
            original = Augmenter().perturb_appearance(image, rng) if rng.random() < 0.5 else image
            for example in corrupted_versions(original, inference.lungs, group, rng):
                collected.add_generated(infer_image(classifier, example.image), example.reason, group)
    examples = out_of_distribution_images(held_out=False, count=N_PER_FAMILY, rng=rng)
    for example in tqdm(examples, "other pictures to refuse", unit="picture", disable=None):
        collected.add_generated(infer_image(classifier, example.image), example.reason, example.source)
    return collected


def _reframe(pixels: np.ndarray, lungs: LungMask | None, rng: np.random.Generator) -> np.ndarray:
    """Frame and store a radiograph, uint8, as another hospital might; the lungs stay complete."""
    height, width = pixels.shape
    image = Image.fromarray(pixels)
    if rng.random() < 0.4:
        image = image.rotate(rng.uniform(-10, 10), Image.Resampling.BILINEAR)
    if rng.random() < 0.4 and lungs:
        box = lungs.box.expanded(0.03)
        left, top = rng.uniform(0, box.left), rng.uniform(0, box.top)
        right, bottom = rng.uniform(box.right, 1), rng.uniform(box.bottom, 1)
        image = image.crop((round(left * width), round(top * height), round(right * width), round(bottom * height)))
    if rng.random() < 0.4:
        borders = [tuple(rng.integers(0, side // 6, size=2)) for side in (image.height, image.width)]
        image = Image.fromarray(np.pad(np.asarray(image), borders, constant_values=rng.choice([0, 0, 0, 255])))
    image = image.resize((width, height), Image.Resampling.BILINEAR)
    return Augmenter().perturb_appearance(np.asarray(image), rng)


def _fit_network(features: np.ndarray, classes: np.ndarray) -> TwoLayerNetwork:
    """Fit the network; principal axes and scaling of the features become part of its first layer."""
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
    """Return the probability of ADMISSIBLE of each original radiograph, by a network fitted without its patient."""
    is_original = np.array(collected.is_original)
    _, source_number = np.unique(np.array(collected.sources), return_inverse=True)
    fold = np.random.default_rng(0).permutation(source_number.max() + 1)[source_number] % FOLDS
    probability = np.empty(len(features))
    for number in tqdm(range(FOLDS), "choosing the threshold", leave=False):
        outside, members = fold != number, np.flatnonzero(is_original & (fold == number))
        network = _fit_network(features[outside], classes[outside])
        probability[members] = network.probability(features[members])[:, 0]
    original_probability: np.ndarray = probability[is_original]
    return original_probability


def _fit_mirror_detector(collected: FeatureCollector) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights that separate radiographs from their mirror images, and the limit of the weighted sum.

    Without an intercept, neither orientation is preferred.
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
