"""The classifier network: flat graph, grey input, named outputs, and error messages for unusable weights."""

import re

import keras
import numpy as np
import pytest

from model.errors import TrainingError
from model.release_files import FEATURE_MAP
from training.config import ClassifierConfig
from training.networks.classifier import BATCH_NORM_MOMENTUM, HEAD, build_classifier, serving_model

pytestmark = pytest.mark.slow

SIDE = 64
SMALL = {"input_size": SIDE, "width_multiplier": 0.35, "output_stride": 32, "frozen_blocks": 0}
RNG = np.random.default_rng(7)
GREY = RNG.uniform(0, 255, (3, SIDE, SIDE, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def classifier() -> keras.Model:
    keras.utils.set_random_seed(3)
    return build_classifier(ClassifierConfig(backbone="none", **SMALL))


@pytest.fixture(scope="module")
def rgb_backbone() -> keras.Model:
    """MobileNetV2 as published, with three colour channels and random batch statistics."""
    keras.utils.set_random_seed(4)
    backbone = keras.applications.MobileNetV2(
        input_shape=(SIDE, SIDE, 3), include_top=False, weights=None, alpha=SMALL["width_multiplier"]
    )
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


def error_pattern(config: ClassifierConfig) -> str:
    """Return the pattern of the error message for weights that cannot be loaded."""
    return re.escape(
        f"The weights {config.backbone!r} could not be loaded into MobileNetV2 with width multiplier "
        f"{config.width_multiplier}. --backbone takes 'imagenet' (downloads the weights from storage.googleapis.com), "
        "the path of a MobileNetV2 weights file without top layers, or 'none'."
    )


def test_the_graph_is_flat(classifier):
    assert not [layer.name for layer in classifier.layers if isinstance(layer, keras.Model)]
    assert FEATURE_MAP in [layer.name for layer in classifier.layers]


def test_input_is_a_grey_image_and_output_is_one_logit(classifier):
    assert classifier.input_shape == (None, SIDE, SIDE, 1)
    assert classifier.output_shape == (None, 1)
    assert classifier.get_layer(HEAD).activation is keras.activations.linear


def test_batch_norm_layers_have_a_reduced_momentum(classifier):
    momenta = {layer.momentum for layer in classifier.layers if isinstance(layer, keras.layers.BatchNormalization)}

    assert momenta == {BATCH_NORM_MOMENTUM}


def test_the_graph_scales_grey_values(classifier):
    scale = classifier.get_layer("scale")

    assert np.allclose(scale(np.array([0.0, 127.5, 255.0])), [-1, 0, 1])


def test_a_grey_image_has_the_features_of_the_colour_backbone_on_three_equal_channels(rgb_backbone, weights_file):
    classifier = build_classifier(ClassifierConfig(backbone=str(weights_file), **SMALL))

    features = keras.Model(classifier.input, classifier.get_layer(FEATURE_MAP).output)(GREY)

    expected = rgb_backbone(np.repeat(GREY / 127.5 - 1, 3, axis=-1))
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(features, expected, atol=1e-4)


def test_the_serving_model_has_named_outputs(classifier):
    outputs = serving_model(classifier)(GREY)

    cells, channels = SIDE // 32, classifier.get_layer(FEATURE_MAP).output.shape[-1]
    assert {name: tuple(output.shape) for name, output in outputs.items()} == {
        "logit": (3, 1),
        "class_activation_map": (3, cells, cells),
        "embedding": (3, channels),
    }
    np.testing.assert_allclose(outputs["logit"], classifier(GREY), atol=1e-5)


def test_the_logit_is_the_mean_of_the_map_plus_the_bias(classifier):
    head = classifier.get_layer(HEAD)
    head.bias.assign([0.75])

    outputs = serving_model(classifier)(GREY)

    evidence = np.mean(outputs["class_activation_map"], axis=(1, 2)) + 0.75
    np.testing.assert_allclose(evidence, np.asarray(outputs["logit"])[:, 0], atol=1e-5)


@pytest.fixture(scope="module")
def stride_16_classifier(weights_file) -> keras.Model:
    return build_classifier(ClassifierConfig(backbone=str(weights_file), **(SMALL | {"output_stride": 16})))


def test_stride_16_doubles_rows_and_columns_and_keeps_the_weights(stride_16_classifier, weights_file):
    stride_32_classifier = build_classifier(ClassifierConfig(backbone=str(weights_file), **SMALL))

    assert stride_16_classifier.get_layer(FEATURE_MAP).output.shape[1:3] == (SIDE // 16, SIDE // 16)
    pairs = zip(stride_16_classifier.get_weights()[:-2], stride_32_classifier.get_weights()[:-2], strict=True)
    for weights, expected in pairs:
        np.testing.assert_array_equal(weights, expected)


def test_stride_16_has_the_features_of_stride_32_in_every_second_cell(stride_16_classifier, weights_file):
    """Dilated filters cover the same pixels, so only border cells change."""
    stride_32_classifier = build_classifier(ClassifierConfig(backbone=str(weights_file), **SMALL))

    def features(classifier: keras.Model) -> np.ndarray:
        return np.asarray(keras.Model(classifier.input, classifier.get_layer("block_13_depthwise_BN").output)(GREY))

    coarse, fine = features(stride_32_classifier), features(stride_16_classifier)
    np.testing.assert_allclose(fine[:, 1::2, 1::2], coarse, atol=1e-4)


@pytest.mark.parametrize(
    ("blocks", "last"), [(1, "expanded_conv_project_BN"), (3, "block_2_add"), (17, "block_16_project_BN")]
)
def test_frozen_blocks_freeze_all_layers_up_to_the_last_frozen_block(weights_file, blocks, last):
    classifier = build_classifier(ClassifierConfig(backbone=str(weights_file), **(SMALL | {"frozen_blocks": blocks})))

    names = [layer.name for layer in classifier.layers]
    frozen = [layer.name for layer in classifier.layers if not layer.trainable]
    assert frozen[-1] == last
    assert frozen == names[names.index(frozen[0]) : names.index(last) + 1]


def test_no_layer_is_frozen_by_default(classifier):
    assert all(layer.trainable for layer in classifier.layers)


def test_the_serving_model_leaves_the_network_unchanged(classifier):
    before = [layer.name for layer in classifier.layers]

    serving_model(classifier)

    assert [layer.name for layer in classifier.layers] == before


def test_a_missing_weights_file_gives_an_error_message(tmp_path):
    config = ClassifierConfig(backbone=str(tmp_path / "absent.weights.h5"), **SMALL)

    with pytest.raises(TrainingError, match=f"^{error_pattern(config)}$"):
        build_classifier(config)


@pytest.mark.parametrize("content", [b"", b"not an HDF5 file"])
def test_a_damaged_weights_file_gives_an_error_message(tmp_path, content):
    path = tmp_path / "damaged.weights.h5"
    path.write_bytes(content)
    config = ClassifierConfig(backbone=str(path), **SMALL)

    with pytest.raises(TrainingError, match=f"^{error_pattern(config)}$"):
        build_classifier(config)


def test_weights_of_another_width_give_an_error_message(weights_file):
    config = ClassifierConfig(backbone=str(weights_file), **(SMALL | {"width_multiplier": 0.5}))

    with pytest.raises(TrainingError, match=f"^{error_pattern(config)}$"):
        build_classifier(config)


def test_imagenet_weights_without_internet_access_give_an_error_message(monkeypatch):
    def raise_url_error(*_, **__):
        raise Exception("URL fetch failure on https://storage.googleapis.com/: None -- [Errno -2]")  # as Keras does

    # the function that MobileNetV2 calls, so nothing leaves the machine
    monkeypatch.setattr("keras.src.applications.mobilenet_v2.file_utils.get_file", raise_url_error)
    config = ClassifierConfig(backbone="imagenet", **SMALL)

    with pytest.raises(TrainingError, match=f"^{error_pattern(config)}$"):
        build_classifier(config)
