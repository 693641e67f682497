"""Runs on the tiny data set that are killed or stopped end like an uninterrupted one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import training.fitting.classifier
from model.release_files import ReleaseFile
from tests.support.console import DISK_FULL
from tests.support.runs import assert_same_weights, best_weights, callback_state, final_weights, history
from tests.support.training import EPOCHS, PROJECT, STUCK_AT, STUCK_FILE, fit_arguments, main_with_tiny_networks
from tests.support.waiting import wait_until
from training.fitting.callbacks import AVERAGE, BACKUP

pytestmark = pytest.mark.slow


def assert_same_end(run: Path, uninterrupted: Path) -> None:
    assert [row["epoch"] for row in history(run)] == list(range(EPOCHS))
    for row, expected in zip(history(run), history(uninterrupted), strict=True):
        assert row == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert callback_state(run)["best_epoch"] == callback_state(uninterrupted)["best_epoch"]
    assert_same_weights(best_weights(run), best_weights(uninterrupted))
    assert_same_weights(final_weights(run), final_weights(uninterrupted))
    assert_same_weights(averaged_weights(run), averaged_weights(uninterrupted))


def averaged_weights(run: Path) -> list[np.ndarray]:
    with np.load(run / BACKUP / AVERAGE) as arrays:
        return [arrays[name] for name in arrays.files]


@pytest.mark.full  # in make test, test_backups.py kills runs without images
def test_a_run_killed_in_the_middle_of_an_epoch_ends_like_an_uninterrupted_one(tiny_set, tiny_run, tmp_path):
    run = tmp_path / "run"
    arguments = fit_arguments(tiny_set, run)
    stuck = tmp_path / "stuck"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.training", *arguments],
        cwd=PROJECT,
        env=os.environ | {STUCK_FILE: str(stuck)},
        stderr=subprocess.DEVNULL,
    )
    try:
        backup = run / BACKUP / "training_metadata.json"

        def is_stuck() -> bool:
            assert process.poll() is None, "the training process ended by itself"
            return stuck.exists() and backup.exists() and f'"epoch": {STUCK_AT[0]},' in backup.read_text()

        wait_until(is_stuck, "the training process is stuck in its third epoch", seconds=400)
    finally:
        process.kill()
    assert process.wait() == -signal.SIGKILL
    assert len(history(run)) == STUCK_AT[0]
    assert not (run / ReleaseFile.CLASSIFIER_KERAS).exists()

    assert main_with_tiny_networks(arguments) == 0

    assert_same_end(run, tiny_run)


def test_a_run_stopped_by_a_full_disk_resumes_when_there_is_space(tiny_set, tiny_run, tmp_path, monkeypatch, capsys):
    original, saved = keras.Model.save_weights, []

    def raise_disk_full_after_two_epochs(model, filepath, **keywords):
        saved.append(filepath)
        if Path(filepath).match("backup.new/*") and len(saved) > 4:
            Path(filepath).write_bytes(b"half")
            raise OSError(28, "Can't synchronously write data (file write failed: errno = 28)")  # as h5py reports it
        original(model, filepath, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(keras.Model, "save_weights", raise_disk_full_after_two_epochs)
        # CSVLogger leaves its file open until the end of the process
        patch.setattr(keras.callbacks.CSVLogger, "__del__", lambda log: log.csv_file.close(), raising=False)
        assert main_with_tiny_networks(fit_arguments(tiny_set, tmp_path / "run")) == 1
    assert f"{DISK_FULL}\n" in capsys.readouterr().err
    assert len(history(tmp_path / "run" / BACKUP)) < EPOCHS

    assert main_with_tiny_networks(fit_arguments(tiny_set, tmp_path / "run")) == 0

    assert_same_end(tmp_path / "run", tiny_run)


def test_a_run_killed_after_its_last_epoch_saves_its_network_without_training(tiny_set, tiny_run, own_run):
    (own_run / ReleaseFile.CLASSIFIER_KERAS).unlink()
    (own_run / BACKUP).rename(own_run / f"{BACKUP}.old")  # as if also killed in the middle of a swap

    assert main_with_tiny_networks(fit_arguments(tiny_set, own_run)) == 0

    assert (own_run / ReleaseFile.HISTORY).read_text() == (tiny_run / ReleaseFile.HISTORY).read_text()
    assert_same_weights(final_weights(own_run), final_weights(tiny_run))


@pytest.mark.full  # in make test, test_backups.py stops runs without images
def test_a_run_that_stopped_early_does_not_train_again_and_keeps_its_network(tiny_set, tmp_path, monkeypatch):
    losses = (0.4, 0.5, 0.6, 0.1)  # the last would be best, but with a patience of two the run ends before it
    original = training.fitting.classifier.make_callbacks

    class ScriptedLoss(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            logs["val_loss"] = losses[epoch]

    monkeypatch.setattr(
        training.fitting.classifier, "make_callbacks", lambda *arguments: [ScriptedLoss(), *original(*arguments)]
    )
    arguments = fit_arguments(tiny_set, tmp_path, "--patience", "2")
    assert main_with_tiny_networks(arguments) == 0
    rows, weights = (tmp_path / ReleaseFile.HISTORY).read_text(), final_weights(tmp_path)
    assert [row["val_loss"] for row in history(tmp_path)] == [0.4, 0.5, 0.6]

    assert main_with_tiny_networks(arguments) == 0

    assert (tmp_path / ReleaseFile.HISTORY).read_text() == rows
    assert callback_state(tmp_path)["best_epoch"] == 0
    assert_same_weights(final_weights(tmp_path), weights)
    assert_same_weights(best_weights(tmp_path), weights)
