"""Gradient maps from tf-keras-vis match the formulas in the papers, which are simple for this kind of network."""

import io
import json
import subprocess
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from model.child_process import PROJECT_ROOT
from model.errors import ReleaseCorrupted, ReleaseMissing
from model.explanation.gradient_maps import GRAD_CAM, GRAD_CAM_PLUS_PLUS, METHODS, SMOOTH_GRAD
from model.explanation.gradient_worker import (
    SMOOTHGRAD_RESOLUTION,
    answer_request,
    explanations,
    grad_cam,
    grad_cam_plus_plus,
    smooth_grad,
)
from model.explanation.occlusion import air_grey
from model.messages import MessageCode
from model.release_files import FEATURE_MAP, LOGIT, ReleaseFile
from model.storage import write_checksums
from tests.support.messages import raises_message
from tests.support.synthetic import smooth_images
from tests.support.training import SIZE, tiny_network
from training.networks.classifier import logit_network

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def classifier() -> keras.Model:
    keras.utils.set_random_seed(3)
    return tiny_network(SimpleNamespace(input_size=SIZE, dropout=0.2, seed=1))


@pytest.fixture(scope="module")
def network(classifier) -> keras.Model:
    return logit_network(classifier)


@pytest.fixture(scope="module")
def network_inputs() -> np.ndarray:
    return smooth_images(3, SIZE)


def feature_maps_and_weights(network: keras.Model, network_inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the last feature map (n, rows, columns, channels) and the weight of each channel."""
    inner = keras.Model(network.input, network.get_layer(FEATURE_MAP).output)
    return inner.predict(network_inputs, verbose=0), np.asarray(network.get_layer(LOGIT).kernel)[:, 0]


def test_grad_cam_is_the_positive_part_of_the_weighted_feature_map(network, network_inputs):
    maps, weights = feature_maps_and_weights(network, network_inputs)
    expected = np.maximum(maps @ weights, 0) / maps[0, ..., 0].size
    np.testing.assert_allclose(grad_cam(network, network_inputs), expected, rtol=1e-4, atol=1e-6)


def test_grad_cam_plus_plus_is_the_feature_map_with_positive_weights_only(network, network_inputs):
    maps, weights = feature_maps_and_weights(network, network_inputs)
    expected = maps @ np.maximum(weights, 0) / maps[0, ..., 0].size
    np.testing.assert_allclose(grad_cam_plus_plus(network, network_inputs), expected, rtol=1e-3, atol=1e-6)


def test_smooth_grad_of_a_linear_network_sums_to_the_difference_between_image_and_air(network_inputs):
    inputs = keras.Input((SIZE, SIZE, 1))
    x = keras.layers.Conv2D(2, 4, strides=4, use_bias=False, name=FEATURE_MAP)(inputs)
    x = keras.layers.Dense(1, use_bias=False, name=LOGIT)(keras.layers.GlobalAveragePooling2D()(x))
    linear = keras.Model(inputs, x)
    image = network_inputs[:1]

    values = smooth_grad(linear, image)

    rows = SIZE // 4
    assert values.shape == (SMOOTHGRAD_RESOLUTION * rows, SMOOTHGRAD_RESOLUTION * rows)
    air = np.full_like(image, air_grey(image))
    difference = linear.predict(image, verbose=0)[0, 0] - linear.predict(air, verbose=0)[0, 0]
    assert values.mean() * rows * rows == pytest.approx(difference, rel=1e-3)


def test_the_same_image_gets_the_same_smooth_grad(network, network_inputs):
    first, second = (smooth_grad(network, network_inputs[:1]) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_methods_come_in_their_order_at_their_resolutions(network, network_inputs):
    shapes = {method: values.shape for method, values in explanations(network, network_inputs[:1])}
    assert tuple(shapes) == METHODS
    assert shapes == {
        GRAD_CAM: (8, 8),
        GRAD_CAM_PLUS_PLUS: (8, 8),
        SMOOTH_GRAD: (8 * SMOOTHGRAD_RESOLUTION, 8 * SMOOTHGRAD_RESOLUTION),
    }


def test_a_request_is_answered_with_one_line_per_method(classifier, network, network_inputs, small_copy):
    classifier.save(small_copy / ReleaseFile.CLASSIFIER_KERAS)
    write_checksums(small_copy)
    request, answers = io.BytesIO(), io.BytesIO()
    np.save(request, network_inputs[:1])
    request.seek(0)

    answer_request(small_copy, request, answers)

    lines = [json.loads(line) for line in answers.getvalue().splitlines()]
    assert [line["method"] for line in lines] == list(METHODS)
    np.testing.assert_allclose(lines[0]["map"], grad_cam(network, network_inputs[:1])[0], rtol=1e-5)


@pytest.mark.parametrize("is_listed", [True, False], ids=["changed", "not listed"])
def test_the_network_is_not_opened_unless_the_release_is_verified(network_inputs, small_copy, monkeypatch, is_listed):
    path = small_copy / ReleaseFile.CLASSIFIER_KERAS
    path.write_bytes(b"as released")
    if is_listed:
        write_checksums(small_copy)
        path.write_bytes(b"changed")
    monkeypatch.setattr(keras.models, "load_model", lambda _: pytest.fail("the network was opened"))
    request = io.BytesIO()
    np.save(request, network_inputs[:1])
    request.seek(0)
    error_type = ReleaseCorrupted if is_listed else ReleaseMissing
    code = MessageCode.RELEASE_FILE_CHANGED if is_listed else MessageCode.RELEASE_FILE_UNLISTED
    with raises_message(error_type, code, file=ReleaseFile.CLASSIFIER_KERAS):
        answer_request(small_copy, request, io.BytesIO())


def test_importing_the_worker_does_not_import_tensorflow_or_training():
    code = (
        "import sys, tempfile, model.explanation.gradient_worker\n"
        "print(sorted({'tensorflow', 'keras', 'tf_keras_vis', 'training'} & set(sys.modules)), tempfile.tempdir)"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "[] None\n"


def test_the_worker_needs_a_release():
    command = [sys.executable, "-m", "model.explanation.gradient_worker"]
    result = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "--release" in result.stderr
