"""The reader network: flat, grey, named outputs, and sentences where weights cannot be had."""

import re

import keras
import numpy as np
import pytest

from model.errors import TrainingError
from model.release_files import FEATURE_MAP
from training.config import ClassifierConfig
from training.networks.classifier import BATCH_NORM_MOMENTUM, HEAD, build_classifier, serving_model

SIDE = 64
SMALL = {"size": SIDE, "alpha": 0.35, "stride": 32, "frozen_blocks": 0}
RNG = np.random.default_rng(7)
GREY = RNG.uniform(0, 255, (3, SIDE, SIDE, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def classifier() -> keras.Model:
    keras.utils.set_random_seed(3)
    return build_classifier(ClassifierConfig(backbone="none", **SMALL))


@pytest.fixture(scope="module")
def rgb_backbone() -> keras.Model:
    """As published, with three colour channels; means and variances are random, since trained ones are not 0 and 1."""
    keras.utils.set_random_seed(4)
    backbone = keras.applications.MobileNetV2(
        input_shape=(SIDE, SIDE, 3), include_top=False, weights=None, alpha=SMALL["alpha"]
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


def refused(config: ClassifierConfig) -> str:
    """The whole sentence for weights that cannot be had."""
    return re.escape(
        f"The weights {config.backbone} could not be loaded into MobileNetV2 of width {config.alpha}. "
        "--backbone takes 'imagenet' (downloaded from storage.googleapis.com, which needs the network), the path "
        "of a MobileNetV2 weights file without top layers, or 'none'."
    )


def test_the_graph_is_flat(classifier):
    assert not [layer.name for layer in classifier.layers if isinstance(layer, keras.Model)]
    assert FEATURE_MAP in [layer.name for layer in classifier.layers]


def test_input_is_a_grey_picture_and_output_one_logit(classifier):
    assert classifier.input_shape == (None, SIDE, SIDE, 1)
    assert classifier.output_shape == (None, 1)
    assert classifier.get_layer(HEAD).activation is keras.activations.linear


def test_batch_statistics_are_averaged_over_few_enough_steps_for_a_short_run(classifier):
    momenta = {layer.momentum for layer in classifier.layers if isinstance(layer, keras.layers.BatchNormalization)}

    assert momenta == {BATCH_NORM_MOMENTUM}


def test_grey_values_are_scaled_within_the_graph(classifier):
    scale = classifier.get_layer("scale")

    assert np.allclose(scale(np.array([0.0, 127.5, 255.0])), [-1, 0, 1])


def test_a_grey_picture_gives_the_features_that_the_colour_backbone_gives_on_three_equal_channels(
    rgb_backbone, weights_file
):
    classifier = build_classifier(ClassifierConfig(backbone=str(weights_file), **SMALL))

    features = keras.Model(classifier.input, classifier.get_layer(FEATURE_MAP).output)(GREY)

    expected = rgb_backbone(np.repeat(GREY / 127.5 - 1, 3, axis=-1))
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(features, expected, atol=1e-4)


def test_one_pass_gives_logit_map_and_embedding_by_name(classifier):
    outputs = serving_model(classifier)(GREY)

    cells, channels = SIDE // 32, classifier.get_layer(FEATURE_MAP).output.shape[-1]
    assert {name: tuple(output.shape) for name, output in outputs.items()} == {
        "logit": (3, 1),
        "class_activation_map": (3, cells, cells),
        "embedding": (3, channels),
    }
    np.testing.assert_allclose(outputs["logit"], classifier(GREY), atol=1e-5)


def test_the_mean_of_the_map_and_the_bias_are_the_logit(classifier):
    head = classifier.get_layer(HEAD)
    head.bias.assign([0.75])

    outputs = serving_model(classifier)(GREY)

    evidence = np.mean(outputs["class_activation_map"], axis=(1, 2)) + 0.75
    np.testing.assert_allclose(evidence, np.asarray(outputs["logit"])[:, 0], atol=1e-5)


@pytest.fixture(scope="module")
def finer_reader(weights_file) -> keras.Model:
    return build_classifier(ClassifierConfig(backbone=str(weights_file), **(SMALL | {"stride": 16})))


def test_stride_16_gives_twice_the_rows_and_columns_with_the_same_weights(finer_reader, weights_file):
    coarse = build_classifier(ClassifierConfig(backbone=str(weights_file), **SMALL))

    assert finer_reader.get_layer(FEATURE_MAP).output.shape[1:3] == (SIDE // 16, SIDE // 16)
    for finer, usual in zip(finer_reader.get_weights()[:-2], coarse.get_weights()[:-2], strict=True):
        np.testing.assert_array_equal(finer, usual)


def test_stride_16_sees_at_every_other_cell_what_stride_32_sees(finer_reader, weights_file):
    """Dilated filters reach the very pixels that the halved map reached: away from the borders nothing changes."""
    coarse = build_classifier(ClassifierConfig(backbone=str(weights_file), **SMALL))

    def features(classifier: keras.Model) -> np.ndarray:
        return np.asarray(keras.Model(classifier.input, classifier.get_layer("block_13_depthwise_BN").output)(GREY))

    usual, finer = features(coarse), features(finer_reader)
    np.testing.assert_allclose(finer[:, 1::2, 1::2], usual, atol=1e-4)


@pytest.mark.parametrize(
    ("blocks", "last"), [(1, "expanded_conv_project_BN"), (3, "block_2_add"), (17, "block_16_project_BN")]
)
def test_frozen_blocks_are_all_layers_up_to_their_last_and_no_more(weights_file, blocks, last):
    classifier = build_classifier(ClassifierConfig(backbone=str(weights_file), **(SMALL | {"frozen_blocks": blocks})))

    names = [layer.name for layer in classifier.layers]
    frozen = [layer.name for layer in classifier.layers if not layer.trainable]
    assert frozen[-1] == last
    assert frozen == names[names.index(frozen[0]) : names.index(last) + 1]


def test_no_block_is_frozen_unless_asked_for(classifier):
    assert all(layer.trainable for layer in classifier.layers)


def test_making_the_reading_outputs_leaves_the_network_as_it_was(classifier):
    before = [layer.name for layer in classifier.layers]

    serving_model(classifier)

    assert [layer.name for layer in classifier.layers] == before


def test_a_weights_file_that_is_not_there_is_refused(tmp_path):
    config = ClassifierConfig(backbone=str(tmp_path / "absent.weights.h5"), **SMALL)

    with pytest.raises(TrainingError, match=f"^{refused(config)}$"):
        build_classifier(config)


@pytest.mark.parametrize("content", [b"", b"not an HDF5 file"])
def test_a_damaged_weights_file_is_refused(tmp_path, content):
    path = tmp_path / "damaged.weights.h5"
    path.write_bytes(content)
    config = ClassifierConfig(backbone=str(path), **SMALL)

    with pytest.raises(TrainingError, match=f"^{refused(config)}$"):
        build_classifier(config)


def test_weights_of_another_width_are_refused(weights_file):
    config = ClassifierConfig(backbone=str(weights_file), **(SMALL | {"alpha": 0.5}))

    with pytest.raises(TrainingError, match=f"^{refused(config)}$"):
        build_classifier(config)


def test_imagenet_without_the_network_is_refused(monkeypatch):
    def no_network(*_, **__):
        raise Exception("URL fetch failure on https://storage.googleapis.com/: None -- [Errno -2]")  # as Keras does

    # the very function that MobileNetV2 calls: nothing leaves the machine
    monkeypatch.setattr("keras.src.applications.mobilenet_v2.file_utils.get_file", no_network)
    config = ClassifierConfig(backbone="imagenet", **SMALL)

    with pytest.raises(TrainingError, match=f"^{refused(config)}$"):
        build_classifier(config)
