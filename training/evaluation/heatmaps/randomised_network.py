"""Model randomisation test: a classifier with random weights, whose heat maps must not look like evidence.

Adebayo et al. 2018, section 3.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from model.inference.classifier import Classifier
from model.inference.release_loader import Release
from model.release_files import ReleaseFile
from training.networks.classifier import load_released_network
from training.networks.export import export_classifier


def randomised_classifier(release: Release, images: np.ndarray, seed: int) -> Classifier:
    """Return the classifier of a release with random weights. Everything except the network is unchanged.

    Args:
        release: Release to copy.
        images: Network inputs for the batch statistics, float32 (n, side, side, 1), 0-255.
        seed: Seed of the weights.
    """
    has_opacity_map = release.opacity_contour is not None
    trained = load_released_network(release.directory / ReleaseFile.CLASSIFIER_KERAS, has_opacity_map)
    network = randomised(trained, images, seed)
    with tempfile.TemporaryDirectory() as folder:
        exported = Path(folder) / "randomised.tflite"
        export_classifier(network, exported)
        return Classifier(replace(release, network=exported.read_bytes()))


def randomised(network: keras.Model, images: np.ndarray, seed: int) -> keras.Model:
    """Return a network with the same layers and newly initialised weights.

    Batch normalisation uses the statistics of the images under the new weights. With the old statistics, or with none,
    the signal would vanish after a few layers, and the comparison would be unfair.

    Args:
        network: Network to copy. It is not changed.
        images: Network inputs for the batch statistics, float32 (n, side, side, 1), 0-255.
        seed: Seed of the weights.
    """
    keras.utils.set_random_seed(seed)
    random_network = keras.models.clone_model(network)
    random_network.trainable = True  # a frozen batch normalisation layer would keep its old statistics
    for layer in random_network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    random_network(images, training=True)
    return random_network
