"""Train the reader network on the pictures at `CHEST_XRAY_DIR` and keep the epoch that validation liked best.

    python -m training fit --run runs/first --backbone PATH_OF_IMAGENET_WEIGHTS

A run folder holds config.json, cut.csv (which picture served for what), lungs.keras and lungs.tflite (what found the
lungs), history.csv, best.weights.h5, and reader.keras once it has ended. The same command goes on with a run that was
killed.
"""

import csv
import dataclasses
import shutil
from pathlib import Path

import keras

from dataset.index import load_index
from dataset.split import Cut, cut
from model.errors import TrainingError
from model.file_replacement import written_whole
from model.inference.input_region import Part, View
from model.inference.lung_segmentation import LungFinder
from model.inference.release_loader import LUNG_NETWORK, load_release
from training.config import FitConfig, RunConfig
from training.data.loading import Batch, Stream, TrainingStream, balanced_weights, load_films, targets
from training.fitting.callbacks import make_callbacks, resume
from training.networks.classifier import build_reader

CONFIG = "config.json"
READER, LUNGS = "reader.keras", "lungs.keras"


def fit(data: Path, run: Path, config: FitConfig) -> None:
    """Train, or go on with, the run in the folder `run`.

    Raises:
        DatasetError: the pictures cannot be used as they lie there.
        TrainingError: the folder holds a run with other settings, or the backbone cannot be had.
    """
    parts = cut(load_index(data))
    claim(run, config)
    _write_cut(run / "cut.csv", parts)
    keras.utils.set_random_seed(config.seed)
    reader = build_reader(config)
    finder, view = take_lungs(config.lungs, run), View(Part(config.view), config.margin)
    films = load_films(parts.training, finder, view, "training pictures")
    stream = TrainingStream(films.pictures, targets(parts.training), config, films.boxes)
    validation = load_films(parts.validation, finder, view, "validation pictures").seen(config.size)
    validation_target = targets(parts.validation)
    compile_reader(reader, config, stream.steps_per_epoch)
    train(reader, stream, (validation, validation_target, balanced_weights(validation_target)), run)
    save_network(reader, run / READER)


def train(network: keras.Model, stream: Stream, validation: Batch, run: Path) -> None:
    """Train a compiled network, or go on with it, to the end of the run; it ends with the weights of the best epoch.

    stream: what it learns from, with the run's settings; validation: pictures, targets and, if any, weights.
    """
    first_epoch, end = resume(run, stream.config.epochs)
    network.fit(
        stream.batches(first_epoch),
        steps_per_epoch=stream.steps_per_epoch,
        epochs=end,
        validation_data=validation,
        validation_batch_size=64,
        callbacks=make_callbacks(run, stream.config, first_epoch, stream.steps_per_epoch),
        verbose=0,
        shuffle=False,  # the stream shuffles
    )


def take_lungs(source: str, run: Path) -> LungFinder:
    """Copy the lung network, Keras and LiteRT file, into the run's folder, where it stays with what is trained on it.

    A run that has them already keeps them, whatever became of the source.

    Args:
        source: "released", or the folder of a finished `lungs` run.
        run: folder of the run.

    Raises:
        TrainingError: the lung network is not there.
        ReleaseError: the release cannot be trusted.
    """
    folder = load_release().directory if source == "released" else Path(source)
    for name in (name for name in (LUNG_NETWORK, LUNGS) if not (run / name).exists()):
        if not (folder / name).exists():
            raise TrainingError(
                f"{folder} holds no trained lung network ({name}). --lungs takes 'released', or the folder of a "
                "finished run of `python -m training lungs`."
            )
        with written_whole(run / name) as beside:
            shutil.copy2(folder / name, beside)
    side = keras.models.load_model(run / LUNGS).input_shape[1]
    return LungFinder((run / LUNG_NETWORK).read_bytes(), side)


def learning_rate(config: RunConfig, steps_per_epoch: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """Linear rise, then a cosine to zero: a function of the step alone, so that a resumed run needs no memory of it."""
    warmup = round(config.warmup_epochs * steps_per_epoch)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=config.learning_rate / 100,
        decay_steps=max(1, config.epochs * steps_per_epoch - warmup),
        warmup_target=config.learning_rate,
        warmup_steps=warmup,
    )


def compile_network(network: keras.Model, config: RunConfig, steps_per_epoch: int, loss, metrics: list) -> None:
    """Give a network its optimizer, loss and metrics."""
    optimizer = keras.optimizers.AdamW(
        learning_rate(config, steps_per_epoch), weight_decay=config.weight_decay, clipnorm=1.0
    )
    network.compile(optimizer, loss, metrics=metrics, weighted_metrics=[])


def compile_reader(reader: keras.Model, config: FitConfig, steps_per_epoch: int) -> None:
    """Give the reader its optimizer, loss and metrics."""
    loss = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=config.label_smoothing)
    auc = keras.metrics.AUC(from_logits=True, name="auc")
    compile_network(reader, config, steps_per_epoch, loss, [auc, keras.metrics.BinaryAccuracy("accuracy", threshold=0)])


def claim(run: Path, config: RunConfig) -> None:
    """Make the run folder, or make sure that it holds a run with these very settings.

    Raises:
        TrainingError: it holds one with others.
    """
    run.mkdir(parents=True, exist_ok=True)
    written = run / CONFIG
    if not written.exists():
        config.save(written)
        return
    found = type(config).load(written)
    differ = [f.name for f in dataclasses.fields(config) if getattr(found, f.name) != getattr(config, f.name)]
    if differ:
        raise TrainingError(
            f"{run} holds a run with other settings ({', '.join(differ)}). Name another folder with --run, or delete "
            "this one."
        )


def _write_cut(path: Path, parts: Cut) -> None:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "part", "patient", "label", "cause"])
        for part in ("training", "validation"):
            rows.writerows([r.path.name, part, r.patient, r.label, r.cause] for r in parts.part(part))


def save_network(network: keras.Model, path: Path) -> None:
    """Save without optimizer state; a full disk leaves no half file."""
    with written_whole(path) as beside:
        keras.Model(network.input, network.output, name=network.name).save(beside)
