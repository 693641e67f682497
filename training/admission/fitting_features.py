"""Features of the images that the admission classifier is fitted on: original, reframed, corrupted and other images."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

from dataset.images import ImageDecoder
from dataset.index import LabelledImage
from model.admission.classifier import ADMISSIBLE
from model.admission.features import ImageMeasures, asymmetry, extract_features, image_measures
from model.admission.gate import mean_neighbour_distance
from model.codes import Population
from model.imaging.geometry import resize
from model.imaging.preprocessing import WORKING_SIDE, working_image
from model.inference.classifier import Classifier, Inference
from model.inference.similar_cases import SimilarCaseIndex
from training.admission.admissible_radiographs import reframe
from training.admission.corrupted_radiographs import corrupted_versions
from training.admission.not_chest import NotChestImage
from training.admission.out_of_distribution import out_of_distribution_images
from training.data.augmentation import Augmenter
from training.data.loading import load_images

N_CORRUPTED = 1200  # maximum number of training images that are corrupted
N_PER_FAMILY = 300  # images in each family of synthetic and sample images
N_VERSIONS = 4  # of each real image that is not a frontal chest radiograph


@dataclass(eq=False)
class FeatureCollector:
    """Features of the images to fit on, one entry per image.

    The last four lists have entries only for original radiographs, that is, those not generated from another image.

    Attributes:
        features: Result of `extract_features`, float16.
        classes: Class of each image, one of ADMISSION_CLASSES.
        sources: Patient group or generator of each image.
        is_original: Whether the image is an original radiograph.
        populations: Population of the patient.
        measures: Image measures.
        asymmetries: Result of `asymmetry`.
        neighbour_distances: Result of `mean_neighbour_distance`.
    """

    features: list[np.ndarray] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    is_original: list[bool] = field(default_factory=list)
    populations: list[Population] = field(default_factory=list)
    measures: list[ImageMeasures] = field(default_factory=list)
    asymmetries: list[np.ndarray] = field(default_factory=list)
    neighbour_distances: list[float] = field(default_factory=list)

    def add_original(self, inference: Inference, record: LabelledImage, neighbour_distance: float) -> None:
        """Add an original radiograph."""
        measures = image_measures(inference)
        self._add(inference, measures, ADMISSIBLE, record.group, is_original=True)
        self.populations.append(record.population)
        self.measures.append(measures)
        self.asymmetries.append(asymmetry(inference))
        self.neighbour_distances.append(neighbour_distance)

    def add_generated(self, inference: Inference, class_name: str, source: str) -> None:
        """Add a generated image, which belongs to one of ADMISSION_CLASSES."""
        self._add(inference, image_measures(inference), class_name, source, is_original=False)

    def _add(
        self, inference: Inference, measures: ImageMeasures, class_name: str, source: str, is_original: bool
    ) -> None:
        self.features.append(extract_features(inference, measures).astype(np.float16))
        self.classes.append(class_name)
        self.sources.append(source)
        self.is_original.append(is_original)


def collect_features(
    classifier: Classifier,
    index: SimilarCaseIndex,
    records: Sequence[LabelledImage],
    not_chest: Sequence[NotChestImage],
    decoder: ImageDecoder,
) -> FeatureCollector:
    """Extract the features of training radiographs, of images generated from them, and of other images.

    Each radiograph also contributes a reframed version. At most N_CORRUPTED radiographs contribute corrupted versions.

    Args:
        classifier: Classifier of the release.
        index: Index of similar cases from the same release.
        records: Training images.
        not_chest: Real images that are not frontal chest radiographs; may be empty.
        decoder: Decodes the training images.

    Raises:
        TrainingError: An image cannot be read, or a package with sample images is not installed.
    """
    rng, collected = np.random.default_rng(0), FeatureCollector()
    order = rng.permutation(len(records))
    images = load_images(records, WORKING_SIDE, "loading training images", decoder)[..., 0]
    for position, number in enumerate(tqdm(order, "admission features: radiographs", unit="image", disable=None)):
        image, group = images[number], records[number].group
        inference = _infer(classifier, image)
        distance = mean_neighbour_distance(index, inference.output.embedding, group)
        collected.add_original(inference, records[number], distance)
        reframed = reframe(image, inference.lungs.box if inference.lungs else None, rng)
        collected.add_generated(_infer(classifier, reframed), ADMISSIBLE, group)
        if position < N_CORRUPTED:
            original = Augmenter().perturb_appearance(image, rng) if rng.random() < 0.5 else image
            for example in corrupted_versions(original, inference.lungs, group, rng):
                collected.add_generated(_infer(classifier, example.image), example.reason, group)
    examples = out_of_distribution_images(held_out=False, count=N_PER_FAMILY, rng=rng)
    for example in tqdm(examples, "admission features: other images", unit="image", disable=None):
        collected.add_generated(_infer(classifier, example.image), example.reason, example.source)
    for real in tqdm(not_chest, "admission features: real other images", unit="image", disable=None):
        for version in _versions(real, rng):
            collected.add_generated(_infer(classifier, version), real.reason, real.patient)
    return collected


def _versions(real: NotChestImage, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield a real image, uint8 (WORKING_SIDE, WORKING_SIDE), and N_VERSIONS - 1 versions of it, in any orientation."""
    image = working_image(real.read()).round().astype(np.uint8)
    yield image
    for _ in range(N_VERSIONS - 1):
        turned = np.rot90(image, int(rng.integers(4)))[:, :: rng.choice([1, -1])]
        yield reframe(np.ascontiguousarray(turned), None, rng)


def _infer(classifier: Classifier, image: np.ndarray) -> Inference:
    """Run both networks on an array, uint8 (any height, any width)."""
    pixels = np.ascontiguousarray(image, np.float32)
    return classifier.infer_working(resize(pixels, WORKING_SIDE, WORKING_SIDE))
