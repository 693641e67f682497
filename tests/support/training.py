"""A tiny labelled set in the official layout, a network that trains on it in seconds, and one finished run.

The network has the layer names of the real one, so that everything behind it (run, export, release, reading) is the
real program; the real MobileNetV2 takes most of a minute to trace and is trained once, in test_fit.py.
"""

import contextlib
import itertools
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

# As `training.cli` sets them, and before anything imports TensorFlow: the runs of this process and of its children
# are compared number by number.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

PROJECT = Path(__file__).parents[2]
SIZE = 32
EPOCHS = 4
LUNGS = "lungs"  # folder of the tiny set's lung network
FEW_FITS = 20  # draws of the intervals of slope and intercept: 500 of each set would take most of a test's time
STUCK_AT = (2, 3)  # epoch and batch, see the last lines
# numbers of people whose group the hash sends to validation (see test_cut.py), and others
VALIDATION = {"NORMAL": (2, 24, 37, 44, 53), "PNEUMONIA": (1, 2, 17, 21, 29)}
TRAINING = range(3, 17)
TEST = range(201, 209)


def film(sick: bool, rng: np.random.Generator, side: int = 40) -> np.ndarray:
    """uint8 (side, side): noise, and a bright blob of varied brightness where sick."""
    pixels = rng.normal(90, 15, (side, side))
    if sick:
        top, left = rng.integers(8, side - 20, size=2)
        pixels[top : top + 14, left : left + 14] += rng.uniform(0, 55)
    return pixels.clip(0, 255).astype(np.uint8)


def write_set(root: Path) -> Path:
    """Two films of each person, a JPEG and a PNG, in `train/` and `test/`, and a network that finds their lungs."""
    rng = np.random.default_rng(0)
    for label, of_validation in VALIDATION.items():
        for split, number in (*(("train", n) for n in (*TRAINING, *of_validation)), *(("test", n) for n in TEST)):
            folder = root / split / label
            folder.mkdir(parents=True, exist_ok=True)
            agent = ("bacteria", "virus")[number % 2]
            stem = f"IM-{number:04}-000" if label == "NORMAL" else f"person{number}_{agent}_"
            Image.fromarray(film(label == "PNEUMONIA", rng)).save(folder / f"{stem}1.jpeg")
            Image.fromarray(film(label == "PNEUMONIA", rng)).save(folder / f"{stem}2.png")
    write_lungs(root / LUNGS)
    return root


def write_lungs(folder: Path) -> None:
    """A lung network that needs no training, as a finished run would leave it: what is dark is lung."""
    import keras

    from model.release_files import ReleaseFile
    from training.fitting import classifier as fit
    from training.networks.export import export_lungs

    folder.mkdir()
    pictures = keras.Input((SIZE, SIZE, 1), name="radiograph")
    darkness = keras.layers.Rescaling(-0.2, offset=0.2 * 140, name="logit")(pictures)
    network = keras.Model(pictures, darkness, name="lungs")
    network.save(folder / fit.ReleaseFile.LUNGS_KERAS)
    export_lungs(network, folder / ReleaseFile.LUNGS)


def tiny_network(config):
    """One convolution in place of MobileNetV2; layer names, input and output are those of the real network."""
    import keras

    from model.release_files import FEATURE_MAP
    from training.networks.classifier import EMBEDDING, HEAD

    pictures = keras.Input((config.size, config.size, 1), name="radiograph")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")(pictures)
    x = keras.layers.Conv2D(6, 5, strides=4, name="convolution")(x)
    x = keras.layers.BatchNormalization(momentum=0.5, name="normalise")(x)
    x = keras.layers.ReLU(name=FEATURE_MAP)(x)
    x = keras.layers.GlobalAveragePooling2D(name=EMBEDDING)(x)
    x = keras.layers.Dropout(config.dropout, seed=config.seed, name="dropout")(x)
    return keras.Model(pictures, keras.layers.Dense(1, name=HEAD)(x), name="chest_radiograph_reader")


def measure_little(patch: pytest.MonkeyPatch) -> None:
    """Few pictures and draws in what takes most of the time of measuring a run."""
    import training.admission.fit
    import training.calibration.platt
    import training.evaluation.admission_rates
    import training.evaluation.heatmaps.summary
    import training.evaluation.heatmaps.synthetic_opacities

    patch.setattr(training.evaluation.calibration_metrics, "RECALIBRATION_DRAWS", FEW_FITS)
    patch.setattr(training.evaluation.heatmaps.summary, "N_CHECKED", 12)
    patch.setattr(training.evaluation.heatmaps.summary, "N_DELETION", 3)
    patch.setattr(training.evaluation.heatmaps.summary, "N_GRADIENT", 3)
    patch.setattr(training.evaluation.heatmaps.summary, "RANDOM_SEEDS", (1,))
    patch.setattr(training.evaluation.heatmaps.synthetic_opacities, "N_OPACITIES", 4)
    for module in (training.admission.fit, training.evaluation.admission_rates):
        patch.setattr(module, "SPOILED", 8)
        patch.setattr(module, "STRANGERS", 2)


@contextlib.contextmanager
def tiny_networks() -> Iterator[None]:
    """`fit_classifier` builds the tiny network within."""
    import training.fitting.classifier

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.fitting.classifier, "build_reader", tiny_network)
        yield


def fit_arguments(data: Path, run: Path, *more: str) -> list[str]:
    """`python -m training` + these: few epochs, steps and pixels."""
    settings = {"backbone": "none", "size": SIZE, "epochs": EPOCHS, "batch-size": 8, "learning-rate": 0.02}
    settings |= {
        "lungs": data / LUNGS,
        "view": "lung box",
        "augmentation": 0.3,
        "frozen-blocks": 0,
        "label-smoothing": 0.05,
        "patience": EPOCHS,
    }
    options = [part for name, value in settings.items() for part in (f"--{name}", str(value))]
    return ["fit", "--data", str(data), "--run", str(run), *options, *more]


def main_with_tiny_networks(arguments: Sequence[str]) -> int:
    """`python -m training` with the tiny network."""
    from training.cli import main

    with tiny_networks():
        return main(arguments)


def told(capsys) -> str:
    """The last line on standard error, above which progress bars may stand; no traceback among them."""
    error = capsys.readouterr().err
    assert "Traceback" not in error
    return re.split(r"[\r\n]+", error.strip())[-1].strip()


@pytest.fixture(scope="session")
def tiny_set(tmp_path_factory) -> Path:
    """The folder of the tiny set; not to be changed, see `own_set`."""
    return write_set(tmp_path_factory.mktemp("set"))


@pytest.fixture
def own_set(tiny_set, tmp_path) -> Path:
    """A copy of the tiny set that a test may spoil."""
    return shutil.copytree(tiny_set, tmp_path / "own_set")


@pytest.fixture(scope="session")
def tiny_run(tiny_set, tmp_path_factory) -> Path:
    """A finished run on the tiny set; not to be changed, see `own_run`."""
    run = tmp_path_factory.mktemp("runs") / "tiny"
    assert main_with_tiny_networks(fit_arguments(tiny_set, run)) == 0
    return run


@pytest.fixture
def own_run(tiny_run, tmp_path) -> Path:
    """A copy of the finished run that a test may spoil."""
    return shutil.copytree(tiny_run, tmp_path / "own_run")


@pytest.fixture(scope="session")
def measured_run(tiny_run, tiny_set, tmp_path_factory) -> Path:
    """The finished run, exported and measured on all parts; the log of the test split lies beside it."""
    from training.cli import main

    run = shutil.copytree(tiny_run, tmp_path_factory.mktemp("measured") / "run")
    log = run.with_name("TEST_LOG.csv")
    with pytest.MonkeyPatch.context() as patch:
        measure_little(patch)
        assert main(["evaluate", "--data", str(tiny_set), "--run", str(run), "--test-log", str(log)]) == 0
    return run


@pytest.fixture
def own_measured_run(measured_run, tmp_path) -> Path:
    """A copy of the measured run that a test may spoil."""
    return shutil.copytree(measured_run, tmp_path / "own_measured_run")


@pytest.fixture(scope="session")
def published(measured_run, tiny_set, tmp_path_factory) -> Path:
    """A release of the measured run; not to be changed."""
    from dataset.index import load_index
    from dataset.split import split_for_training
    from model.inference.release_loader import load_release
    from training.release.publish import ReleaseNotes, publish

    target = tmp_path_factory.mktemp("published") / "release"
    edition = ReleaseNotes("1.0.0", "First release.", "0" * 40)
    publish(
        load_release(measured_run / "candidate"),
        split_for_training(load_index(tiny_set)),
        target,
        edition,
        times_tested=1,
    )
    return target


def _stick() -> None:
    """No batch comes from STUCK_AT on: the process waits in the middle of an epoch to be killed."""
    from training.data.batches import ClassifierBatchStream

    whole, begun = ClassifierBatchStream.batch, itertools.count()  # batches begin in the order of the plan

    def batch(self, members, rng):
        if divmod(next(begun), self.steps_per_epoch) >= STUCK_AT:
            time.sleep(3600)
        return whole(self, members, rng)

    ClassifierBatchStream.batch = batch


if __name__ == "__main__":  # a training process that waits to be killed
    _stick()
    sys.exit(main_with_tiny_networks(sys.argv[1:]))
