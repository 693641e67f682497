"""How well features without lung content distinguish the populations, which come from different hospitals.

A network that is trained on both could learn the hospital. Training batches therefore have the same number of images of
both labels in each population (`training.data.batches`). These figures are stated; nothing depends on them.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from sklearn.base import ClassifierMixin

from dataset.images import ImageDecoder
from dataset.index import LabelledImage
from dataset.split import Split
from model.codes import LABELS, Label, Population
from model.imaging.geometry import WHOLE_IMAGE
from model.imaging.preprocessing import WORKING_SIDE
from model.inference.classifier import Classifier
from model.performance.binary_metrics import Predictions, auc_with_ci
from model.performance.schema import SizedAuc
from training.data.loading import load_images
from training.evaluation.shortcut_features import FeatureExtractor, linear_model, power_spectra, tree_model

# Feature -> label -> AUC.
PopulationShortcuts = dict[str, dict[str, SizedAuc]]


def population_shortcuts(split: Split, classifier: Classifier, decoder: ImageDecoder) -> PopulationShortcuts | None:
    """Fit models that distinguish adults from children with the same label, and measure them on the validation images.

    Args:
        split: Images in each split.
        classifier: Provides the lung segmentation.
        decoder: Decodes the images.

    Returns:
        AUC (0.5 is chance) with its 95% interval, by feature (file_size, framing, spectrum) and label. None if
        training or validation lacks a population in one of the labels.
    """
    if not all(_has_both(_with_label(part, label)) for part in (split.training, split.validation) for label in LABELS):
        return None
    features: dict[str, tuple[FeatureExtractor, Callable[[], ClassifierMixin]]] = {
        "file_size": (_file_sizes, tree_model),
        "framing": (partial(_lung_positions, classifier, decoder), tree_model),
        "spectrum": (partial(power_spectra, decoder), linear_model),
    }
    return {
        name: {str(label): _auc_of_adults(split, label, extract, make_model()) for label in LABELS}
        for name, (extract, make_model) in features.items()
    }


def _auc_of_adults(split: Split, label: Label, extract: FeatureExtractor, model: ClassifierMixin) -> SizedAuc:
    training, validation = _with_label(split.training, label), _with_label(split.validation, label)
    model.fit(extract(training), _is_adult(training))
    patient = np.array([f"{record.population} {record.patient}" for record in validation])
    predictions = Predictions(_is_adult(validation), model.predict_proba(extract(validation))[:, 1], patient)
    return {"n": len(validation), "auc": auc_with_ci(predictions)["auc"]}


def _with_label(records: Sequence[LabelledImage], label: Label) -> list[LabelledImage]:
    return [record for record in records if record.label == label]


def _is_adult(records: Sequence[LabelledImage]) -> np.ndarray:
    return np.array([record.population is Population.ADULTS for record in records], int)


def _has_both(records: Sequence[LabelledImage]) -> bool:
    return len({record.population for record in records}) == len(Population)


def _file_sizes(records: Sequence[LabelledImage]) -> np.ndarray:
    """Return the sizes of the files in bytes, float (n, 1)."""
    return np.array([[record.path.stat().st_size] for record in records], float)


def _lung_positions(classifier: Classifier, decoder: ImageDecoder, records: Sequence[LabelledImage]) -> np.ndarray:
    """Return the edges of the lung box as shares of the image, float (n, 4); the whole image without lungs."""
    images = load_images(records, WORKING_SIDE, "shortcut audit: populations", decoder)[..., 0]
    masks = [classifier.segmenter.segment(image.astype(np.float32)) for image in images]
    boxes = [mask.box if mask else WHOLE_IMAGE for mask in masks]
    return np.array([(box.left, box.top, box.right, box.bottom) for box in boxes])
