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
from dataset.split import Split, split_for_training
from model.errors import TrainingError
from model.inference.input_region import InputRegion, RegionKind
from model.inference.lung_segmentation import LungSegmenter
from model.inference.release_loader import load_release
from model.release_files import ReleaseFile
from model.storage import atomic_path
from training.config import ClassifierConfig, RunConfig
from training.data.batches import BatchStream, ClassifierBatchStream, balanced_weights
from training.data.loading import load_region_images, targets
from training.fitting.callbacks import make_callbacks, resume
from training.networks.classifier import build_classifier

CONFIG = "config.json"


def fit_classifier(data: Path, run: Path, config: ClassifierConfig) -> None:
    """Train, or go on with, the run in the folder `run_with_messages`.

    Raises:
        DatasetError: the pictures cannot be used as they lie there.
        TrainingError: the folder holds a run with other settings, or the backbone cannot be had.
    """
    parts = split_for_training(load_index(data))
    claim_run_folder(run, config)
    _write_split(run / "cut.csv", parts)
    keras.utils.set_random_seed(config.seed)
    classifier = build_classifier(config)
    segmenter, view = copy_lung_network(config.lungs, run), InputRegion(RegionKind(config.view), config.margin)
    films = load_region_images(parts.training, segmenter, view, "training pictures")
    stream = ClassifierBatchStream(films.pictures, targets(parts.training), config, films.boxes)
    validation = load_region_images(parts.validation, segmenter, view, "validation pictures").at_side(config.size)
    validation_target = targets(parts.validation)
    compile_classifier(classifier, config, stream.steps_per_epoch)
    run_training(classifier, stream, (validation, validation_target, balanced_weights(validation_target)), run)
    save_network(classifier, run / ReleaseFile.CLASSIFIER_KERAS)


def run_training(network: keras.Model, stream: BatchStream, validation: Batch, run: Path) -> None:
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


def copy_lung_network(source: str, run: Path) -> LungSegmenter:
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
    for name in (name for name in (ReleaseFile.LUNGS, ReleaseFile.LUNGS_KERAS) if not (run / name).exists()):
        if not (folder / name).exists():
            raise TrainingError(
                f"{folder} holds no trained lung network ({name}). --lungs takes 'released', or the folder of a "
                "finished run of `python -m training lungs`."
            )
        with atomic_path(run / name) as beside:
            shutil.copy2(folder / name, beside)
    side = keras.models.load_model(run / ReleaseFile.LUNGS_KERAS).input_shape[1]
    return LungSegmenter((run / ReleaseFile.LUNGS).read_bytes(), side)


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


def compile_classifier(classifier: keras.Model, config: ClassifierConfig, steps_per_epoch: int) -> None:
    """Give the reader its optimizer, loss and metrics."""
    loss = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=config.label_smoothing)
    auc = keras.metrics.AUC(from_logits=True, name="auc")
    compile_network(
        classifier, config, steps_per_epoch, loss, [auc, keras.metrics.BinaryAccuracy("accuracy", threshold=0)]
    )


def claim_run_folder(run: Path, config: RunConfig) -> None:
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


def _write_split(path: Path, parts: Split) -> None:
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "part", "patient", "label", "cause"])
        for part in ("training", "validation"):
            rows.writerows([r.path.name, part, r.patient, r.label, r.cause] for r in parts.part(part))


def save_network(network: keras.Model, path: Path) -> None:
    """Save without optimizer state; a full disk leaves no half file."""
    with atomic_path(path) as beside:
        keras.Model(network.input, network.output, name=network.name).save(beside)
