"""Callbacks of a run that may be killed at any moment and goes on as if it had not been.

Keras's BackupAndRestore brings back weights, optimizer and epoch, but writes them one after the other, and
ModelCheckpoint and EarlyStopping forget what they had seen: a resumed run would overwrite a better best file.
"""

import json
import shutil
from pathlib import Path

import keras
from tqdm.keras import TqdmCallback

from model.release_files import ReleaseFile
from model.storage import recover_directory, swap_directories
from training.config import RunConfig

MONITOR = "val_loss"  # smooth where the AUC has long saturated, and it punishes confident errors
BEST = "best.weights.h5"
BACKUP = "backup"
CALLBACK_STATE = "memory.json"


class CrashSafeBackup(keras.callbacks.BackupAndRestore):
    """Back up weights, optimizer, epoch, the other callbacks' memory and the run's files in one rename.

    Must stand last in the list of callbacks: at the end of an epoch all others have spoken, at the beginning of
    training they have been reset and may be reminded.
    """

    def __init__(self, run: Path, checkpoint: keras.callbacks.ModelCheckpoint, stopping: keras.callbacks.EarlyStopping):
        super().__init__(str(run / BACKUP))
        self.run, self.checkpoint, self.stopping = run, checkpoint, stopping

    def on_train_begin(self, logs=None) -> None:  # noqa: ARG002 (Keras's signature)
        """Remind the callbacks, then load the weights and the epoch to go on with."""
        memory_file = self.run / BACKUP / CALLBACK_STATE
        if not memory_file.exists():
            return
        memory = json.loads(memory_file.read_text())
        self.checkpoint.best = self.stopping.best = memory["best"]
        self.stopping.wait, self.stopping.best_epoch = memory["wait"], memory["best_epoch"]
        if not self.model.optimizer.built:  # the weights files hold its state and load into nothing less
            self.model.optimizer.build(self.model.trainable_variables)
        self.model.load_weights(self.run / BEST)
        self.stopping.best_weights = self.model.get_weights()
        super().on_train_begin()

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        """Write the whole state beside the last one, then swap."""
        staged = self.run / f"{BACKUP}.new"
        shutil.rmtree(staged, ignore_errors=True)
        writer = keras.callbacks.BackupAndRestore(str(staged))
        writer.set_model(self.model)
        writer.on_epoch_end(epoch, logs)
        memory = {
            "best": float(self.stopping.best),
            "wait": self.stopping.wait,
            "best_epoch": self.stopping.best_epoch,
            "stopped": bool(self.model.stop_training),
        }
        (staged / CALLBACK_STATE).write_text(json.dumps(memory))
        for name in (BEST, ReleaseFile.HISTORY):
            shutil.copy2(self.run / name, staged / name)
        swap_directories(staged, self.run / BACKUP)

    def on_train_end(self, logs=None) -> None:
        """Keep the backup: it says that, and how, the run ended."""


class SeededDropout(keras.callbacks.Callback):
    """Start every epoch's dropout from the seed and the epoch, since no backup holds the generators' state."""

    def __init__(self, seed: int):
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch: int, logs=None) -> None:  # noqa: ARG002 (Keras's signature)
        """Set the generator of each dropout layer."""
        for layer in self.model.layers:
            if isinstance(layer, keras.layers.Dropout):
                layer.seed_generator.state.assign([self.seed, epoch])


def resume(run: Path, epochs: int) -> tuple[int, int]:
    """Bring the run's files back to the last backup.

    Returns:
        The epoch to go on with (0 starts anew) and the epoch to stop before: `epochs`, or the same as the first where
        the run had already been stopped early.
    """
    backup = run / BACKUP
    recover_directory(backup)
    if not (backup / CALLBACK_STATE).exists():
        (run / ReleaseFile.HISTORY).unlink(missing_ok=True)
        return 0, epochs
    for name in (BEST, ReleaseFile.HISTORY):
        shutil.copy2(backup / name, run / name)
    first = int(json.loads((backup / "training_metadata.json").read_text())["epoch"])
    return first, first if json.loads((backup / CALLBACK_STATE).read_text())["stopped"] else epochs


def make_callbacks(run: Path, config: RunConfig, first_epoch: int, steps: int) -> list[keras.callbacks.Callback]:
    """The callbacks of a run in the order that resuming needs; each decides on validation."""
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
