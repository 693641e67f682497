"""Other explanations of a reading than its heat map, by tf-keras-vis: what the app runs in a process that ends.

    python -m training explain < picture.npy

Takes what the network sees, float32 (1, side, side, 1), 0-255, as .npy on standard input. Gives a line of JSON on
standard output for each method as soon as it is done: {"method", "map"}, rows of numbers in logits a cell, see
`model.explanation.occlusion`. Nothing is written to disk.
"""

import io
import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from model.explanation.gradient_maps import GRAD_CAM, GRAD_CAM_PLUS_PLUS, SMOOTH_GRAD
from model.explanation.occlusion import air_grey
from model.release_files import FEATURE_MAP, ReleaseFile

SMOOTHGRAD_SAMPLES, SMOOTHGRAD_NOISE = (
    20,
    0.1,
)  # noisy copies, and their noise as a share of the range of grey (Smilkov et al. 2017, fig. 3)
SMOOTHGRAD_RESOLUTION = 2  # rows of the SmoothGrad map to one of the heat map


def answer(release: Path) -> None:
    """Explain the picture on standard input with the Keras network of a release folder."""
    picture = np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False)
    for method, values in explanations(keras.models.load_model(release / ReleaseFile.CLASSIFIER_KERAS), picture):
        print(json.dumps({"method": method, "map": values.tolist()}), flush=True)


def explanations(network: keras.Model, picture: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Each method with its map, float (rows, columns), in logits a cell of the heat map.

    network: the trained reader; picture: what it sees, float32 (1, side, side, 1), 0-255.
    """
    yield GRAD_CAM, grad_cam(network, picture)[0]
    yield GRAD_CAM_PLUS_PLUS, grad_cam_plus_plus(network, picture)[0]
    yield SMOOTH_GRAD, smooth_grad(network, picture)


def grad_cam(network: keras.Model, pictures: np.ndarray) -> np.ndarray:
    """Grad-CAM of the logit (Selvaraju et al. 2017), float (n, rows, columns) of the last feature map, 0 and above."""
    from tf_keras_vis.gradcam import Gradcam

    return _cam(Gradcam, network, pictures)


def grad_cam_plus_plus(network: keras.Model, pictures: np.ndarray) -> np.ndarray:
    """Grad-CAM++ of the logit (Chattopadhay et al. 2018), like `grad_cam`."""
    from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus

    return _cam(GradcamPlusPlus, network, pictures)


def smooth_grad(network: keras.Model, picture: np.ndarray) -> np.ndarray:
    """SmoothGrad of the logit times the picture (Smilkov et al. 2017, arXiv:1706.03825), signed, float (rows, columns).

    The gradient says what a grey level more would add; times what the picture has more than air, it is what the
    picture's own grey adds, to first order: the unit of the other maps.
    """
    from tf_keras_vis.saliency import Saliency

    np.random.seed(0)  # what tf-keras-vis draws from: the same picture gets the same map
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it gives the network a list of one picture, which Keras remarks
        gradient = Saliency(network, model_modifier=_linear(), clone=True)(
            lambda logit: logit[:, 0],
            picture,
            smooth_samples=SMOOTHGRAD_SAMPLES,
            smooth_noise=SMOOTHGRAD_NOISE,
            gradient_modifier=None,  # signs count
            keepdims=True,
            normalize_map=False,
        )
    added = (np.asarray(gradient) * (picture - air_grey(picture)))[0, :, :, 0].astype(np.float32)
    rows, columns = network.get_layer(FEATURE_MAP).output.shape[1:3]
    finer = Image.fromarray(added).resize(
        (SMOOTHGRAD_RESOLUTION * columns, SMOOTHGRAD_RESOLUTION * rows), Image.Resampling.BOX
    )
    return np.asarray(finer) * added.size / (rows * columns)


def _cam(method: type, network: keras.Model, pictures: np.ndarray) -> np.ndarray:
    """A map of tf-keras-vis at its own resolution, in logits a cell.

    The score is 0, so that Grad-CAM++, which multiplies by its exponential, stays in that unit; its gradient is the
    logit's.
    """
    import tensorflow as tf

    return np.asarray(
        method(network, model_modifier=_linear(), clone=True)(
            lambda logit: logit[:, 0] - tf.stop_gradient(logit[:, 0]),
            pictures,
            penultimate_layer=FEATURE_MAP,
            seek_penultimate_conv_layer=False,
            expand_cam=False,
            normalize_cam=False,
        )
    )


def _linear():
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear

    return ReplaceToLinear()
