"""The classifier network: flat graph, grey input, logit and opacity map, and error messages for unusable weights."""

import re

import keras
import numpy as np
import pytest
from scipy.special import expit

from model.errors import TrainingError
from model.release_files import FEATURE_MAP, LOGIT, OPACITY_MAP
from tests.support.training import tiny_network
from training.config import ClassifierConfig
from training.networks import classifier as classifier_module
from training.networks.classifier import (
    BATCH_NORM_MOMENTUM,
    EMBEDDING,
    MAP_PRIOR,
    build_classifier,
    load_logit_network,
    logit_network,
    serving_model,
)
from training.networks.efficientnet_lite import stride_16_layer

pytestmark = pytest.mark.slow

SIDE = 64
RNG = np.random.default_rng(7)
GREY = RNG.uniform(0, 255, (3, SIDE, SIDE, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def classifier() -> keras.Model:
    keras.utils.set_random_seed(3)
    return build_classifier(ClassifierConfig(backbone="none", input_size=SIDE))


@pytest.fixture(scope="module")
def rgb_backbone() -> keras.Model:
    """MobileNetV2 as published, with three colour channels and random batch statistics."""
    keras.utils.set_random_seed(4)
    backbone = keras.applications.MobileNetV2(input_shape=(SIDE, SIDE, 3), include_top=False, weights=None)
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = (RNG.uniform(0.5, 1.5, weight.shape) for weight in layer.get_weights())
            layer.set_weights([gamma, beta - 1, mean - 1, variance])
    return backbone


@pytest.fixture(scope="module")
def weights_file(rgb_backbone, tmp_path_factory):
    path = tmp_path_factory.mktemp("backbone") / "mobilenet_v2.weights.h5"
    rgb_backbone.save_weights(path)
    return path


@pytest.fixture
def small_mobilenet(monkeypatch) -> None:
    """Replace MobileNetV2 with one convolution. Loading weights fails in the same way, in a hundredth of the time."""

    def build(input_shape=None, input_tensor=None, alpha=1.0, **_) -> keras.Model:
        image = keras.Input(input_shape) if input_tensor is None else input_tensor
        return keras.Model(image, keras.layers.Conv2D(round(20 * alpha), 3)(image))

    monkeypatch.setattr(keras.applications, "MobileNetV2", build)


def error_pattern(config: ClassifierConfig) -> str:
    """Return the pattern of the error message for weights that cannot be loaded."""
    return re.escape(
        f"The weights {config.backbone!r} could not be loaded into MobileNetV2. --backbone takes 'efficientnet-lite0', "
        "'efficientnet-lite2', 'mobilenetv2' (downloads the weights from storage.googleapis.com), the path of a "
        "MobileNetV2 weights file without top layers, or 'none'."
    )


def output_shapes(network: keras.Model) -> dict[str, tuple[int | None, ...]]:
    return {name: tuple(output.shape) for name, output in network.output.items()}


def test_the_graph_is_flat(classifier):
    assert not [layer.name for layer in classifier.layers if isinstance(layer, keras.Model)]
    assert FEATURE_MAP in [layer.name for layer in classifier.layers]


def test_input_is_a_grey_image_and_outputs_are_a_logit_and_a_map(classifier):
    assert classifier.input_shape == (None, SIDE, SIDE, 1)
    assert output_shapes(classifier) == {LOGIT: (None, 1), OPACITY_MAP: (None, SIDE // 16, SIDE // 16)}
    assert classifier.get_layer(LOGIT).activation is keras.activations.linear
    assert set(classifier(GREY)) == {LOGIT, OPACITY_MAP}


def test_the_initial_map_shows_almost_no_opacity(classifier):
    opacity = np.asarray(classifier(GREY)[OPACITY_MAP])

    assert np.median(opacity) == pytest.approx(MAP_PRIOR, abs=2)


def test_the_logit_does_not_depend_on_the_map(classifier):
    before = np.asarray(classifier(GREY)[LOGIT])
    cells = classifier.get_layer("map_cells")
    weights = cells.get_weights()
    cells.set_weights([weight + 1 for weight in weights])
    try:
        np.testing.assert_array_equal(classifier(GREY)[LOGIT], before)
    finally:
        cells.set_weights(weights)


def test_projecting_before_upsampling_equals_upsampling_before_projecting(classifier):
    """The map projects the coarse features first, which takes a quarter of the time."""
    layers = [classifier.get_layer(name) for name in ("map_coarse", "map_upsampled")]
    features = np.random.default_rng(5).normal(size=(2, 6, 6, 1280)).astype(np.float32)

    project, upsample = layers
    np.testing.assert_allclose(upsample(project(features)), project(upsample(features)), atol=1e-4)


def test_the_map_has_the_value_of_the_formula_in_every_cell(classifier):
    """One hidden layer on the coarse and the fine features of the cell."""
    names = (FEATURE_MAP, "block_12_add", OPACITY_MAP)
    coarse, fine, computed = keras.Model(classifier.input, [classifier.get_layer(name).output for name in names])(GREY)

    def weights(name: str) -> list[np.ndarray]:
        return [weight.reshape(weight.shape[-2:]) if weight.ndim > 1 else weight for weight in layer_weights(name)]

    def layer_weights(name: str) -> list[np.ndarray]:
        return classifier.get_layer(name).get_weights()

    ((coarse_kernel,), (fine_kernel, fine_bias), (kernel, bias)) = map(weights, ("map_coarse", "map_fine", "map_cells"))
    upsampled = np.asarray(keras.layers.UpSampling2D(interpolation="bilinear")(coarse))
    hidden = np.maximum(upsampled @ coarse_kernel + np.asarray(fine) @ fine_kernel + fine_bias, 0)
    np.testing.assert_allclose(computed, (hidden @ kernel + bias)[..., 0], rtol=1e-3, atol=1e-3)


def test_the_default_backbone_is_efficientnet_lite_with_imagenet_weights(monkeypatch):
    loaded = []
    monkeypatch.setattr(classifier_module, "load_imagenet_weights", lambda _, name: loaded.append(name))

    network = build_classifier(ClassifierConfig(input_size=SIDE))

    assert loaded == ["efficientnet-lite0"]
    assert output_shapes(network) == {LOGIT: (None, 1), OPACITY_MAP: (None, SIDE // 16, SIDE // 16)}
    fine = network.get_layer("map_fine").input
    assert fine is network.get_layer(stride_16_layer("efficientnet-lite0")).output
    momenta = {layer.momentum for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)}
    assert momenta == {BATCH_NORM_MOMENTUM}
    assert {FEATURE_MAP, EMBEDDING} <= {layer.name for layer in network.layers}
    assert not [layer.name for layer in network.layers if isinstance(layer, keras.Model)]


def test_a_saved_network_gives_its_logit_network(tmp_path):
    network = tiny_network(ClassifierConfig(input_size=32))
    network.save(tmp_path / "network.keras")
    images = GREY[:, :32, :32]

    loaded = load_logit_network(tmp_path / "network.keras")

    assert loaded.output_shape == logit_network(network).output_shape == (None, 1)
    np.testing.assert_allclose(loaded(images), network(images)[LOGIT], atol=1e-6)
    np.testing.assert_array_equal(logit_network(network)(images), network(images)[LOGIT])


def test_batch_norm_layers_have_a_reduced_momentum(classifier):
    momenta = {layer.momentum for layer in classifier.layers if isinstance(layer, keras.layers.BatchNormalization)}

    assert momenta == {BATCH_NORM_MOMENTUM}


def test_the_graph_scales_grey_values(classifier):
    scale = classifier.get_layer("scale")

    assert np.allclose(scale(np.array([0.0, 127.5, 255.0])), [-1, 0, 1])


def test_a_grey_image_has_the_features_of_the_colour_backbone_on_three_equal_channels(rgb_backbone, weights_file):
    classifier = build_classifier(ClassifierConfig(backbone=str(weights_file), input_size=SIDE))

    features = keras.Model(classifier.input, classifier.get_layer(FEATURE_MAP).output)(GREY)

    expected = rgb_backbone(np.repeat(GREY / 127.5 - 1, 3, axis=-1))
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(features, expected, atol=1e-4)


def test_the_serving_model_has_named_outputs(classifier):
    outputs, without_map = serving_model(classifier)(GREY), serving_model(logit_network(classifier))(GREY)

    cells, channels = SIDE // 32, classifier.get_layer(FEATURE_MAP).output.shape[-1]
    shapes = {"logit": (3, 1), "class_activation_map": (3, cells, cells), "embedding": (3, channels)}
    assert {name: tuple(output.shape) for name, output in without_map.items()} == shapes
    shapes |= {OPACITY_MAP: (3, SIDE // 16, SIDE // 16)}
    assert {name: tuple(output.shape) for name, output in outputs.items()} == shapes
    computed = classifier(GREY)
    np.testing.assert_allclose(outputs["logit"], computed[LOGIT], atol=1e-5)
    np.testing.assert_allclose(outputs[OPACITY_MAP], expit(computed[OPACITY_MAP]), atol=1e-5)  # probabilities


def test_the_logit_is_the_mean_of_the_map_plus_the_bias(classifier):
    head = classifier.get_layer(LOGIT)
    head.bias.assign([0.75])

    outputs = serving_model(classifier)(GREY)

    evidence = np.mean(outputs["class_activation_map"], axis=(1, 2)) + 0.75
    np.testing.assert_allclose(evidence, np.asarray(outputs["logit"])[:, 0], atol=1e-5)


def test_the_serving_model_leaves_the_network_unchanged(classifier):
    before = [layer.name for layer in classifier.layers]

    serving_model(classifier)

    assert [layer.name for layer in classifier.layers] == before


@pytest.mark.usefixtures("small_mobilenet")
def test_a_missing_weights_file_gives_an_error_message(tmp_path):
    config = ClassifierConfig(backbone=str(tmp_path / "absent.weights.h5"), input_size=SIDE)

    with pytest.raises(TrainingError, match=f"^{error_pattern(config)}$"):
        build_classifier(config)


@pytest.mark.usefixtures("small_mobilenet")
@pytest.mark.parametrize("content", [b"", b"not an HDF5 file"])
def test_a_damaged_weights_file_gives_an_error_message(tmp_path, content):
    path = tmp_path / "damaged.weights.h5"
    path.write_bytes(content)
    config = ClassifierConfig(backbone=str(path), input_size=SIDE)

    with pytest.raises(TrainingError, match=f"^{error_pattern(config)}$"):
        build_classifier(config)


@pytest.mark.usefixtures("small_mobilenet")
def test_weights_of_another_width_give_an_error_message(tmp_path):
    path = tmp_path / "narrow.weights.h5"
    keras.applications.MobileNetV2((SIDE, SIDE, 3), alpha=0.35, include_top=False, weights=None).save_weights(path)
    config = ClassifierConfig(backbone=str(path), input_size=SIDE)

    with pytest.raises(TrainingError, match=f"^{error_pattern(config)}$"):
        build_classifier(config)


def test_imagenet_weights_without_internet_access_give_an_error_message(monkeypatch):
    def raise_url_error(*_, **__):
        raise Exception("URL fetch failure on https://storage.googleapis.com/: None -- [Errno -2]")  # as Keras does

    # the function that MobileNetV2 calls, so nothing leaves the machine
    monkeypatch.setattr("keras.src.applications.mobilenet_v2.file_utils.get_file", raise_url_error)
    config = ClassifierConfig(backbone="mobilenetv2", input_size=SIDE)

    with pytest.raises(TrainingError, match=f"^{error_pattern(config)}$"):
        build_classifier(config)
