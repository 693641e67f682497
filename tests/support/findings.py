"""Radiographs to read, and networks whose outputs a test can choose."""

import numpy as np
import pytest

from model.imaging.radiograph import Radiograph
from model.inference.classifier import Classifier, ClassifierOutput
from tests.support.synthetic import synthetic_radiograph


def radiograph(height: int = 300, width: int = 400) -> Radiograph:
    """Return a synthetic radiograph with two lungs."""
    return Radiograph(synthetic_radiograph(height, width), "PNG", 8)


def noise(seed: int, height: int = 90, width: int = 120) -> Radiograph:
    """Return a radiograph of uniform noise."""
    pixels = np.random.default_rng(seed).uniform(0, 255, (height, width)).astype(np.float32)
    return Radiograph(pixels, "PNG", 8)


def set_output(monkeypatch: pytest.MonkeyPatch, classifier: Classifier, **outputs) -> None:
    """Replace the output of the pneumonia network; fields that are not given have fixed values."""
    rows, columns = classifier.release.outputs["class_activation_map"][1:]
    (channels,) = classifier.release.outputs["embedding"][1:]
    default = {
        "logit": 0.3,
        "class_activation_map": np.ones((rows, columns), np.float32),
        "embedding": np.zeros(channels, np.float32),
    }
    monkeypatch.setattr(classifier, "run_network", lambda _: ClassifierOutput(**(default | outputs)))
