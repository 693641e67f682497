"""The reader network: MobileNetV2, global average pooling, one logit (Sandler et al. 2018, arXiv:1801.04381).

One flat functional graph, so that Grad-CAM tools can walk it. Backend-neutral: Keras layers only.
"""

import keras

from model.errors import TrainingError
from training.config import ClassifierConfig

FEATURE_MAP = "out_relu"  # the backbone's last layer; what the class-activation map weighs
EMBEDDING = "embedding"
HEAD = "logit"
# Keras's MobileNetV2 averages batch statistics over about 1,000 steps; a run here has as many in all, and would be
# validated with the statistics of weights that are long gone. 0.98 averages over 50 steps.
BATCH_NORM_MOMENTUM = 0.98
# What output stride 16 changes in MobileNetV2's layers.
STRIDE_16_LAYERS = {
    "block_13_pad": {"padding": 0},
    "block_13_depthwise": {"strides": 1, "padding": "same"},
    **{f"block_{number}_depthwise": {"dilation_rate": 2} for number in (14, 15, 16)},
}


def build_classifier(config: ClassifierConfig) -> keras.Model:
    """Build the network; input (batch, size, size, 1), 0-255; output (batch, 1), the logit of pneumonia.

    Raises:
        TrainingError: the backbone's weights cannot be had or do not fit.
    """
    pictures = keras.Input((config.size, config.size, 1), name="radiograph")
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(pictures)
    backbone = keras.applications.MobileNetV2(
        input_tensor=scaled, include_top=False, weights=None, alpha=config.alpha, name="mobilenet_v2"
    )
    if config.backbone != "none":
        _load_grey_weights(backbone, _rgb_backbone(config))
    if config.stride == 16:
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
    """The network as it is served: logit, class-activation map and embedding of one forward pass.

    With pooling and one dense layer, Grad-CAM of the logit is the dense weights applied to the last feature map
    (Selvaraju et al. 2017, section 3.1), so the map needs no gradient. Returned as named outputs: logit (batch, 1),
    class_activation_map (batch, rows, columns), signed, in logits (its mean plus the bias is the logit),
    embedding (batch, channels).
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
    """The backbone with twice the rows and columns in its last map and the same weights.

    The last halving is left out, and the filters behind it reach twice as far, so that each still sees what it was
    pretrained on (Chen et al. 2017, arXiv:1706.05587, section 3.1).
    """

    def changed(layer: keras.layers.Layer) -> keras.layers.Layer:
        settings = layer.get_config()
        settings |= STRIDE_16_LAYERS.get(layer.name, {})
        return type(layer).from_config(settings)

    finer = keras.models.clone_model(backbone, clone_function=changed)
    finer.set_weights(backbone.get_weights())
    return finer


def _freeze(backbone: keras.Model, blocks: int) -> None:
    """Keep the first blocks as they are, their batch statistics included; the first, unnumbered one ends in `bn`."""
    if blocks == 0:
        return
    last = max(n for n, layer in enumerate(backbone.layers) if layer.name.startswith(_block_names(blocks)))
    for layer in backbone.layers[: last + 1]:
        layer.trainable = False


def _block_names(blocks: int) -> tuple[str, ...]:
    return ("expanded_conv_", *(f"block_{number}_" for number in range(1, blocks)))


def _rgb_backbone(config: ClassifierConfig) -> keras.Model:
    """MobileNetV2 with the weights asked for, as published: three colour channels."""
    shape = (config.size, config.size, 3)
    try:
        if config.backbone == "imagenet":
            return keras.applications.MobileNetV2(input_shape=shape, include_top=False, alpha=config.alpha)
        backbone = keras.applications.MobileNetV2(
            input_shape=shape, include_top=False, weights=None, alpha=config.alpha
        )
        backbone.load_weights(config.backbone)
    except Exception as error:  # Keras reports a failed download as a bare Exception, a misfit as one of several
        raise TrainingError(
            f"The weights {config.backbone} could not be loaded into MobileNetV2 of width {config.alpha}. "
            "--backbone takes 'imagenet' (downloaded from storage.googleapis.com, which needs the network), the path "
            "of a MobileNetV2 weights file without top layers, or 'none'."
        ) from error
    return backbone


def _load_grey_weights(grey: keras.Model, rgb: keras.Model) -> None:
    """Copy weights; the first convolution is summed over colours, which is exact for grey pictures."""
    weights = rgb.get_weights()
    weights[0] = weights[0].sum(axis=2, keepdims=True)
    grey.set_weights(weights)
