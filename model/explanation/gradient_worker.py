"""Gradient-based explanations with tf-keras-vis. Child process of `model.explanation.gradient_maps`.

    python -m model.explanation.gradient_worker --release DIR < input.npy

Standard input: the network input, float32 (1, side, side, 1), 0-255, as .npy. Standard output: one line of JSON per
method as soon as its map is computed, {"method": name, "map": rows of numbers}, in logits per cell of the heat map (see
`model.explanation.occlusion`). Nothing is written to disk.

No other module of `model` imports TensorFlow. This one imports it inside functions, after `main` has configured it.
"""

import argparse
import io
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from PIL import Image

from model.child_process import open_answer_pipe
from model.explanation.gradient_maps import GRAD_CAM, GRAD_CAM_PLUS_PLUS, SMOOTH_GRAD
from model.explanation.occlusion import air_grey
from model.inference.release_loader import load_release
from model.release_files import FEATURE_MAP, LOGIT, ReleaseFile

if TYPE_CHECKING:
    import keras

SMOOTHGRAD_SAMPLES = 20  # noisy copies (Smilkov et al. 2017, fig. 3)
SMOOTHGRAD_NOISE = 0.1  # standard deviation of the noise as a share of the grey-level range (ibid.)
SMOOTHGRAD_RESOLUTION = 2  # rows of the SmoothGrad map per row of the heat map


def explanations(network: "keras.Model", network_input: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Compute a map with every method, in the order of `gradient_maps.METHODS`.

    Args:
        network: Keras network of the classifier.
        network_input: float32 (1, side, side, 1), 0-255.

    Yields:
        Name and map of each method; float (rows, columns), in logits per cell of the heat map.
    """
    yield GRAD_CAM, grad_cam(network, network_input)[0]
    yield GRAD_CAM_PLUS_PLUS, grad_cam_plus_plus(network, network_input)[0]
    yield SMOOTH_GRAD, smooth_grad(network, network_input)


def grad_cam(network: "keras.Model", network_inputs: np.ndarray) -> np.ndarray:
    """Compute Grad-CAM for the logit (Selvaraju et al. 2017).

    Args:
        network: Keras network of the classifier.
        network_inputs: float32 (n, side, side, 1), 0-255.

    Returns:
        float (n, rows, columns), the size of the last feature map, in logits per cell, 0 or more.
    """
    from tf_keras_vis.gradcam import Gradcam

    return _class_activation_maps(Gradcam, network, network_inputs)


def grad_cam_plus_plus(network: "keras.Model", network_inputs: np.ndarray) -> np.ndarray:
    """Compute Grad-CAM++ for the logit (Chattopadhay et al. 2018). Same arguments and result as `grad_cam`."""
    from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus

    return _class_activation_maps(GradcamPlusPlus, network, network_inputs)


def smooth_grad(network: "keras.Model", network_input: np.ndarray) -> np.ndarray:
    """Compute SmoothGrad for the logit, multiplied by the image (Smilkov et al. 2017, arXiv:1706.03825).

    The gradient is the change in the logit per grey level. Multiplied by the difference between the image and air, it
    is the first-order contribution of the image's grey levels, in the same unit as the other maps.

    Args:
        network: Keras network of the classifier.
        network_input: float32 (1, side, side, 1), 0-255.

    Returns:
        float32 (rows, columns), signed, in logits per cell of the heat map, with SMOOTHGRAD_RESOLUTION times as
            many rows and columns.
    """
    from tf_keras_vis.saliency import Saliency

    np.random.seed(0)  # tf-keras-vis uses this generator, so the same image always gets the same map
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # Keras warns because tf-keras-vis passes a list of one image
        gradient = Saliency(network, model_modifier=_linear_output(), clone=True)(
            lambda logit: logit[:, 0],
            network_input,
            smooth_samples=SMOOTHGRAD_SAMPLES,
            smooth_noise=SMOOTHGRAD_NOISE,
            gradient_modifier=None,  # keep the sign
            keepdims=True,
            normalize_map=False,
        )
    contribution = (np.asarray(gradient) * (network_input - air_grey(network_input)))[0, :, :, 0].astype(np.float32)
    rows, columns = network.get_layer(FEATURE_MAP).output.shape[1:3]
    size = (SMOOTHGRAD_RESOLUTION * columns, SMOOTHGRAD_RESOLUTION * rows)
    mean_per_cell: np.ndarray = np.asarray(Image.fromarray(contribution).resize(size, Image.Resampling.BOX))
    sum_per_cell: np.ndarray = mean_per_cell * contribution.size / (rows * columns)
    return sum_per_cell


def _class_activation_maps(
    method: Callable[..., Any], network: "keras.Model", network_inputs: np.ndarray
) -> np.ndarray:
    """Return the maps from a tf-keras-vis class at the resolution of the feature map, in logits per cell.

    The score has the value 0 and the gradient of the logit. Grad-CAM++ multiplies by the exponential of the score, so
    this preserves the unit.
    """
    import tensorflow as tf

    explain = method(network, model_modifier=_linear_output(), clone=True)
    return np.asarray(
        explain(
            lambda logit: logit[:, 0] - tf.stop_gradient(logit[:, 0]),
            network_inputs,
            penultimate_layer=FEATURE_MAP,
            seek_penultimate_conv_layer=False,
            expand_cam=False,
            normalize_cam=False,
        )
    )


def _linear_output() -> Callable[..., Any]:
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear

    modifier: Callable[..., Any] = ReplaceToLinear()
    return modifier


def answer_request(release_directory: Path, request: BinaryIO, answers: BinaryIO) -> None:
    """Explain the network input in `request` and write one line of JSON per method to `answers`.

    Args:
        release_directory: Release with the Keras network.
        request: The network input as a .npy file.
        answers: File for the answers; flushed after each line.

    Raises:
        ReleaseError: A file of the release is missing or changed.
    """
    import keras

    network_input = np.load(io.BytesIO(request.read()), allow_pickle=False)
    classifier = keras.models.load_model(_verified_network(release_directory))
    network = keras.Model(classifier.input, classifier.get_layer(LOGIT).output)
    for method, values in explanations(network, network_input):
        answers.write(json.dumps({"method": method, "map": values.tolist()}).encode() + b"\n")
        answers.flush()


def _verified_network(release_directory: Path) -> Path:
    """Verify a release and return the path of its Keras network. Keras reads only files, and no copy can be written."""
    release = load_release(release_directory)
    release.read_file(ReleaseFile.CLASSIFIER_KERAS)  # raises if it is not listed
    return release.directory / ReleaseFile.CLASSIFIER_KERAS


def _configure_tensorflow() -> None:
    """Apply the settings that TensorFlow reads when it is imported."""
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # off by default on AMD processors, but more than twice as fast
    # To find a temporary directory, TensorFlow tries to write a file, and fails if it cannot (deploy/). It needs no
    # temporary files afterwards.
    tempfile.tempdir = os.devnull


def main() -> None:
    """Answer the request on standard input."""
    parser = argparse.ArgumentParser(
        prog="python -m model.explanation.gradient_worker", description="Explain a network input by its gradients."
    )
    parser.add_argument("--release", type=Path, required=True, help="folder of the trained model")
    options = parser.parse_args()
    _configure_tensorflow()
    with open_answer_pipe() as answers:
        answer_request(options.release, sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
