"""What a run on the tiny data set has written: history, callback state and weights."""

import csv
import json
from pathlib import Path

import keras
import numpy as np

from model.release_files import ReleaseFile
from tests.support.training import tiny_network
from training.config import ClassifierConfig
from training.fitting.callbacks import BACKUP, BEST, CALLBACK_STATE
from training.fitting.classifier import CONFIG_FILE, compile_classifier


def history(run: Path) -> list[dict[str, float]]:
    """Return the rows of history.csv."""
    with (run / ReleaseFile.HISTORY).open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def callback_state(run: Path) -> dict:
    """Return the state of the callbacks in the backup."""
    return json.loads((run / BACKUP / CALLBACK_STATE).read_text())


def final_weights(run: Path) -> list[np.ndarray]:
    """Return the weights of the finished network."""
    return keras.models.load_model(run / ReleaseFile.CLASSIFIER_KERAS).get_weights()


def best_weights(run: Path) -> list[np.ndarray]:
    """Return the weights of the best epoch."""
    config = ClassifierConfig.load(run / CONFIG_FILE)
    network = tiny_network(config)
    compile_classifier(network, config, steps_per_epoch=1)  # the file also holds the state of the optimizer
    network.optimizer.build(network.trainable_variables)
    network.load_weights(run / BEST)
    return network.get_weights()


def assert_same_weights(first: list[np.ndarray], second: list[np.ndarray]) -> None:
    """Assert that all weights are the same up to rounding."""
    for array, other_array in zip(first, second, strict=True):
        np.testing.assert_allclose(array, other_array, rtol=1e-4, atol=1e-5)
