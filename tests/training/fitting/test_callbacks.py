"""A run that is killed anywhere goes on as if it had not been: scripted losses, and every write killed in turn."""

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import keras
import numpy as np
import pytest

from model.release_files import ReleaseFile
from training.config import ClassifierConfig
from training.fitting.callbacks import BACKUP, BEST, CALLBACK_STATE, SeededDropout, make_callbacks, resume

LOSSES = (0.6, 0.4, 0.5, 0.7)  # the second epoch is the best; with a patience of two the run stops after the fourth
BEST_EPOCH = 1


class Killed(BaseException):
    """The process ends here."""


def weight_of(epoch: int) -> float:
    return epoch + 1.0


def new_model() -> keras.Model:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")])
    model.compile(keras.optimizers.AdamW(), "mse")
    return model


def train(run: Path, losses: Sequence[float] = LOSSES, patience: int = 2) -> tuple[keras.Model, list[int]]:
    """What `training.fitting.classifier.fit_classifier` and Keras do, without the pictures: the model at the end, and the epochs it went through.

    An epoch sets the one weight to a value that tells the epoch, and the optimizer's step likewise.
    """
    run.mkdir(exist_ok=True)
    model = new_model()
    first, end = resume(run, len(losses))
    callbacks = make_callbacks(run, ClassifierConfig(epochs=len(losses), patience=patience), first, steps=1)
    everyone = keras.callbacks.CallbackList(callbacks, model=model, epochs=len(losses), steps=1, verbose=0)
    passed = []
    try:
        everyone.on_train_begin()
        if first:
            assert model.get_weights()[0].item() == weight_of(first - 1)
            assert model.optimizer.iterations.numpy() == first
        else:
            model.optimizer.build(model.trainable_variables)  # as the first step does
        for epoch in range(first, end):
            everyone.on_epoch_begin(epoch)
            model.set_weights([np.array([[weight_of(epoch)]])])
            model.optimizer.iterations.assign(epoch + 1)
            everyone.on_epoch_end(epoch, {"loss": 0.1, "val_loss": losses[epoch]})
            passed.append(epoch)
            if model.stop_training:
                break
        everyone.on_train_end()
    finally:
        for callback in callbacks:
            if isinstance(callback, keras.callbacks.CSVLogger) and callback.csv_file:
                callback.csv_file.close()  # as the end of the process does
    return model, passed


def best_weight(run: Path) -> float:
    model = new_model()
    model.optimizer.build(model.trainable_variables)  # the file holds its state too
    model.load_weights(run / BEST)
    return model.get_weights()[0].item()


def memory(run: Path) -> dict:
    return json.loads((run / BACKUP / CALLBACK_STATE).read_text())


def half_remove(path: Path, **_) -> None:
    for inside in sorted(path.glob("*"))[::2]:
        inside.unlink()


def half_copy(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes()[: source.stat().st_size // 2])


def half_write(path: Path, text: str) -> None:
    path.write_bytes(text.encode()[: len(text) // 2])


def half_save(_model: keras.Model, filepath: str, **_) -> None:
    Path(filepath).write_bytes(b"\x89HDF, cut off")


def no_rename(_path: Path, _target: Path) -> None:
    """A rename is whole or not at all."""


HALVES = {
    (shutil, "rmtree"): half_remove,
    (shutil, "copy2"): half_copy,
    (Path, "rename"): no_rename,
    (Path, "write_text"): half_write,
    (keras.Model, "save_weights"): half_save,
}


@contextlib.contextmanager
def killed_at(number: int) -> Iterator[list[str]]:
    """The process dies in the disk operation of that number, half done; yields the operations until then."""
    done: list[str] = []

    def watched(whole: Callable, half: Callable) -> Callable:
        def operation(*arguments, **named):
            done.append(f"{whole.__name__} {arguments}")
            if len(done) == number + 1:
                half(*arguments, **named)
                raise Killed
            return whole(*arguments, **named)

        return operation

    with pytest.MonkeyPatch.context() as patch:
        for (owner, name), half in HALVES.items():
            patch.setattr(owner, name, watched(getattr(owner, name), half))
        yield done


def count_operations(run: Path) -> int:
    with killed_at(-1) as operations:
        train(run)
    return len(operations)


def test_an_uninterrupted_run_keeps_the_best_epoch_and_stops_when_patience_ends(tmp_path):
    model, passed = train(tmp_path / "run", losses=(*LOSSES, 0.1))

    assert passed == [0, 1, 2, 3]
    assert model.get_weights()[0].item() == best_weight(tmp_path / "run") == weight_of(BEST_EPOCH)
    assert memory(tmp_path / "run") == {"best": 0.4, "wait": 2, "best_epoch": 1, "stopped": True}


def test_a_kill_in_any_write_and_one_more_while_resuming_change_nothing_in_how_the_run_ends(tmp_path):
    operations = count_operations(tmp_path / "whole")
    history = (tmp_path / "whole" / ReleaseFile.HISTORY).read_text()
    assert operations > 30

    for number in range(operations):
        run = tmp_path / f"killed_{number}"
        with killed_at(number) as done, pytest.raises(Killed):
            train(run)
        with killed_at(0), contextlib.suppress(Killed):  # the first thing that a resumed run does on disk
            train(run)

        model, _ = train(run)

        told = f"killed in: {done[-1]}"
        assert (run / ReleaseFile.HISTORY).read_text() == history, told
        assert best_weight(run) == model.get_weights()[0].item() == weight_of(BEST_EPOCH), told
        assert memory(run) == memory(tmp_path / "whole"), told


def test_a_resumed_run_does_not_overwrite_a_better_best_file_and_its_patience_counts_on(tmp_path):
    """Keras's own callbacks would start at nothing: a worse epoch would be saved as best, and patience begin anew."""
    run = tmp_path / "run"
    train(run, losses=LOSSES[:3])
    assert memory(run) == {"best": 0.4, "wait": 1, "best_epoch": 1, "stopped": False}

    model, passed = train(run, losses=(*LOSSES, 0.1))

    assert passed == [3]
    assert model.get_weights()[0].item() == best_weight(run) == weight_of(BEST_EPOCH)
    assert memory(run)["stopped"]


def test_a_resumed_run_still_takes_a_better_epoch(tmp_path):
    run = tmp_path / "run"
    train(run, losses=LOSSES[:3])

    model, _ = train(run, losses=(*LOSSES[:3], 0.3))

    assert model.get_weights()[0].item() == best_weight(run) == weight_of(3)


def test_a_backup_left_between_its_renames_is_used(tmp_path):
    run = tmp_path / "run"
    train(run, losses=LOSSES[:2])
    (run / BACKUP).rename(run / f"{BACKUP}.old")

    _, passed = train(run, losses=LOSSES[:3])

    assert passed == [2]


def test_a_run_that_was_stopped_early_trains_no_more(tmp_path):
    run = tmp_path / "run"
    train(run, losses=(*LOSSES, 0.1))
    history = (run / ReleaseFile.HISTORY).read_text()

    model, passed = train(run, losses=(*LOSSES, 0.1))

    assert passed == []
    assert model.get_weights()[0].item() == weight_of(BEST_EPOCH)
    assert (run / ReleaseFile.HISTORY).read_text() == history


def test_a_run_killed_before_its_first_backup_starts_anew(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / ReleaseFile.HISTORY).write_text("epoch,loss,val_loss\n0,0.1,0.6\n")
    (run / BEST).write_bytes(b"half")

    assert resume(run, 4) == (0, 4)
    assert not (run / ReleaseFile.HISTORY).exists()


def test_every_epoch_starts_dropout_from_seed_and_epoch():
    model = keras.Sequential([keras.Input((50,)), keras.layers.Dropout(0.5, seed=1)])
    callback = SeededDropout(seed=9)
    callback.set_model(model)

    def dropped(epoch: int, steps_before: int) -> np.ndarray:
        for _ in range(steps_before):
            model(np.ones((1, 50)), training=True)
        callback.on_epoch_begin(epoch)
        return np.asarray(model(np.ones((1, 50)), training=True))

    assert np.array_equal(dropped(3, steps_before=0), dropped(3, steps_before=5))
    assert not np.array_equal(dropped(3, steps_before=0), dropped(4, steps_before=0))
