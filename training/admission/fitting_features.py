"""Features of the images that the admission classifier is fitted on: original, reframed, corrupted and other images."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image
from tqdm import tqdm

from dataset.images import ImageDecoder
from dataset.index import LabelledImage
from model.admission.classifier import ADMISSIBLE
from model.admission.features import ImageMeasures, asymmetry, extract_features, image_measures
from model.admission.gate import mean_neighbour_distance
from model.imaging.geometry import resize
from model.imaging.preprocessing import WORKING_SIDE
from model.inference.classifier import Classifier, Inference
from model.inference.lung_segmentation import LungMask
from model.inference.similar_cases import SimilarCaseIndex
from training.admission.corrupted_radiographs import corrupted_versions
from training.admission.out_of_distribution import out_of_distribution_images
from training.data.augmentation import Augmenter
from training.data.loading import load_images

N_CORRUPTED = 1200  # maximum number of training images that are corrupted
N_PER_FAMILY = 300  # images in each other family


@dataclass(eq=False)
class FeatureCollector:
    """Features of the images to fit on, one entry per image.

    The last three lists have entries only for original radiographs, that is, those not generated from another image.

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
    classifier: Classifier, index: SimilarCaseIndex, records: Sequence[LabelledImage], decoder: ImageDecoder
) -> FeatureCollector:
    """Extract the features of training radiographs and of images generated from them.

    Each radiograph also contributes a reframed version. At most N_CORRUPTED radiographs contribute corrupted versions.

    Args:
        classifier: Classifier of the release.
        index: Index of similar cases from the same release.
        records: Training images.
        decoder: Decodes the images.

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
        collected.add_original(inference, group, distance)
        reframed = _reframe(image, inference.lungs, rng)
        collected.add_generated(_infer(classifier, reframed), ADMISSIBLE, group)
        if position < N_CORRUPTED:
            original = Augmenter().perturb_appearance(image, rng) if rng.random() < 0.5 else image
            for example in corrupted_versions(original, inference.lungs, group, rng):
                collected.add_generated(_infer(classifier, example.image), example.reason, group)
    examples = out_of_distribution_images(held_out=False, count=N_PER_FAMILY, rng=rng)
    for example in tqdm(examples, "admission features: other images", unit="image", disable=None):
        collected.add_generated(_infer(classifier, example.image), example.reason, example.source)
    return collected


def _infer(classifier: Classifier, image: np.ndarray) -> Inference:
    """Run both networks on an array, uint8 (any height, any width)."""
    pixels = np.ascontiguousarray(image, np.float32)
    return classifier.infer_working(resize(pixels, WORKING_SIDE, WORKING_SIDE))


def _reframe(pixels: np.ndarray, lungs: LungMask | None, rng: np.random.Generator) -> np.ndarray:
    """Frame and process a radiograph, uint8, as another hospital might. The lungs remain complete."""
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
