"""From the Keras network to the LiteRT file that the app reads with, and proof that both say the same."""

from pathlib import Path

import keras
import numpy as np

from model.errors import TrainingError
from model.reader import Reader, calibrated
from training.network import reading_outputs

LARGEST_DIFFERENCE = 1e-3  # of probability, between Keras and LiteRT


def export_litert(reader: keras.Model, path: Path) -> dict[str, list[int]]:
    """Write the LiteRT file for pictures read one at a time; returns the shape of each named output.

    Dict outputs keep their names through the signature; positional ones come back in another order.
    """
    reading = reading_outputs(reader)
    signature = [keras.InputSpec(shape=(1, *reader.input_shape[1:]), dtype="float32", name="radiograph")]
    reading.export(str(path), format="litert", input_signature=signature, verbose=False)
    return {name: [1, *output.shape[1:]] for name, output in reading.output.items()}


def check_agreement(keras_reader: keras.Model, reader: Reader, pictures: np.ndarray) -> float:
    """Read the same pictures with Keras and with LiteRT and compare.

    Args:
        keras_reader: the trained network.
        reader: the release's reader.
        pictures: uint8 or float32 (n, height, width, 1), 0-255.

    Returns:
        The largest difference of probability.

    Raises:
        TrainingError: it is LARGEST_DIFFERENCE or more, or anything is not finite.
    """
    expected = keras_reader.predict(pictures.astype(np.float32), verbose=0)[:, 0]
    raw = [reader.raw(picture[np.newaxis].astype(np.float32)) for picture in pictures]
    outputs = (expected, *(np.append(one.class_activation_map, one.logit) for one in raw), *(r.embedding for r in raw))
    if not all(np.isfinite(output).all() for output in outputs):
        raise TrainingError("The exported network answers with numbers that are not finite. Nothing was released.")
    pairs = zip(expected, raw, strict=True)
    difference = max(abs(calibrated(float(k), reader.release) - calibrated(r.logit, reader.release)) for k, r in pairs)
    if difference >= LARGEST_DIFFERENCE:
        raise TrainingError(
            f"Keras and LiteRT differ by {difference:.4f} of probability; less than {LARGEST_DIFFERENCE} is accepted. "
            "Nothing was released."
        )
    return difference
