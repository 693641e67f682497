"""Callbacks of a run that may be killed at any moment and then resumes as if nothing had happened.

Keras's BackupAndRestore restores weights, optimizer and epoch, but does not write them atomically. ModelCheckpoint and
EarlyStopping forget the best loss, so a resumed run would overwrite the best weights with worse ones.
"""

import errno
import itertools
import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm.keras import TqdmCallback

from model.release_files import LOGIT, ReleaseFile
from model.storage import recover_directory, replace_directory
from training.config import RunConfig

MONITOR = "val_loss"  # does not saturate as AUC does, and penalises confident errors
BEST = "best.weights.h5"
BACKUP = "backup"
CALLBACK_STATE = "callback_state.json"
AVERAGE = "average.npz"
COPIES_OF_WEIGHTS = 4  # that an epoch adds at most: best weights, their copy, latest weights, and their average
SMALL_FILES_BYTES = 2**20

Logs = dict[str, Any] | None


class WeightAverage(keras.callbacks.Callback):  # type: ignore[misc]
    """Keep an exponential average of the weights, and validate and checkpoint the network with it.

    The average includes the batch statistics. It varies less from one epoch to the next than the weights themselves
    (Polyak and Juditsky 1992). The network holds the average from validation to the start of the next epoch.

    Attributes:
        average: Averaged weights, in the order of `keras.Model.get_weights`.
    """

    def __init__(self, momentum: float) -> None:
        super().__init__()
        self.momentum = momentum
        self.average: list[np.ndarray] = []
        self._trained: list[np.ndarray] | None = None

    def on_train_begin(self, logs: Logs = None) -> None:  # noqa: ARG002 (Keras's signature)
        """Start with the weights of the network, unless a backup was restored."""
        if not self.average:
            self.average = self.model.get_weights()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:  # noqa: ARG002 (Keras's signature)
        """Update the average."""
        for average, weight in zip(self.average, self.model.get_weights(), strict=True):
            average += (1 - self.momentum) * (weight - average)

    def on_test_begin(self, logs: Logs = None) -> None:  # noqa: ARG002 (Keras's signature)
        """Exchange the trained weights for their average."""
        self._trained = self.model.get_weights()
        self.model.set_weights(self.average)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:  # noqa: ARG002 (Keras's signature)
        """Continue with the trained weights."""
        self.restore_trained_weights()

    def restore_trained_weights(self) -> None:
        """Exchange the average for the trained weights, if the network holds the average."""
        if self._trained is not None:
            self.model.set_weights(self._trained)
            self._trained = None


class DiskSpace(keras.callbacks.Callback):  # type: ignore[misc]
    """End a run with an error before a checkpoint fills the disk. HDF5 crashes if it cannot complete a file.

    It must precede the callbacks that write weights.
    """

    def __init__(self, run: Path) -> None:
        super().__init__()
        self.run = run

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:  # noqa: ARG002 (Keras's signature)
        """Check that the files of an epoch fit on the disk.

        Raises:
            OSError: The disk is too full.
        """
        variables = [*self.model.variables, *self.model.optimizer.variables]
        n_bytes = sum(math.prod(variable.shape) * np.dtype(variable.dtype).itemsize for variable in variables)
        if shutil.disk_usage(self.run).free < COPIES_OF_WEIGHTS * n_bytes + SMALL_FILES_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.run))


class CrashSafeBackup(keras.callbacks.BackupAndRestore):  # type: ignore[misc]
    """Back up weights, optimizer, epoch, callback state and files of the run atomically.

    It must be the last callback in the list, so that the others have already run when an epoch ends, and have already
    been reset when their state is restored at the start of training.
    """

    def __init__(
        self,
        run: Path,
        checkpoint: keras.callbacks.ModelCheckpoint,
        stopping: keras.callbacks.EarlyStopping,
        average: WeightAverage,
    ) -> None:
        super().__init__(str(run / BACKUP))
        self.run, self.checkpoint, self.stopping, self.average = run, checkpoint, stopping, average

    def on_train_begin(self, logs: Logs = None) -> None:  # noqa: ARG002 (Keras's signature)
        """Restore the state of the other callbacks, then weights, optimizer and epoch."""
        state_file = self.run / BACKUP / CALLBACK_STATE
        if not state_file.exists():
            return
        state = json.loads(state_file.read_text())
        self.checkpoint.best = self.stopping.best = state["best"]
        self.stopping.wait, self.stopping.best_epoch = state["wait"], state["best_epoch"]
        # The weights file includes the optimizer's state, which can be loaded only after the optimizer is built.
        if not self.model.optimizer.built:
            self.model.optimizer.build(self.model.trainable_variables)
        self.model.load_weights(self.run / BEST)
        self.stopping.best_weights = self.model.get_weights()
        with np.load(self.run / BACKUP / AVERAGE) as arrays:
            self.average.average = [arrays[name] for name in arrays.files]
        super().on_train_begin()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Write the complete state to a staging folder, which then replaces the previous backup."""
        state = {
            "best": float(self.stopping.best),
            "wait": self.stopping.wait,
            "best_epoch": self.stopping.best_epoch,
            "stopped": bool(self.model.stop_training),
        }
        self.average.restore_trained_weights()
        with replace_directory(self.run / BACKUP) as staged:
            np.savez(staged / AVERAGE, *self.average.average)
            writer = keras.callbacks.BackupAndRestore(str(staged))
            writer.set_model(self.model)
            writer.on_epoch_end(epoch, logs)
            (staged / CALLBACK_STATE).write_text(json.dumps(state))
            for name in (BEST, ReleaseFile.HISTORY):
                shutil.copy2(self.run / name, staged / name)

    def on_train_end(self, logs: Logs = None) -> None:
        """Keep the backup, because it records that the run has ended and how."""


class SeededDropout(keras.callbacks.Callback):  # type: ignore[misc]
    """Seed dropout with run seed and epoch at the start of each epoch, because backups do not hold its random state."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:  # noqa: ARG002 (Keras's signature)
        """Set the random state of each dropout layer."""
        for layer in self.model.layers:
            if isinstance(layer, keras.layers.Dropout):
                layer.seed_generator.state.assign([self.seed, epoch])


class PlainMetricNames(keras.callbacks.Callback):  # type: ignore[misc]
    """Drop the output's name from the logit metrics, so that the column in history.csv is "auc", not "logit_auc".

    It must be the first callback in the list.
    """

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:  # noqa: ARG002 (Keras's signature)
        """Rename the metrics of the logit, but not its loss: the name "loss" is already used for the total loss."""
        if logs is None:
            return
        for prefix, metric in itertools.product(("", "val_"), ("accuracy", "auc")):
            if (by_output := f"{prefix}{LOGIT}_{metric}") in logs:
                logs[f"{prefix}{metric}"] = logs.pop(by_output)


def resume(run: Path, epochs: int) -> tuple[int, int]:
    """Restore the files of a run from its last backup.

    Args:
        run: Folder of the run.
        epochs: Number of epochs in the settings of the run.

    Returns:
        First epoch to train (0 starts from scratch), and the end (exclusive): `epochs`, or the first epoch itself if
        early stopping had already ended the run.
    """
    backup = run / BACKUP
    recover_directory(backup)
    if not (backup / CALLBACK_STATE).exists():
        (run / ReleaseFile.HISTORY).unlink(missing_ok=True)
        return 0, epochs
    for name in (BEST, ReleaseFile.HISTORY):
        shutil.copy2(backup / name, run / name)
    first_epoch = int(json.loads((backup / "training_metadata.json").read_text())["epoch"])
    stopped = json.loads((backup / CALLBACK_STATE).read_text())["stopped"]
    return first_epoch, first_epoch if stopped else epochs


def make_callbacks(run: Path, config: RunConfig, first_epoch: int, steps: int) -> list[keras.callbacks.Callback]:
    """Return the callbacks of a run in the order that resuming requires.

    Args:
        run: Folder of the run.
        config: Settings of the run.
        first_epoch: Epoch to start at, for the progress bar.
        steps: Steps per epoch, for the progress bar.
    """
    checkpoint = keras.callbacks.ModelCheckpoint(
        str(run / BEST), monitor=MONITOR, mode="min", save_best_only=True, save_weights_only=True
    )
    stopping = keras.callbacks.EarlyStopping(
        monitor=MONITOR, mode="min", patience=config.patience, restore_best_weights=True
    )
    average = WeightAverage(config.weight_average)
    return [
        PlainMetricNames(),
        SeededDropout(config.seed),
        average,
        DiskSpace(run),
        keras.callbacks.CSVLogger(str(run / ReleaseFile.HISTORY), append=True),
        checkpoint,
        stopping,
        TqdmCallback(
            epochs=config.epochs,
            data_size=steps * config.batch_size,
            batch_size=config.batch_size,
            initial=first_epoch,
            desc="epochs",
            mininterval=2,
        ),
        CrashSafeBackup(run, checkpoint, stopping, average),
    ]
