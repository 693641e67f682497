"""How well features without lung content predict the class: power spectrum, size of the original file, and framing."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from dataset.images import ImageDecoder
from dataset.index import LabelledImage
from dataset.split import Split
from model.errors import TrainingError
from model.imaging.geometry import WHOLE_IMAGE
from model.imaging.preprocessing import WORKING_SIDE
from model.inference.classifier import Classifier
from model.performance.binary_metrics import Predictions, auc_with_ci
from model.performance.schema import SizedAuc
from training.data.loading import load_images, targets

FeatureExtractor = Callable[[Sequence[LabelledImage]], np.ndarray]
ImageSizes = dict[str, tuple[int, int]]


def auc_from_spectra(split: Split, decoder: ImageDecoder) -> SizedAuc:
    """Return the AUC of a model that sees only the radial power spectrum of the working image."""
    return _auc_from_features(split, partial(power_spectra, decoder), linear_model())


def auc_from_framing(split: Split, classifier: Classifier, decoder: ImageDecoder) -> SizedAuc:
    """Return the AUC of a model that sees only how closely the radiograph is cropped around the input region."""
    return _auc_from_features(split, partial(framing_features, classifier, decoder), tree_model())


def auc_from_sizes(split: Split, sizes: ImageSizes) -> SizedAuc:
    """Return the AUC of a model that sees only the size of the original. Images whose size is unknown are left out."""

    def has_size(record: LabelledImage) -> bool:
        return record.path.name in sizes

    with_size = Split(
        list(filter(has_size, split.training)), list(filter(has_size, split.validation)), list(split.test)
    )
    return _auc_from_features(with_size, partial(_size_features, sizes), tree_model())


def auc_of(records: Sequence[LabelledImage], probability: np.ndarray) -> SizedAuc:
    """Return the AUC, with its 95% interval, for the probabilities of labelled images, float (n,)."""
    patient = np.array([record.patient for record in records])
    predictions = Predictions(targets(records)[:, 0].astype(int), probability, patient)
    return {"n": len(records), "auc": auc_with_ci(predictions)["auc"]}


def read_original_sizes(path: Path) -> ImageSizes:
    """Return width and height of the originals, in pixels, by file name.

    Raises:
        TrainingError: The table cannot be used.
    """
    try:
        table = pd.read_csv(path).astype({"width": int, "height": int})
        rows = table[["file", "width", "height"]].itertuples(index=False)
        return {name: (width, height) for name, width, height in rows}
    except (OSError, KeyError, ValueError) as error:
        raise TrainingError(
            f"{path} cannot be used. --original-sizes takes a CSV file with the columns file, width and height."
        ) from error


def framing_features(classifier: Classifier, decoder: ImageDecoder, records: Sequence[LabelledImage]) -> np.ndarray:
    """Return the margin between lung box and input region on each side, as a share of the lung box: float (n, 4).

    If a radiograph was cropped closely, part of the margin is missing. The input region reveals nothing else about the
    framing of the radiograph.
    """
    rows = []
    for image in load_images(records, WORKING_SIDE, "shortcut audit: framing", decoder)[..., 0]:
        lungs = classifier.segmenter.segment(image.astype(np.float32))
        region, box = classifier.release.input_region.box(lungs), lungs.box if lungs else WHOLE_IMAGE
        width, height = box.right - box.left, box.bottom - box.top
        left, right = (box.left - region.left) / width, (region.right - box.right) / width
        rows.append((left, right, (box.top - region.top) / height, (region.bottom - box.bottom) / height))
    return np.round(rows, 6)  # rounding errors in equal margins depend on the box, and trees would learn from them


def _auc_from_features(split: Split, extract_features: FeatureExtractor, model: ClassifierMixin) -> SizedAuc:
    """Fit a model on the features of the training images and return its AUC on the validation images."""
    model.fit(extract_features(split.training), targets(split.training)[:, 0])
    return auc_of(split.validation, model.predict_proba(extract_features(split.validation))[:, 1])


def linear_model() -> Pipeline:
    """Return an unfitted model for many features that are roughly linear in the log odds."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))


def tree_model() -> HistGradientBoostingClassifier:
    """Return an unfitted model for a few features with any relation to the class."""
    return HistGradientBoostingClassifier(random_state=0)


def power_spectra(decoder: ImageDecoder, records: Sequence[LabelledImage]) -> np.ndarray:
    """Return the log power at each distance from the centre of the spectrum: float (n, WORKING_SIDE / 2)."""
    images = load_images(records, WORKING_SIDE, "shortcut audit: spectra", decoder)[..., 0]
    frequency = np.fft.fftfreq(WORKING_SIDE, 1 / WORKING_SIDE)
    ring = np.hypot(*np.meshgrid(frequency, frequency)).round().astype(int).ravel()
    count = np.bincount(ring)
    powers = (np.abs(np.fft.fft2(image - image.mean())).ravel() ** 2 for image in images)
    radial = np.stack([np.bincount(ring, power) / count for power in powers])
    spectra: np.ndarray = np.log(radial[:, 1 : WORKING_SIDE // 2 + 1] + 1e-6)
    return spectra


def _size_features(sizes: ImageSizes, records: Sequence[LabelledImage]) -> np.ndarray:
    """Return width, height and aspect ratio of the originals: float (n, 3)."""
    width_and_height = np.array([sizes[record.path.name] for record in records], float)
    return np.column_stack([width_and_height, width_and_height[:, 0] / width_and_height[:, 1]])
