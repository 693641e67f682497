"""Export of Keras networks to LiteRT, and the check that both give the same results."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from scipy.special import expit

from model.codes import Population
from model.errors import TrainingError
from model.inference.classifier import Classifier, ClassifierOutput
from model.inference.lung_segmentation import OUTPUT as LUNG_PROBABILITY
from model.release_files import LOGIT, OPACITY_MAP
from training.networks.classifier import has_opacity_output, serving_model

MAX_DIFFERENCE = 1e-3  # of a probability, between Keras and LiteRT


def export_classifier(classifier: keras.Model, path: Path) -> dict[str, list[int]]:
    """Write the LiteRT file of the classifier and return the shape of each named output."""
    return _export(serving_model(classifier), path)


def export_lungs(lung_network: keras.Model, path: Path) -> None:
    """Write the LiteRT file of the lung network. Its output is a probability, not a logit."""
    probability = keras.layers.Activation("sigmoid", name="probability")(lung_network.output)
    fields = keras.layers.Reshape(tuple(lung_network.output.shape[1:3]), name="fields")(probability)
    _export(keras.Model(lung_network.input, {LUNG_PROBABILITY: fields}, name="lungs"), path)


def _export(network: keras.Model, path: Path) -> dict[str, list[int]]:
    """Write a LiteRT file with batch size 1.

    The outputs are a dictionary, because the signature then keeps their names. The order of positional outputs changes.
    """
    signature = [keras.InputSpec(shape=(1, *network.input_shape[1:]), dtype="float32", name="radiograph")]
    network.export(str(path), format="litert", input_signature=signature, verbose=False)
    return {name: [1, *output.shape[1:]] for name, output in network.output.items()}


def check_litert_agreement(network: keras.Model, classifier: Classifier, images: np.ndarray) -> float:
    """Run Keras and LiteRT on the same images and compare the probability and the opacity map.

    Args:
        network: Trained Keras network, with the outputs of the release.
        classifier: Classifier of the release, run by LiteRT.
        images: Network inputs, float32 (n, height, width, 1), 0-255.

    Returns:
        Largest absolute difference of probability.

    Raises:
        TrainingError: The difference is MAX_DIFFERENCE or more, or an output is not finite.
    """
    predicted = network.predict(images, verbose=0)
    keras_logits = (predicted[LOGIT] if has_opacity_output(network) else predicted)[:, 0]
    outputs = [classifier.run_network(image[np.newaxis]) for image in images]
    keras_maps, litert_maps = _opacity_maps(network, predicted, outputs)
    arrays = (
        keras_logits,
        *(np.append(output.class_activation_map, output.logit) for output in outputs),
        *(output.embedding for output in outputs),
        keras_maps,
        litert_maps,
    )
    if not all(np.isfinite(array).all() for array in arrays):
        raise TrainingError("The exported network returns values that are not finite. Nothing was released.")
    litert_logits = np.array([output.logit for output in outputs])
    to_probability = classifier.release.populations[Population.CHILDREN].calibration.probability
    differences = to_probability(keras_logits) - to_probability(litert_logits), keras_maps - litert_maps
    difference = float(max(np.abs(difference).max() for difference in differences))
    if difference >= MAX_DIFFERENCE:
        raise TrainingError(
            f"The probabilities of Keras and LiteRT differ by {difference:.4f}, but must differ by less than "
            f"{MAX_DIFFERENCE}. Nothing was released."
        )
    return difference


def _opacity_maps(
    network: keras.Model, predicted: Any, outputs: Sequence[ClassifierOutput]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the opacity maps by Keras and by LiteRT, as probabilities; zeros if the release has none."""
    litert_maps = [output.opacity_map for output in outputs if output.opacity_map is not None]
    if not has_opacity_output(network):
        return np.zeros(1), np.zeros(1)
    return expit(predicted[OPACITY_MAP]), np.stack(litert_maps)
