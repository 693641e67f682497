"""Tiny labelled data sets of children and adults, and a network that trains on them in seconds.

The network has the layer names of the real network, so everything after it (run, export, release, inference) is tested
with the real program. A real network takes most of a minute to trace and is only trained in
tests/training/fitting/test_classifier.py. The finished run is trained on the children only.
"""

import contextlib
import csv
import functools
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

from dataset.adult_tables import BOX_SIDE, BOXES_FILE, LABELS_FILE, LUNG_BOXES_FILE
from model.codes import LABELS, Label

# The same settings as in `training.cli`, because tests compare runs of this process and of child processes number by
# number. They must be set before TensorFlow is imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

PROJECT = Path(__file__).parents[2]
SIZE = 32
EPOCHS = 4
LUNGS = "lungs"  # subfolder of the tiny data set with a lung network
FEW_RECALIBRATIONS = 20  # bootstrap draws of slope and intercept; the real number would dominate the time of a test
FEW_PERTURBATIONS = ("tone: narrow", "blur: box", "compressed: JPEG 15")  # others take up to 0.1 s for each image
STUCK_AT = (2, 3)  # epoch and batch at which this module, run as a program, waits to be killed
# Patient numbers that the hash assigns to validation (see tests/dataset/test_split.py), and others.
VALIDATION_PATIENTS = {Label.NORMAL: (2, 24, 37, 44, 53), Label.PNEUMONIA: (1, 2, 17, 21, 29)}
TRAINING_PATIENTS = range(3, 17)
TEST_PATIENTS = range(201, 209)
# The same for adults. Those with an odd number have pneumonia.
ADULTS_IN_TRAINING, ADULTS_IN_VALIDATION, ADULTS_IN_TEST = range(8), (8, 11, 15, 26), range(90, 94)


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


def write_adult_set(root: Path, side: int = 64) -> Path:
    """Write two images per adult with all tables. One in two images with pneumonia has an opacity box."""
    rng = np.random.default_rng(1)
    labels, boxes, lung_boxes = (
        [["file", "label", "appearance", "patient", "study", "test"]],
        [["file", "x", "y", "width", "height"]],
        [["file", "x", "y", "width", "height"]],
    )
    scale = BOX_SIDE / side
    for patient, number in itertools.product((*ADULTS_IN_TRAINING, *ADULTS_IN_VALIDATION, *ADULTS_IN_TEST), range(2)):
        label = LABELS[patient % 2].lower()
        file = f"{label}/{patient:02}{number}.jpg"
        (root / label).mkdir(parents=True, exist_ok=True)
        pixels = rng.normal(110, 15, (side, side))
        if label == "pneumonia":
            left, top = rng.integers(8, 36, size=2)
            pixels[top : top + 20, left : left + 16] += 60
            if number == 0:
                boxes.append([file, scale * left, scale * top, scale * 16, scale * 20])
        appearance = "Typical Appearance" if label == "pneumonia" else "Negative for Pneumonia"
        labels.append([file, label, appearance, adult_name(patient), f"study{patient}", int(patient in ADULTS_IN_TEST)])
        lung_boxes.append([file, 26 + number, 20, 200, 180 + patient % 5])
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(root / file)
    for name, rows in ((LABELS_FILE, labels), (BOXES_FILE, boxes), (LUNG_BOXES_FILE, lung_boxes)):
        with (root / name).open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    return root


def write_not_chest_set(root: Path) -> Path:
    """Write images of hands (four, patients unknown) and of lateral chests (two of each of two patients)."""
    rng = np.random.default_rng(2)
    rows = [["file", "label", "patient", "source"]]
    rows += [[f"hand/{number}.png", "hand", "", "one"] for number in range(4)]
    rows += [[f"lateral/{number}.png", "lateral_chest", f"p{number // 2}", "other"] for number in range(4)]
    for file, *_ in rows[1:]:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (150, 150), np.uint8)).save(root / file)
    with (root / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return root


def adult_name(number: int) -> str:
    """Return the pseudonym of an adult patient, whose hash decides about training or validation."""
    return f"adult{number:02}"


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
    """Build one convolution as the backbone. Layer names, input and outputs are those of the real network."""
    import keras

    from model.release_files import FEATURE_MAP
    from training.networks.classifier import with_heads

    images = keras.Input((config.input_size, config.input_size, 1), name="radiograph")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(images)
    fine = keras.layers.AveragePooling2D(2, name="fine")(x)
    x = keras.layers.Conv2D(6, 3, strides=2, padding="same", name="convolution")(fine)
    x = keras.layers.BatchNormalization(momentum=0.5, name="normalise")(x)
    x = keras.layers.ReLU(name=FEATURE_MAP)(x)
    return with_heads(images, x, fine, config)


def reduce_sample_sizes(patch: pytest.MonkeyPatch) -> None:
    """Use few images, draws and perturbations in the slow parts of an evaluation."""
    from training.admission import fitting_features
    from training.evaluation import admission_rates, calibration_metrics, robustness, run_summary
    from training.evaluation.heatmaps import summary, synthetic_opacities

    patch.setattr(calibration_metrics, "RECALIBRATION_DRAWS", FEW_RECALIBRATIONS)
    patch.setattr(summary, "N_CHECKED", 12)
    patch.setattr(summary, "N_DELETION", 3)
    patch.setattr(summary, "N_GRADIENT", 3)
    patch.setattr(summary, "RANDOM_SEEDS", (1,))
    patch.setattr(synthetic_opacities, "N_OPACITIES", 4)
    perturbations = robustness.perturbations()
    for module in (robustness, run_summary):
        patch.setattr(module, "perturbations", lambda: {name: perturbations[name] for name in FEW_PERTURBATIONS})
    patch.setattr(fitting_features, "N_VERSIONS", 2)
    for module in (fitting_features, admission_rates):
        patch.setattr(module, "N_CORRUPTED", 8)
        patch.setattr(module, "N_PER_FAMILY", 2)


@contextlib.contextmanager
def quick_training(eager: bool = False) -> Iterator[None]:
    """Train without XLA, which compiles each network for longer than a tiny one is trained.

    Args:
        eager: True also builds no graph. That is quicker for a few steps.
    """
    import keras

    compile_quickly = functools.partialmethod(keras.Model.compile, run_eagerly=eager, jit_compile=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "compile", compile_quickly)
        yield


@contextlib.contextmanager
def tiny_networks() -> Iterator[None]:
    """Make `fit_classifier` build the tiny network."""
    import training.fitting.classifier

    with quick_training(), pytest.MonkeyPatch.context() as patch:
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
        "sources": "children",
        "epoch-size": 80,
        "weight-average": 0.5,
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
