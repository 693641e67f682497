"""From the Keras network to the LiteRT file that the app reads with, and proof that both say the same."""

from pathlib import Path

import keras
import numpy as np

from model.errors import TrainingError
from model.inference.classifier import Classifier
from model.inference.lung_segmentation import OUTPUT as LUNG_PROBABILITY
from training.networks.classifier import serving_model

MAX_DIFFERENCE = 1e-3  # of probability, between Keras and LiteRT


def export_classifier(classifier: keras.Model, path: Path) -> dict[str, list[int]]:
    """Write the reader's LiteRT file; returns the shape of each named output."""
    return _export(serving_model(classifier), path)


def export_lungs(lungs: keras.Model, path: Path) -> None:
    """Write the lung network's LiteRT file, which answers with probabilities."""
    probability = keras.layers.Activation("sigmoid", name="probability")(lungs.output)
    fields = keras.layers.Reshape(tuple(lungs.output.shape[1:3]), name="fields")(probability)
    _export(keras.Model(lungs.input, {LUNG_PROBABILITY: fields}, name="lungs"), path)


def _export(network: keras.Model, path: Path) -> dict[str, list[int]]:
    """Write a LiteRT file for pictures read one at a time.

    Dict outputs keep their names through the signature; positional ones come back in another order.
    """
    signature = [keras.InputSpec(shape=(1, *network.input_shape[1:]), dtype="float32", name="radiograph")]
    network.export(str(path), format="litert", input_signature=signature, verbose=False)
    return {name: [1, *output.shape[1:]] for name, output in network.output.items()}


def check_litert_agreement(keras_reader: keras.Model, classifier: Classifier, pictures: np.ndarray) -> float:
    """Read the same pictures with Keras and with LiteRT and compare.

    Args:
        keras_reader: the trained network.
        reader: the release's reader.
        pictures: what the network sees, float32 (n, height, width, 1), 0-255.

    Returns:
        The largest difference of probability.

    Raises:
        TrainingError: it is LARGEST_DIFFERENCE or more, or anything is not finite.
    """
    expected = keras_reader.predict(pictures, verbose=0)[:, 0]
    raw = [classifier.classify(picture[np.newaxis]) for picture in pictures]
    outputs = (expected, *(np.append(one.class_activation_map, one.logit) for one in raw), *(r.embedding for r in raw))
    if not all(np.isfinite(output).all() for output in outputs):
        raise TrainingError("The exported network answers with numbers that are not finite. Nothing was released.")
    logits = expected, np.array([reading.logit for reading in raw])
    of_keras, of_litert = (classifier.release.calibration.probability(of) for of in logits)
    difference = np.abs(of_keras - of_litert).max()
    if difference >= MAX_DIFFERENCE:
        raise TrainingError(
            f"Keras and LiteRT differ by {difference:.4f} of probability; less than {MAX_DIFFERENCE} is accepted. "
            "Nothing was released."
        )
    return difference
