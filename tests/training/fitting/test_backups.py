"""A run that is killed at any disk operation resumes as if nothing had happened; losses are scripted."""

import contextlib
import errno
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from model.release_files import ReleaseFile
from training.config import ClassifierConfig
from training.fitting.callbacks import (
    AVERAGE,
    BACKUP,
    BEST,
    CALLBACK_STATE,
    SMALL_FILES_BYTES,
    DiskSpace,
    make_callbacks,
    resume,
)

pytestmark = pytest.mark.slow

MOMENTUM = 0.5
LOSSES = (0.6, 0.4, 0.5, 0.7)  # the second epoch is best; with a patience of two, the run ends after the fourth
BEST_EPOCH = 1


class Killed(BaseException):
    """Simulates the end of the process."""


def weight_of(epoch: int) -> float:
    return epoch + 1.0


def average_at(epoch: int) -> float:
    """Return the average of the initial weight, 0, and those of all epochs so far."""
    average = 0.0
    for number in range(epoch + 1):
        average += (1 - MOMENTUM) * (weight_of(number) - average)
    return average


def new_model() -> keras.Model:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(keras.optimizers.AdamW(), "mse")
    return model


def train(run: Path, losses: Sequence[float] = LOSSES, patience: int = 2) -> tuple[keras.Model, list[int]]:
    """Do what `fit_classifier` and Keras do, without images.

    Each epoch sets the only weight and the optimizer step to values that identify the epoch.

    Returns:
        The final model, and the epochs that were trained.
    """
    run.mkdir(exist_ok=True)
    model = new_model()
    first, end = resume(run, len(losses))
    config = ClassifierConfig(epochs=len(losses), patience=patience, weight_average=MOMENTUM)
    callbacks = make_callbacks(run, config, first, steps=1)
    callback_list = keras.callbacks.CallbackList(callbacks, model=model, epochs=len(losses), steps=1, verbose=0)
    trained_epochs = []
    try:
        callback_list.on_train_begin()
        if first:
            assert model.get_weights()[0].item() == weight_of(first - 1)
            assert model.optimizer.iterations.numpy() == first
        else:
            model.optimizer.build(model.trainable_variables)  # like the first step
        for epoch in range(first, end):
            callback_list.on_epoch_begin(epoch)
            model.set_weights([np.array([[weight_of(epoch)]])])
            model.optimizer.iterations.assign(epoch + 1)
            callback_list.on_train_batch_end(0)
            callback_list.on_test_begin()
            callback_list.on_epoch_end(epoch, {"loss": 0.1, "val_loss": losses[epoch]})
            trained_epochs.append(epoch)
            if model.stop_training:
                break
        callback_list.on_train_end()
    finally:
        for callback in callbacks:
            if isinstance(callback, keras.callbacks.CSVLogger) and callback.csv_file:
                callback.csv_file.close()  # like the end of the process
    return model, trained_epochs


def best_weight(run: Path) -> float:
    model = new_model()
    model.optimizer.build(model.trainable_variables)  # the file also holds the state of the optimizer
    model.load_weights(run / BEST)
    return model.get_weights()[0].item()


def callback_state(run: Path) -> dict:
    return json.loads((run / BACKUP / CALLBACK_STATE).read_text())


def stored_average(run: Path) -> float:
    with np.load(run / BACKUP / AVERAGE) as arrays:
        return arrays["arr_0"].item()


def half_remove(path: Path, **_) -> None:
    for file in sorted(path.glob("*"))[::2]:
        file.unlink()


def half_copy(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes()[: source.stat().st_size // 2])


def half_write(path: Path, text: str) -> None:
    path.write_bytes(text.encode()[: len(text) // 2])


def half_savez(file: Path, *_arrays: np.ndarray) -> None:
    file.write_bytes(b"PK, cut off")


def half_save(_model: keras.Model, filepath: str, **_) -> None:
    Path(filepath).write_bytes(b"\x89HDF, cut off")


def no_rename(_path: Path, _target: Path) -> None:
    """A rename is atomic."""


HALF_DONE = {
    (shutil, "rmtree"): half_remove,
    (shutil, "copy2"): half_copy,
    (Path, "rename"): no_rename,
    (Path, "write_text"): half_write,
    (keras.Model, "save_weights"): half_save,
    (np, "savez"): half_savez,
}


@contextlib.contextmanager
def killed_at(number: int | None) -> Iterator[list[str]]:
    """Kill the process halfway through a disk operation; yield the operations so far.

    Args:
        number: Index of the operation, from 0; None lets the process finish.
    """
    done: list[str] = []

    def watch(original: Callable, half: Callable) -> Callable:
        def operation(*arguments, **keywords):
            done.append(f"{original.__name__} {arguments}")
            if number is not None and len(done) > number:
                if len(done) == number + 1:
                    half(*arguments, **keywords)
                raise Killed  # also for any later operation: a killed process does not clean up
            return original(*arguments, **keywords)

        return operation

    with pytest.MonkeyPatch.context() as patch:
        for (owner, name), half in HALF_DONE.items():
            patch.setattr(owner, name, watch(getattr(owner, name), half))
        yield done


def count_operations(run: Path) -> int:
    with killed_at(None) as operations:
        train(run)
    return len(operations)


def test_an_uninterrupted_run_keeps_the_best_epoch_and_stops_early(tmp_path):
    model, trained_epochs = train(tmp_path / "run", losses=(*LOSSES, 0.1))

    assert trained_epochs == [0, 1, 2, 3]
    assert model.get_weights()[0].item() == best_weight(tmp_path / "run") == average_at(BEST_EPOCH)
    assert callback_state(tmp_path / "run") == {"best": 0.4, "wait": 2, "best_epoch": 1, "stopped": True}


@pytest.mark.parametrize("step", [8, pytest.param(1, marks=pytest.mark.full)], ids=["every eighth", "every"])
def test_a_kill_in_a_write_and_another_while_resuming_do_not_change_the_result(tmp_path, step):
    operations = count_operations(tmp_path / "uninterrupted")
    history = (tmp_path / "uninterrupted" / ReleaseFile.HISTORY).read_text()
    assert operations > 30

    for number in range(0, operations, step):
        run = tmp_path / f"killed_{number}"
        with killed_at(number) as done, pytest.raises(Killed):
            train(run)
        with killed_at(0), contextlib.suppress(Killed):  # in the first disk operation of the resumed run
            train(run)

        model, _ = train(run)

        context = f"killed in: {done[-1]}"
        assert (run / ReleaseFile.HISTORY).read_text() == history, context
        assert best_weight(run) == model.get_weights()[0].item() == average_at(BEST_EPOCH), context
        assert callback_state(run) == callback_state(tmp_path / "uninterrupted"), context
        assert stored_average(run) == stored_average(tmp_path / "uninterrupted") == average_at(3), context


def test_a_resumed_run_keeps_the_best_weights_and_the_patience_counter(tmp_path):
    """The callbacks of Keras alone would save a worse epoch as the best one and restart the patience counter."""
    run = tmp_path / "run"
    train(run, losses=LOSSES[:3])
    assert callback_state(run) == {"best": 0.4, "wait": 1, "best_epoch": 1, "stopped": False}

    model, trained_epochs = train(run, losses=(*LOSSES, 0.1))

    assert trained_epochs == [3]
    assert model.get_weights()[0].item() == best_weight(run) == average_at(BEST_EPOCH)
    assert callback_state(run)["stopped"]


def test_a_resumed_run_saves_a_better_epoch(tmp_path):
    run = tmp_path / "run"
    train(run, losses=LOSSES[:3])

    model, _ = train(run, losses=(*LOSSES[:3], 0.3))

    assert model.get_weights()[0].item() == best_weight(run) == average_at(3)


def test_a_backup_left_between_its_renames_is_used(tmp_path):
    run = tmp_path / "run"
    train(run, losses=LOSSES[:2])
    (run / BACKUP).rename(run / f"{BACKUP}.old")

    _, trained_epochs = train(run, losses=LOSSES[:3])

    assert trained_epochs == [2]


def test_a_run_that_was_stopped_early_does_not_train_again(tmp_path):
    run = tmp_path / "run"
    train(run, losses=(*LOSSES, 0.1))
    history = (run / ReleaseFile.HISTORY).read_text()

    model, trained_epochs = train(run, losses=(*LOSSES, 0.1))

    assert trained_epochs == []
    assert model.get_weights()[0].item() == average_at(BEST_EPOCH)
    assert (run / ReleaseFile.HISTORY).read_text() == history


def test_a_run_killed_before_its_first_backup_starts_from_scratch(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / ReleaseFile.HISTORY).write_text("epoch,loss,val_loss\n0,0.1,0.6\n")
    (run / BEST).write_bytes(b"half")

    assert resume(run, 4) == (0, 4)
    assert not (run / ReleaseFile.HISTORY).exists()


@pytest.mark.parametrize(("free", "fits"), [(SMALL_FILES_BYTES, False), (SMALL_FILES_BYTES + 1000, True)])
def test_a_run_ends_with_an_error_before_a_checkpoint_fills_the_disk(tmp_path, monkeypatch, free, fits):
    """A full disk would otherwise end the process: HDF5 crashes if it cannot complete a file."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    if fits:
        train(tmp_path / "run")
        return
    with pytest.raises(OSError, match="space") as caught:
        train(tmp_path / "run")
    assert caught.value.errno == errno.ENOSPC
    assert not (tmp_path / "run" / BEST).exists()


def test_the_disk_is_checked_before_any_weights_are_written(tmp_path):
    kinds = [type(callback) for callback in make_callbacks(tmp_path, ClassifierConfig(), 0, steps=1)]
    assert kinds.index(DiskSpace) < kinds.index(keras.callbacks.ModelCheckpoint)
