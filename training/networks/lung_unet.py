"""The lung segmentation network, a small U-Net (Ronneberger et al. 2015, arXiv:1505.04597)."""

import keras

CHANNELS = (16, 32, 48, 64)  # of each level; about 230,000 weights in total


def build_lung_unet(side: int) -> keras.Model:
    """Build the network.

    It works at half the resolution of the input. That is enough for a box and takes a quarter of the time.

    Args:
        side: Height and width of the input in pixels, a multiple of 16.

    Returns:
        Model that maps images, float32 (batch, side, side, 1), 0-255, to logits of the same shape.
    """
    image = keras.Input((side, side, 1), name="radiograph")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(image)
    x = keras.layers.Conv2D(CHANNELS[0], 3, strides=2, padding="same", name="stem")(x)
    skips = []
    for level, channels in enumerate(CHANNELS):
        x = _block(keras.layers.MaxPooling2D()(x) if level else x, channels, f"down{level}")
        skips.append(x)
    for level, channels in reversed(list(enumerate(CHANNELS[:-1]))):
        x = keras.layers.UpSampling2D(interpolation="bilinear")(x)
        x = _block(keras.layers.Concatenate()([x, skips[level]]), channels, f"up{level}")
    halved = keras.layers.Conv2D(1, 1, name="halved_logit")(x)
    return keras.Model(image, keras.layers.UpSampling2D(interpolation="bilinear", name="logit")(halved), name="lungs")


def _block(x: keras.KerasTensor, channels: int, name: str) -> keras.KerasTensor:
    """Append two convolutions, each with batch normalisation and ReLU."""
    for number in (1, 2):
        x = keras.layers.Conv2D(channels, 3, padding="same", use_bias=False, name=f"{name}_conv{number}")(x)
        x = keras.layers.BatchNormalization(momentum=0.98, name=f"{name}_norm{number}")(x)
        x = keras.layers.ReLU(name=f"{name}_relu{number}")(x)
    return x


def segmentation_loss(masks: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
    """Return cross-entropy plus soft Dice loss, one value per image.

    Cross-entropy is smooth. Dice does not depend on the size of the background.

    Args:
        masks: Manual masks, 0-1, (batch, side, side, 1).
        logits: Output of the network, same shape.
    """
    probability = keras.ops.sigmoid(logits)
    overlap = 2 * keras.ops.sum(masks * probability, axis=(1, 2, 3)) + 1
    areas = keras.ops.sum(masks + probability, axis=(1, 2, 3)) + 1
    entropy = keras.ops.mean(keras.losses.binary_crossentropy(masks, logits, from_logits=True), axis=(1, 2))
    return entropy + 1 - overlap / areas
