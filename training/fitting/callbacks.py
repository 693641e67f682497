"""Callbacks of a run that may be killed at any moment and then resumes as if nothing had happened.

Keras's BackupAndRestore restores weights, optimizer and epoch, but does not write them atomically. ModelCheckpoint and
EarlyStopping forget the best loss, so a resumed run would overwrite the best weights with worse ones.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import keras
from tqdm.keras import TqdmCallback

from model.release_files import ReleaseFile
from model.storage import recover_directory, replace_directory
from training.config import RunConfig

MONITOR = "val_loss"  # does not saturate as AUC does, and penalises confident errors
BEST = "best.weights.h5"
BACKUP = "backup"
CALLBACK_STATE = "callback_state.json"

Logs = dict[str, Any] | None


class CrashSafeBackup(keras.callbacks.BackupAndRestore):  # type: ignore[misc]
    """Back up weights, optimizer, epoch, callback state and files of the run atomically.

    It must be the last callback in the list: at the end of an epoch the other callbacks have then run, and at the start
    of training they have been reset before their state is restored.
    """

    def __init__(
        self, run: Path, checkpoint: keras.callbacks.ModelCheckpoint, stopping: keras.callbacks.EarlyStopping
    ) -> None:
        super().__init__(str(run / BACKUP))
        self.run, self.checkpoint, self.stopping = run, checkpoint, stopping

    def on_train_begin(self, logs: Logs = None) -> None:  # noqa: ARG002 (Keras's signature)
        """Restore the state of ModelCheckpoint and EarlyStopping, then weights, optimizer and epoch."""
        state_file = self.run / BACKUP / CALLBACK_STATE
        if not state_file.exists():
            return
        state = json.loads(state_file.read_text())
        self.checkpoint.best = self.stopping.best = state["best"]
        self.stopping.wait, self.stopping.best_epoch = state["wait"], state["best_epoch"]
        if not self.model.optimizer.built:  # the weights file contains its state, which loads only into a built one
            self.model.optimizer.build(self.model.trainable_variables)
        self.model.load_weights(self.run / BEST)
        self.stopping.best_weights = self.model.get_weights()
        super().on_train_begin()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Write the complete state to a staging folder, which then replaces the previous backup."""
        state = {
            "best": float(self.stopping.best),
            "wait": self.stopping.wait,
            "best_epoch": self.stopping.best_epoch,
            "stopped": bool(self.model.stop_training),
        }
        with replace_directory(self.run / BACKUP) as staged:
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
    return [
        SeededDropout(config.seed),
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
        CrashSafeBackup(run, checkpoint, stopping),
    ]
