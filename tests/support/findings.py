"""Pictures to read, and networks that answer as a test wants."""

import numpy as np

from model.imaging.radiograph import Radiograph
from model.inference.classifier import Classifier, ClassifierOutput
from tests.support.synthetic import synthetic_radiograph


def radiograph(height: int = 300, width: int = 400) -> Radiograph:
    return Radiograph(synthetic_radiograph(height, width), "PNG", 8)


def noise(seed: int, height: int = 90, width: int = 120) -> Radiograph:
    pixels = np.random.default_rng(seed).uniform(0, 255, (height, width)).astype(np.float32)
    return Radiograph(pixels, "PNG", 8)


def answer(monkeypatch, classifier: Classifier, **parts) -> None:
    """Make the network answer as the test wants."""
    rows, columns = classifier.release.outputs["class_activation_map"][1:]
    (channels,) = classifier.release.outputs["embedding"][1:]
    usual = {
        "logit": 0.3,
        "class_activation_map": np.ones((rows, columns), np.float32),
        "embedding": np.zeros(channels, np.float32),
    }
    monkeypatch.setattr(classifier, "classify", lambda _: ClassifierOutput(**(usual | parts)))
