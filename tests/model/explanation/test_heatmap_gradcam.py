"""The class-activation map, an output of the forward pass, equals the Grad-CAM from tf-keras-vis."""

import keras
import numpy as np
import pytest

from model.inference.release_loader import RELEASE_DIR
from model.release_files import FEATURE_MAP, LOGIT, ReleaseFile
from tests.support.synthetic import smooth_images
from tests.support.training import SIZE, tiny_network
from training.config import ClassifierConfig
from training.networks.classifier import load_logit_network, logit_network, serving_model

pytestmark = pytest.mark.slow

RELEASED = RELEASE_DIR / ReleaseFile.CLASSIFIER_KERAS


def gradcam(classifier: keras.Model, images: np.ndarray) -> np.ndarray:
    """Return the Grad-CAM from tf-keras-vis at the resolution of the feature map: (images, rows, columns)."""
    from tf_keras_vis.gradcam import Gradcam

    return np.asarray(
        Gradcam(logit_network(classifier), clone=True)(
            lambda logit: logit[:, 0],
            images,
            penultimate_layer=FEATURE_MAP,
            seek_penultimate_conv_layer=False,
            expand_cam=False,
            normalize_cam=False,
        )
    )


def assert_same_map(classifier: keras.Model, images: np.ndarray) -> None:
    """Assert that each map equals its Grad-CAM up to Grad-CAM's division by the number of cells."""
    maps = np.maximum(serving_model(classifier)(images)["class_activation_map"], 0)
    expected = gradcam(classifier, images) * maps[0].size
    for class_activation_map, grad_cam in zip(maps, expected, strict=True):
        assert class_activation_map.any() == grad_cam.any()
        if np.ptp(grad_cam):
            assert np.corrcoef(class_activation_map.ravel(), grad_cam.ravel())[0, 1] > 0.999
        np.testing.assert_allclose(class_activation_map, grad_cam, rtol=1e-3, atol=1e-4 * max(1, grad_cam.max()))


@pytest.fixture(scope="module")
def random_classifier() -> keras.Model:
    keras.utils.set_random_seed(5)
    return tiny_network(ClassifierConfig(backbone="none", input_size=SIZE))


def test_the_map_is_grad_cam_with_random_weights(random_classifier):
    images = smooth_images(6, SIZE)

    assert_same_map(random_classifier, images)
    assert gradcam(random_classifier, images).any(axis=(1, 2)).any()


def test_a_map_without_positive_evidence_is_a_grad_cam_of_zeros(random_classifier):
    head = random_classifier.get_layer(LOGIT)
    kernel = np.asarray(head.kernel)
    head.kernel.assign(-np.abs(kernel))  # features after a ReLU are never negative, so no evidence is positive
    try:
        assert not gradcam(random_classifier, smooth_images(2, SIZE)).any()
        assert_same_map(random_classifier, smooth_images(2, SIZE))
    finally:
        head.kernel.assign(kernel)


@pytest.mark.skipif(not RELEASED.exists(), reason="NOT RUN: no release in model/release")
def test_the_map_is_grad_cam_with_the_released_weights():
    classifier = load_logit_network(RELEASED)

    assert_same_map(classifier, smooth_images(4, classifier.input_shape[1]))
