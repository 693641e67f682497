"""A tiny labelled data set in the official layout, and a network that trains on it in seconds.

The network has the layer names of the real network, so everything after it (run, export, release, inference) is tested
with the real program. The real MobileNetV2 takes most of a minute to trace and is only trained in
tests/training/fitting/test_classifier.py.
"""

import contextlib
import itertools
import os
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.codes import Label

# The same settings as in `training.cli`, because tests compare runs of this process and of child processes number by
# number. They must be set before TensorFlow is imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

PROJECT = Path(__file__).parents[2]
SIZE = 32
EPOCHS = 4
LUNGS = "lungs"  # subfolder of the tiny data set with a lung network
FEW_RECALIBRATIONS = 20  # bootstrap draws of slope and intercept; the real number would dominate the time of a test
STUCK_AT = (2, 3)  # epoch and batch at which this module, run as a program, waits to be killed
# Patient numbers that the hash assigns to validation (see tests/dataset/test_split.py), and others.
VALIDATION_PATIENTS = {Label.NORMAL: (2, 24, 37, 44, 53), Label.PNEUMONIA: (1, 2, 17, 21, 29)}
TRAINING_PATIENTS = range(3, 17)
TEST_PATIENTS = range(201, 209)


def synthetic_image(ill: bool, rng: np.random.Generator, side: int = 40) -> np.ndarray:
    """Return noise and, if ill, a square of random brightness: uint8 (side, side)."""
    pixels = rng.normal(90, 15, (side, side))
    if ill:
        top, left = rng.integers(8, side - 20, size=2)
        pixels[top : top + 14, left : left + 14] += rng.uniform(0, 55)
    return pixels.clip(0, 255).astype(np.uint8)


def write_tiny_set(root: Path) -> Path:
    """Write two images per patient, a JPEG and a PNG, in `train/` and `test/`, and a lung network for them."""
    rng = np.random.default_rng(0)
    for label, validation_patients in VALIDATION_PATIENTS.items():
        train = [("train", number) for number in (*TRAINING_PATIENTS, *validation_patients)]
        test = [("test", number) for number in TEST_PATIENTS]
        for split, number in (*train, *test):
            folder = root / split / label
            folder.mkdir(parents=True, exist_ok=True)
            cause = ("bacteria", "virus")[number % 2]
            stem = f"IM-{number:04}-000" if label == Label.NORMAL else f"person{number}_{cause}_"
            Image.fromarray(synthetic_image(label == Label.PNEUMONIA, rng)).save(folder / f"{stem}1.jpeg")
            Image.fromarray(synthetic_image(label == Label.PNEUMONIA, rng)).save(folder / f"{stem}2.png")
    write_lung_network(root / LUNGS)
    return root


def write_lung_network(folder: Path) -> None:
    """Write the files of a lung network that needs no training: dark areas are lungs."""
    import keras

    from model.release_files import ReleaseFile
    from training.networks.export import export_lungs

    folder.mkdir()
    images = keras.Input((SIZE, SIZE, 1), name="radiograph")
    darkness = keras.layers.Rescaling(-0.2, offset=0.2 * 140, name="logit")(images)
    network = keras.Model(images, darkness, name="lungs")
    network.save(folder / ReleaseFile.LUNGS_KERAS)
    export_lungs(network, folder / ReleaseFile.LUNGS)


def tiny_network(config):
    """Build one convolution instead of MobileNetV2. Layer names, input and output are those of the real network."""
    import keras

    from model.release_files import FEATURE_MAP
    from training.networks.classifier import EMBEDDING, HEAD

    images = keras.Input((config.input_size, config.input_size, 1), name="radiograph")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(images)
    x = keras.layers.Conv2D(6, 5, strides=4, name="convolution")(x)
    x = keras.layers.BatchNormalization(momentum=0.5, name="normalise")(x)
    x = keras.layers.ReLU(name=FEATURE_MAP)(x)
    x = keras.layers.GlobalAveragePooling2D(name=EMBEDDING)(x)
    x = keras.layers.Dropout(config.dropout, seed=config.seed, name="dropout")(x)
    return keras.Model(images, keras.layers.Dense(1, name=HEAD)(x), name="chest_radiograph_reader")


def reduce_sample_sizes(patch: pytest.MonkeyPatch) -> None:
    """Use few images and draws in the slow parts of an evaluation."""
    from training.admission import fitting_features
    from training.evaluation import admission_rates, calibration_metrics
    from training.evaluation.heatmaps import summary, synthetic_opacities

    patch.setattr(calibration_metrics, "RECALIBRATION_DRAWS", FEW_RECALIBRATIONS)
    patch.setattr(summary, "N_CHECKED", 12)
    patch.setattr(summary, "N_DELETION", 3)
    patch.setattr(summary, "N_GRADIENT", 3)
    patch.setattr(summary, "RANDOM_SEEDS", (1,))
    patch.setattr(synthetic_opacities, "N_OPACITIES", 4)
    for module in (fitting_features, admission_rates):
        patch.setattr(module, "N_CORRUPTED", 8)
        patch.setattr(module, "N_PER_FAMILY", 2)


@contextlib.contextmanager
def tiny_networks() -> Iterator[None]:
    """Make `fit_classifier` build the tiny network."""
    import training.fitting.classifier

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.fitting.classifier, "build_classifier", tiny_network)
        yield


def fit_arguments(data: Path, run: Path, *more: str) -> list[str]:
    """Return the arguments of a run with few epochs, steps and pixels."""
    settings = {
        "backbone": "none",
        "input-size": SIZE,
        "epochs": EPOCHS,
        "batch-size": 8,
        "learning-rate": 0.02,
        "lung-network": data / LUNGS,
        "region": "lung box",
        "augmentation": 0.3,
        "frozen-blocks": 0,
        "label-smoothing": 0.05,
        "patience": EPOCHS,
    }
    options = [part for name, value in settings.items() for part in (f"--{name}", str(value))]
    return ["fit-classifier", "--data", str(data), "--run", str(run), *options, *more]


def main_with_tiny_networks(arguments: Sequence[str]) -> int:
    """Run `python -m training` with the tiny network."""
    from training.cli import main

    with tiny_networks():
        return main(arguments)


def error_message(capsys) -> str:
    """Return the last line of standard error, after any progress bars, and assert that there is no traceback."""
    error = capsys.readouterr().err
    assert "Traceback" not in error
    return re.split(r"[\r\n]+", error.strip())[-1].strip()


STUCK_FILE = "STUCK_FILE"  # environment variable: file that the process creates once it is stuck


def _wait_at_stuck_batch() -> None:
    """Make the batch stream block at STUCK_AT and create STUCK_FILE, so that a test can kill the process there."""
    from training.data.batches import ClassifierBatchStream

    original_batch, counter = ClassifierBatchStream.batch, itertools.count()  # batches are started in order

    def batch(self, members, rng):
        if divmod(next(counter), self.steps_per_epoch) >= STUCK_AT:
            Path(os.environ[STUCK_FILE]).touch()
            threading.Event().wait()
        return original_batch(self, members, rng)

    ClassifierBatchStream.batch = batch


if __name__ == "__main__":  # a training process that waits to be killed
    _wait_at_stuck_batch()
    sys.exit(main_with_tiny_networks(sys.argv[1:]))
