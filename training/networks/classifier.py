"""The classifier network: MobileNetV2, global average pooling, one logit (Sandler et al. 2018, arXiv:1801.04381).

The graph is flat and functional, as Grad-CAM tools require. It uses only Keras layers, so it runs on any backend.
"""

from typing import Any

import keras

from model.errors import TrainingError
from model.release_files import FEATURE_MAP
from training.config import ClassifierConfig

EMBEDDING = "embedding"
HEAD = "logit"
# MobileNetV2 in Keras averages batch statistics over about 1,000 steps. A whole run has about as many steps, so
# validation would use the statistics of outdated weights. A momentum of 0.98 averages over about 50 steps.
BATCH_NORM_MOMENTUM = 0.98
# Layer settings of MobileNetV2 that differ at output stride 16.
STRIDE_16_LAYERS: dict[str, dict[str, Any]] = {
    "block_13_pad": {"padding": 0},
    "block_13_depthwise": {"strides": 1, "padding": "same"},
    **{f"block_{number}_depthwise": {"dilation_rate": 2} for number in (14, 15, 16)},
}


def build_classifier(config: ClassifierConfig) -> keras.Model:
    """Build the network.

    Args:
        config: Settings of the run.

    Returns:
        Model that maps images, float32 (batch, side, side, 1), 0-255, to the logit of pneumonia, (batch, 1).

    Raises:
        TrainingError: The weights of the backbone cannot be loaded or have the wrong shape.
    """
    image = keras.Input((config.input_size, config.input_size, 1), name="radiograph")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(image)
    backbone = keras.applications.MobileNetV2(
        input_tensor=scaled, include_top=False, weights=None, alpha=config.width_multiplier, name="mobilenet_v2"
    )
    if config.backbone != "none":
        _load_grey_weights(backbone, _rgb_backbone(config))
    if config.output_stride == 16:
        backbone = _with_stride_16(backbone)
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = BATCH_NORM_MOMENTUM
    _freeze(backbone, config.frozen_blocks)
    embedding = keras.layers.GlobalAveragePooling2D(name=EMBEDDING)(backbone.output)
    dropped = keras.layers.Dropout(config.dropout, seed=config.seed, name="dropout")(embedding)
    logit = keras.layers.Dense(1, name=HEAD)(dropped)
    return keras.Model(backbone.inputs[0], logit, name="chest_radiograph_reader")


def serving_model(classifier: keras.Model) -> keras.Model:
    """Return the model to export: logit, class-activation map and embedding from one forward pass.

    With global pooling and one dense layer, Grad-CAM of the logit is the dense weights applied to the last feature map
    (Selvaraju et al. 2017, section 3.1). The map therefore needs no gradient.

    Args:
        classifier: Trained network. Its weights are shared, not copied.

    Returns:
        Model with named outputs: logit (batch, 1); class_activation_map (batch, rows, columns), signed, in logits: its
        mean plus the bias is the logit; embedding (batch, channels).
    """
    weights = classifier.get_layer(HEAD).kernel
    features = classifier.get_layer(FEATURE_MAP).output
    evidence = keras.layers.Conv2D(1, 1, use_bias=False, name="evidence")
    evidence_map = keras.layers.Reshape(tuple(features.shape[1:3]), name="evidence_map")(evidence(features))
    evidence.kernel.assign(keras.ops.reshape(weights, (1, 1, -1, 1)))
    outputs = {
        "logit": classifier.output,
        "class_activation_map": evidence_map,
        "embedding": classifier.get_layer(EMBEDDING).output,
    }
    return keras.Model(classifier.input, outputs, name="reading")


def _with_stride_16(backbone: keras.Model) -> keras.Model:
    """Return the backbone with the same weights and twice as many rows and columns in its last feature map.

    The last downsampling is omitted and the filters after it are dilated, so each filter keeps its pretrained receptive
    field (Chen et al. 2017, arXiv:1706.05587, section 3.1).
    """

    def clone_layer(layer: keras.layers.Layer) -> keras.layers.Layer:
        settings = layer.get_config() | STRIDE_16_LAYERS.get(layer.name, {})
        return type(layer).from_config(settings)

    stride_16_backbone = keras.models.clone_model(backbone, clone_function=clone_layer)
    stride_16_backbone.set_weights(backbone.get_weights())
    return stride_16_backbone


def _freeze(backbone: keras.Model, blocks: int) -> None:
    """Freeze the first blocks, including their batch statistics. The first block is named `expanded_conv`."""
    if blocks == 0:
        return
    prefixes = ("expanded_conv_", *(f"block_{number}_" for number in range(1, blocks)))
    last = max(index for index, layer in enumerate(backbone.layers) if layer.name.startswith(prefixes))
    for layer in backbone.layers[: last + 1]:
        layer.trainable = False


def _rgb_backbone(config: ClassifierConfig) -> keras.Model:
    """Return MobileNetV2 as published, for three colour channels, with the requested weights."""
    shape, alpha = (config.input_size, config.input_size, 3), config.width_multiplier
    try:
        if config.backbone == "imagenet":
            return keras.applications.MobileNetV2(input_shape=shape, include_top=False, alpha=alpha)
        backbone = keras.applications.MobileNetV2(input_shape=shape, include_top=False, weights=None, alpha=alpha)
        backbone.load_weights(config.backbone)
    except Exception as error:  # Keras raises Exception for a failed download, and various types for wrong shapes
        raise TrainingError(
            f"The weights {config.backbone!r} could not be loaded into MobileNetV2 with width multiplier {alpha}. "
            "--backbone takes 'imagenet' (downloads the weights from storage.googleapis.com), the path of a "
            "MobileNetV2 weights file without top layers, or 'none'."
        ) from error
    return backbone


def _load_grey_weights(grey: keras.Model, rgb: keras.Model) -> None:
    """Copy the weights. The first convolution is summed over the colour channels, which is exact for grey images."""
    weights = rgb.get_weights()
    weights[0] = weights[0].sum(axis=2, keepdims=True)
    grey.set_weights(weights)
