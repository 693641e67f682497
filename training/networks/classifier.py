"""The classifier network: a backbone, global average pooling and one logit, and an opacity map.

The logit is the score. The opacity map shows where opacities are; it learns from boxes that radiologists drew. Both use
the same backbone, but the logit does not depend on the map: in experiments, a logit pooled from the map ranked images
less well.

The graph is flat and functional, as Grad-CAM tools require. It uses only Keras layers, so it runs on any backend.
"""

from pathlib import Path

import keras

from model.errors import TrainingError
from model.release_files import FEATURE_MAP, LOGIT, OPACITY_MAP
from training.config import ClassifierConfig
from training.networks.efficientnet_lite import (
    SCALES,
    build_efficientnet_lite,
    load_imagenet_weights,
    stride_16_layer,
)

EMBEDDING = "embedding"
MAP_CHANNELS = 128  # between the features and the opacity map
MAP_PRIOR = -3.0  # initial logit of the map: most cells have no opacity
# Keras averages batch statistics over about 1,000 steps by default. A whole run has about as many steps, so validation
# would use the statistics of outdated weights. A momentum of 0.98 averages over about 50 steps.
BATCH_NORM_MOMENTUM = 0.98
MOBILENET, NO_WEIGHTS = "mobilenetv2", "none"
MOBILENET_STRIDE_16_LAYER = "block_12_add"  # before the last block that halves the resolution


def build_classifier(config: ClassifierConfig) -> keras.Model:
    """Build the network.

    Args:
        config: Settings of the run.

    Returns:
        Model that maps images, float32 (batch, side, side, 1), 0-255, to a dictionary: LOGIT, the logit of pneumonia,
        (batch, 1); OPACITY_MAP, the logit of an opacity in each cell, (batch, side / 16, side / 16).

    Raises:
        TrainingError: The weights of the backbone cannot be loaded or have the wrong shape.
    """
    image = keras.Input((config.input_size, config.input_size, 1), name="radiograph")
    if config.backbone in SCALES:
        backbone = build_efficientnet_lite(config.backbone, image)
        load_imagenet_weights(backbone, config.backbone)
        fine_layer = stride_16_layer(config.backbone)
    else:
        backbone, fine_layer = _mobilenet(config, image), MOBILENET_STRIDE_16_LAYER
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = BATCH_NORM_MOMENTUM
    return with_heads(image, backbone.output, backbone.get_layer(fine_layer).output, config)


def with_heads(
    image: keras.KerasTensor, features: keras.KerasTensor, fine_features: keras.KerasTensor, config: ClassifierConfig
) -> keras.Model:
    """Return the network with both heads.

    Args:
        image: Input of the backbone.
        features: Last feature map, (batch, rows, columns, channels).
        fine_features: Earlier feature map, with twice as many rows and columns.
        config: Settings of the run.
    """
    embedding = keras.layers.GlobalAveragePooling2D(name=EMBEDDING)(features)
    dropped = keras.layers.Dropout(config.dropout, seed=config.seed, name="dropout")(embedding)
    outputs = {
        LOGIT: keras.layers.Dense(1, name=LOGIT)(dropped),
        OPACITY_MAP: _opacity_map(features, fine_features),
    }
    return keras.Model(image, outputs, name="chest_radiograph_reader")


def _opacity_map(features: keras.KerasTensor, fine_features: keras.KerasTensor) -> keras.KerasTensor:
    """Append the opacity map: a small perceptron in each cell, on coarse and fine features together.

    Projecting the coarse features before they are upsampled gives the same result as afterwards, in a quarter of the
    time.
    """
    coarse = keras.layers.Conv2D(MAP_CHANNELS, 1, use_bias=False, name="map_coarse")(features)
    coarse = keras.layers.UpSampling2D(interpolation="bilinear", name="map_upsampled")(coarse)
    fine = keras.layers.Conv2D(MAP_CHANNELS, 1, name="map_fine")(fine_features)
    hidden = keras.layers.ReLU(name="map_hidden")(keras.layers.Add(name="map_sum")([coarse, fine]))
    prior = keras.initializers.Constant(MAP_PRIOR)
    cells = keras.layers.Conv2D(1, 1, bias_initializer=prior, name="map_cells")(hidden)
    return keras.layers.Reshape(tuple(fine_features.shape[1:3]), name=OPACITY_MAP)(cells)


def load_logit_network(path: Path) -> keras.Model:
    """Load a saved network and return the part that computes the logit, (batch, 1)."""
    return logit_network(keras.models.load_model(path))


def load_released_network(path: Path, has_opacity_map: bool) -> keras.Model:
    """Load a saved network with the outputs that are released: the logit and, if it learned from boxes, the map.

    Args:
        path: Keras file of the network.
        has_opacity_map: Whether the opacity map is released.
    """
    return keras.models.load_model(path) if has_opacity_map else load_logit_network(path)


def logit_network(classifier: keras.Model) -> keras.Model:
    """Return the part of a network that computes the logit, (batch, 1), with shared weights."""
    return keras.Model(classifier.input, classifier.get_layer(LOGIT).output, name=classifier.name)


def serving_model(classifier: keras.Model) -> keras.Model:
    """Return the model to export: logit, class-activation map, embedding and opacity map from one forward pass.

    With global pooling and one dense layer, Grad-CAM of the logit is the dense weights applied to the last feature map
    (Selvaraju et al. 2017, section 3.1). The map therefore needs no gradient.

    Args:
        classifier: Trained network. Its weights are shared, not copied.

    Returns:
        Model with named outputs: logit (batch, 1); class_activation_map (batch, rows, columns), signed, in logits: its
        mean plus the bias is the logit; embedding (batch, channels); and, if the network has the output,
        OPACITY_MAP (batch, rows, columns), the probability of an opacity in each cell, 0-1.
    """
    head = classifier.get_layer(LOGIT)
    features = classifier.get_layer(FEATURE_MAP).output
    evidence = keras.layers.Conv2D(1, 1, use_bias=False, name="evidence")
    evidence_map = keras.layers.Reshape(tuple(features.shape[1:3]), name="evidence_map")(evidence(features))
    evidence.kernel.assign(keras.ops.reshape(head.kernel, (1, 1, -1, 1)))
    outputs = {
        LOGIT: head.output,
        "class_activation_map": evidence_map,
        "embedding": classifier.get_layer(EMBEDDING).output,
    }
    if has_opacity_output(classifier):
        probability = keras.layers.Activation("sigmoid", name="opacity_probability")
        outputs[OPACITY_MAP] = probability(classifier.output[OPACITY_MAP])
    return keras.Model(classifier.input, outputs, name="reading")


def has_opacity_output(classifier: keras.Model) -> bool:
    """Return whether the opacity map is an output of a network; `logit_network` removes it."""
    return isinstance(classifier.output, dict) and OPACITY_MAP in classifier.output


def _mobilenet(config: ClassifierConfig, image: keras.KerasTensor) -> keras.Model:
    """Return MobileNetV2 for grey images (Sandler et al. 2018, arXiv:1801.04381), with the requested weights."""
    scaled = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(image)
    backbone = keras.applications.MobileNetV2(input_tensor=scaled, include_top=False, weights=None, name=MOBILENET)
    if config.backbone != NO_WEIGHTS:
        _load_grey_weights(backbone, _rgb_mobilenet(config))
    return backbone


def _rgb_mobilenet(config: ClassifierConfig) -> keras.Model:
    """Return MobileNetV2 as published, for three colour channels."""
    shape = (config.input_size, config.input_size, 3)
    try:
        if config.backbone == MOBILENET:
            return keras.applications.MobileNetV2(input_shape=shape, include_top=False)
        backbone = keras.applications.MobileNetV2(input_shape=shape, include_top=False, weights=None)
        backbone.load_weights(config.backbone)
    except Exception as error:  # Keras raises Exception for a failed download, and various types for wrong shapes
        raise TrainingError(
            f"The weights {config.backbone!r} could not be loaded into MobileNetV2. --backbone takes "
            f"{', '.join(map(repr, SCALES))}, {MOBILENET!r} (downloads the weights from storage.googleapis.com), the "
            f"path of a MobileNetV2 weights file without top layers, or {NO_WEIGHTS!r}."
        ) from error
    return backbone


def _load_grey_weights(grey: keras.Model, rgb: keras.Model) -> None:
    """Copy the weights. The first convolution is summed over the colour channels, which is exact for grey images."""
    weights = rgb.get_weights()
    weights[0] = weights[0].sum(axis=2, keepdims=True)
    grey.set_weights(weights)
