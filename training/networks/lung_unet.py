"""The lung segmentation network, a small U-Net (Ronneberger et al. 2015, arXiv:1505.04597)."""

import keras

CHANNELS = (16, 32, 48, 64)  # of each level; about a quarter of a million weights in all


def build_lung_unet(size: int) -> keras.Model:
    """Build the network: (batch, size, size, 1), 0-255, to logits of the same shape.

    It works at half the input's size, which is fine enough for a box and a quarter of the cost.
    """
    pictures = keras.Input((size, size, 1), name="radiograph")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(pictures)
    x = keras.layers.Conv2D(CHANNELS[0], 3, strides=2, padding="same", name="stem")(x)
    skips = []
    for level, channels in enumerate(CHANNELS):
        x = _block(keras.layers.MaxPooling2D()(x) if level else x, channels, f"down{level}")
        skips.append(x)
    for level, channels in reversed(list(enumerate(CHANNELS[:-1]))):
        x = keras.layers.UpSampling2D(interpolation="bilinear")(x)
        x = _block(keras.layers.Concatenate()([x, skips[level]]), channels, f"up{level}")
    halved = keras.layers.Conv2D(1, 1, name="halved_logit")(x)
    return keras.Model(
        pictures, keras.layers.UpSampling2D(interpolation="bilinear", name="logit")(halved), name="lungs"
    )


def _block(x, channels: int, name: str):
    for number in (1, 2):
        x = keras.layers.Conv2D(channels, 3, padding="same", use_bias=False, name=f"{name}_conv{number}")(x)
        x = keras.layers.BatchNormalization(momentum=0.98, name=f"{name}_norm{number}")(x)
        x = keras.layers.ReLU(name=f"{name}_relu{number}")(x)
    return x


def segmentation_loss(drawn, logits):
    """Cross-entropy, which is smooth, plus soft Dice, which does not mind that most of a picture is no lung."""
    probability = keras.ops.sigmoid(logits)
    overlap = 2 * keras.ops.sum(drawn * probability, axis=(1, 2, 3)) + 1
    areas = keras.ops.sum(drawn + probability, axis=(1, 2, 3)) + 1
    entropy = keras.ops.mean(keras.losses.binary_crossentropy(drawn, logits, from_logits=True), axis=(1, 2))
    return entropy + 1 - overlap / areas
