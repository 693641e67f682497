"""A reader whose network has learned nothing: what its maps show is no evidence (Adebayo et al. 2018, section 3)."""

import tempfile
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from model.inference.classifier import Classifier
from model.inference.release_loader import Release
from model.release_files import ReleaseFile
from training.networks.export import export_classifier


def randomised_classifier(release: Release, pictures: np.ndarray, seed: int) -> Classifier:
    """The reader of a release with all weights of its network drawn anew.

    Args:
        release: of which all but the network stays.
        pictures: some of what the network sees, float32 (n, side, side, 1), 0-255.
        seed: of the weights.
    """
    network = randomised(keras.models.load_model(release.directory / ReleaseFile.CLASSIFIER_KERAS), pictures, seed)
    with tempfile.TemporaryDirectory() as folder:
        exported = Path(folder) / "randomised.tflite"
        export_classifier(network, exported)
        return Classifier(replace(release, network=exported.read_bytes()))


def randomised(network: keras.Model, pictures: np.ndarray, seed: int) -> keras.Model:
    """A network of the same layers with weights as before any training.

    The statistics of batch normalisation are those of the pictures under the new weights: with those of the old, or
    with none, the signal would be gone after a few layers, and it would be no fair test to tell such a network.
    """
    keras.utils.set_random_seed(seed)
    fresh = keras.models.clone_model(network)
    fresh.trainable = True  # normalisation of a frozen layer keeps its statistics
    for layer in fresh.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    fresh(pictures, training=True)
    return fresh
