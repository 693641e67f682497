"""Other explanations of tf-keras-vis: each is, for the reader's kind of network, what its paper's formula comes to."""

import io
import json
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from model.explanation.gradient_maps import GRAD_CAM, GRAD_CAM_PLUS_PLUS, METHODS, SMOOTH_GRAD
from model.explanation.gradient_worker import (
    SMOOTHGRAD_RESOLUTION,
    answer,
    explanations,
    grad_cam,
    grad_cam_plus_plus,
    smooth_grad,
)
from model.explanation.occlusion import air_grey
from model.release_files import FEATURE_MAP, ReleaseFile
from tests.support.synthetic import smooth_pictures
from tests.support.training import SIZE, tiny_network
from training.networks.classifier import HEAD


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(3)
    return tiny_network(SimpleNamespace(size=SIZE, dropout=0.2, seed=1))


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return smooth_pictures(3, SIZE)


def features(network: keras.Model, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Last feature map (n, rows, columns, channels), and the weight of each channel."""
    inner = keras.Model(network.input, network.get_layer(FEATURE_MAP).output)
    return inner.predict(pictures, verbose=0), np.asarray(network.get_layer(HEAD).kernel)[:, 0]


def test_grad_cam_is_the_evidence_of_each_cell_where_it_is_positive(network, pictures):
    maps, weights = features(network, pictures)
    expected = np.maximum(maps @ weights, 0) / maps[0, ..., 0].size
    np.testing.assert_allclose(grad_cam(network, pictures), expected, rtol=1e-4, atol=1e-6)


def test_grad_cam_plus_plus_is_the_evidence_for_without_the_evidence_against(network, pictures):
    maps, weights = features(network, pictures)
    expected = maps @ np.maximum(weights, 0) / maps[0, ..., 0].size
    np.testing.assert_allclose(grad_cam_plus_plus(network, pictures), expected, rtol=1e-3, atol=1e-6)


def test_smooth_grad_of_a_linear_network_adds_up_to_what_the_picture_has_beyond_air(pictures):
    inputs = keras.Input((SIZE, SIZE, 1))
    x = keras.layers.Conv2D(2, 4, strides=4, use_bias=False, name=FEATURE_MAP)(inputs)
    x = keras.layers.Dense(1, use_bias=False, name=HEAD)(keras.layers.GlobalAveragePooling2D()(x))
    linear = keras.Model(inputs, x)
    picture = pictures[:1]

    values = smooth_grad(linear, picture)

    rows = SIZE // 4
    assert values.shape == (SMOOTHGRAD_RESOLUTION * rows, SMOOTHGRAD_RESOLUTION * rows)
    without = np.full_like(picture, air_grey(picture))
    gained = linear.predict(picture, verbose=0)[0, 0] - linear.predict(without, verbose=0)[0, 0]
    assert values.mean() * rows * rows == pytest.approx(gained, rel=1e-3)


def test_the_same_picture_has_the_same_smooth_grad(network, pictures):
    first, second = (smooth_grad(network, pictures[:1]) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_methods_come_in_their_order_at_their_resolutions(network, pictures):
    shapes = {method: values.shape for method, values in explanations(network, pictures[:1])}
    assert tuple(shapes) == METHODS
    assert shapes == {
        GRAD_CAM: (7, 7),
        GRAD_CAM_PLUS_PLUS: (7, 7),
        SMOOTH_GRAD: (7 * SMOOTHGRAD_RESOLUTION, 7 * SMOOTHGRAD_RESOLUTION),
    }


def test_the_command_takes_an_array_and_prints_a_line_for_each_method(network, pictures, tmp_path, monkeypatch, capsys):
    network.save(tmp_path / ReleaseFile.CLASSIFIER_KERAS)
    file = io.BytesIO()
    np.save(file, pictures[:1])
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(file.getvalue())))

    answer(tmp_path)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["method"] for line in lines] == list(METHODS)
    np.testing.assert_allclose(lines[0]["map"], grad_cam(network, pictures[:1])[0], rtol=1e-5)
