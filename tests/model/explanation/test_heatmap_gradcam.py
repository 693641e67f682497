"""The class-activation map that reading gives at no cost is the Grad-CAM of tf-keras-vis."""

import keras
import numpy as np
import pytest

from model.inference.release_loader import RELEASE_DIR
from model.release_files import FEATURE_MAP
from tests.support.synthetic import smooth_pictures
from training.config import ClassifierConfig
from training.networks.classifier import HEAD, build_classifier, serving_model

RELEASED = RELEASE_DIR / "reader.keras"


def gradcam(classifier: keras.Model, pictures: np.ndarray) -> np.ndarray:
    """tf-keras-vis's Grad-CAM of the logit, (pictures, rows, columns), as it stands at the map's own resolution."""
    from tf_keras_vis.gradcam import Gradcam

    return np.asarray(
        Gradcam(classifier, clone=True)(
            lambda logit: logit[:, 0],
            pictures,
            penultimate_layer=FEATURE_MAP,
            seek_penultimate_conv_layer=False,
            expand_cam=False,
            normalize_cam=False,
        )
    )


def assert_same_map(classifier: keras.Model, pictures: np.ndarray) -> None:
    """Each picture's map equals its Grad-CAM up to Grad-CAM's division by the number of cells."""
    mapped = np.maximum(serving_model(classifier).predict(pictures, verbose=0)["class_activation_map"], 0)
    expected = gradcam(classifier, pictures) * mapped[0].size
    for own, other in zip(mapped, expected, strict=True):
        assert own.any() == other.any()
        if np.ptp(other):
            assert np.corrcoef(own.ravel(), other.ravel())[0, 1] > 0.999
        np.testing.assert_allclose(own, other, rtol=1e-3, atol=1e-4 * max(1, other.max()))


@pytest.fixture(scope="module")
def random_reader() -> keras.Model:
    keras.utils.set_random_seed(5)
    return build_classifier(ClassifierConfig(backbone="none", size=96, alpha=0.35, frozen_blocks=0))


def test_with_random_weights_the_map_is_grad_cam(random_reader):
    pictures = smooth_pictures(6, 96)

    assert_same_map(random_reader, pictures)
    assert gradcam(random_reader, pictures).any(axis=(1, 2)).any()


def test_a_map_without_positive_evidence_is_a_grad_cam_of_zeros(random_reader):
    head = random_reader.get_layer(HEAD)
    kernel = np.asarray(head.kernel)
    head.kernel.assign(-np.abs(kernel))  # features after a ReLU are never negative, so no evidence is positive
    try:
        assert not gradcam(random_reader, smooth_pictures(2, 96)).any()
        assert_same_map(random_reader, smooth_pictures(2, 96))
    finally:
        head.kernel.assign(kernel)


@pytest.mark.skipif(not RELEASED.exists(), reason="NOT RUN: no release in model/release")
def test_with_the_released_weights_the_map_is_grad_cam():
    classifier = keras.models.load_model(RELEASED)

    assert_same_map(classifier, smooth_pictures(4, classifier.input_shape[1]))
