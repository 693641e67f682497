"""Train the classifier on the labelled data set and keep the epoch with the lowest validation loss.

    python -m training fit-classifier --run runs/first --backbone PATH_OF_IMAGENET_WEIGHTS

A run folder contains config.json, cut.csv (split of each image), lungs.keras and lungs.tflite (the lung network),
history.csv, best.weights.h5 and, once the run has ended, classifier.keras. The same command resumes a killed run.
"""

import csv
import dataclasses
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dataset.adults import load_adult_index
from dataset.index import load_index
from dataset.split import Split, split_for_training
from model.codes import SPLITS, SplitName
from model.errors import TrainingError
from model.inference.input_region import InputRegion
from model.inference.lung_segmentation import LungSegmenter
from model.inference.release_loader import load_release
from model.plain_text import spreadsheet_text
from model.release_files import LOGIT, OPACITY_MAP, ReleaseFile
from model.storage import atomic_path
from training.config import CONFIG_FILE, ClassifierConfig, RunConfig, Sources
from training.data.augmentation import Augmenter
from training.data.batches import Batch, BatchStream, ClassifierBatchStream, cell_weights
from training.data.samples import TrainingSamples, load_samples
from training.fitting.callbacks import make_callbacks, resume
from training.networks.classifier import build_classifier

SPLIT_FILE = "cut.csv"


def fit_classifier(data: Path, adults: Path, run: Path, config: ClassifierConfig) -> None:
    """Train the classifier, or resume its run.

    Args:
        data: Folder of the children's data set.
        adults: Folder of the adult data set, used if the settings ask for it.
        run: Folder of the run.
        config: Settings of the run.

    Raises:
        DatasetError: A data set cannot be used.
        TrainingError: The folder contains a run with different settings, the backbone or the lung network cannot be
            loaded, or an image cannot be read.
    """
    split = load_split(data, adults, Sources(config.sources))
    claim_run_folder(run, config)
    _write_split(run / SPLIT_FILE, split)
    keras.utils.set_random_seed(config.seed)
    classifier = build_classifier(config)
    segmenter = copy_lung_network(config.lung_network, run)
    region = config.input_region
    map_side = classifier.output[OPACITY_MAP].shape[1]
    training = load_samples(split.training, segmenter, region, "training images")
    stream = ClassifierBatchStream(config, training, map_side)
    validation = load_samples(split.validation, segmenter, region, "validation images")
    compile_classifier(classifier, config, stream.steps_per_epoch)
    run_training(classifier, stream, validation_batch(validation, region, config, map_side), run)
    save_network(classifier, run / ReleaseFile.CLASSIFIER_KERAS)


def load_split(data: Path, adults: Path, sources: Sources) -> Split:
    """Return the images of the requested data sets, each split by patient.

    Raises:
        DatasetError: A data set cannot be used.
    """
    children = split_for_training(load_index(data))
    if sources is Sources.CHILDREN:
        return children
    both = children, split_for_training(load_adult_index(adults))
    return Split(*([record for split in both for record in split.part(name)] for name in SPLITS))


def validation_batch(samples: TrainingSamples, region: InputRegion, config: ClassifierConfig, map_side: int) -> Batch:
    """Return all validation images as one batch, with the same weight for each cell of population and label."""
    untouched = [Augmenter(0, 0).reframing(box, config.input_size, np.random.default_rng(0)) for box in samples.boxes]
    masks, weights = (
        np.stack([r.apply_to_mask(mask, map_side) for r, mask in zip(untouched, part, strict=True)]) / np.float32(255)
        for part in (samples.opacities, samples.annotated)
    )
    cell_weight = cell_weights(samples.cell)
    return (
        samples.network_inputs(region, config.input_size),
        {LOGIT: samples.target, OPACITY_MAP: masks},
        {LOGIT: cell_weight, OPACITY_MAP: weights * cell_weight[:, :, np.newaxis]},
    )


def run_training(network: keras.Model, stream: BatchStream, validation: Batch, run: Path) -> None:
    """Train a compiled network, or resume its training. The network ends with the weights of the best epoch.

    Args:
        network: Compiled network.
        stream: Training batches, with the settings of the run.
        validation: Images, targets and, optionally, sample weights.
        run: Folder of the run.
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
    """Copy the lung network (Keras and LiteRT) into the folder of a run.

    The classifier is trained with this lung network and must be released with it. A run that already has a lung network
    keeps it.

    Args:
        source: "released", or the folder of a finished run of `fit-lungs`.
        run: Folder of the run.

    Returns:
        Lung segmentation with the copied network.

    Raises:
        TrainingError: The source has no lung network.
        ReleaseError: The release is damaged or incomplete.
    """
    folder = load_release().directory if source == "released" else Path(source)
    for name in (ReleaseFile.LUNGS, ReleaseFile.LUNGS_KERAS):
        if (run / name).exists():
            continue
        if not (folder / name).exists():
            raise TrainingError(
                f"{folder} contains no trained lung network ({name} is missing). --lung-network takes 'released' or "
                "the folder of a finished run of `python -m training fit-lungs`."
            )
        with atomic_path(run / name) as staged:
            shutil.copy2(folder / name, staged)
    side = keras.models.load_model(run / ReleaseFile.LUNGS_KERAS).input_shape[1]
    return LungSegmenter((run / ReleaseFile.LUNGS).read_bytes(), side)


def learning_rate(config: RunConfig, steps_per_epoch: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """Return the learning-rate schedule: linear warm-up, then cosine decay to zero.

    The rate depends only on the step, so a resumed run needs no further state.
    """
    warmup = round(config.warmup_epochs * steps_per_epoch)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=config.learning_rate / 100,
        decay_steps=max(1, config.epochs * steps_per_epoch - warmup),
        warmup_target=config.learning_rate,
        warmup_steps=warmup,
    )


def compile_network(network: keras.Model, config: RunConfig, steps_per_epoch: int, **settings: Any) -> None:
    """Compile a network with AdamW.

    Args:
        network: Network to compile.
        config: Settings of the run.
        steps_per_epoch: Steps per epoch, for the learning-rate schedule.
        **settings: Further arguments of `keras.Model.compile`, such as loss and metrics.
    """
    optimizer = keras.optimizers.AdamW(
        learning_rate(config, steps_per_epoch), weight_decay=config.weight_decay, clipnorm=1.0
    )
    network.compile(optimizer, **settings)


def compile_classifier(classifier: keras.Model, config: ClassifierConfig, steps_per_epoch: int) -> None:
    """Compile the classifier with binary cross-entropy of the logit and of each cell of the opacity map."""
    logit_loss = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=config.label_smoothing)
    metrics = [
        keras.metrics.AUC(from_logits=True, name="auc"),
        keras.metrics.BinaryAccuracy("accuracy", threshold=0),
    ]
    compile_network(
        classifier,
        config,
        steps_per_epoch,
        loss={LOGIT: logit_loss, OPACITY_MAP: CellEntropy()},
        loss_weights={LOGIT: 1.0, OPACITY_MAP: config.map_weight},
        metrics={LOGIT: metrics},
    )


class CellEntropy(keras.losses.Loss):  # type: ignore[misc]
    """Binary cross-entropy of each cell of the opacity map, from logits. Sample weights apply to single cells."""

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        """Return one value per cell, (batch, rows, columns)."""
        return keras.losses.binary_crossentropy(
            keras.ops.expand_dims(y_true, -1), keras.ops.expand_dims(y_pred, -1), from_logits=True
        )


def claim_run_folder(run: Path, config: RunConfig) -> None:
    """Create the folder of a run and save its settings, or check that it contains a run with the same settings.

    Raises:
        TrainingError: The folder contains a run with different settings.
    """
    run.mkdir(parents=True, exist_ok=True)
    config_path = run / CONFIG_FILE
    if not config_path.exists():
        config.save(config_path)
        return
    stored = type(config).load(config_path)
    names = [field.name for field in dataclasses.fields(config)]
    differences = [name for name in names if getattr(stored, name) != getattr(config, name)]
    if differences:
        raise TrainingError(
            f"{run} contains a run with different settings ({', '.join(differences)}). Choose another folder with "
            "--run, or delete this one."
        )


def save_network(network: keras.Model, path: Path) -> None:
    """Save a network without optimizer state, atomically."""
    with atomic_path(path) as staged:
        keras.Model(network.input, network.output, name=network.name).save(staged)


def _write_split(path: Path, split: Split) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "part", "patient", "label", "cause"])
        for name in (SplitName.TRAINING, SplitName.VALIDATION):
            records = split.part(name)
            writer.writerows([spreadsheet_text(r.relative_path), name, r.patient, r.label, r.cause] for r in records)
