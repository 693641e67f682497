"""Runs on the tiny data set: their files, and equal results of killed, stopped and uninterrupted runs."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import training.fitting.classifier
from dataset.index import load_index
from dataset.split import split_for_training
from model.codes import SplitName
from model.errors import TrainingError
from model.release_files import ReleaseFile
from tests.support.console import DISK_FULL
from tests.support.training import (
    EPOCHS,
    LUNGS,
    PROJECT,
    SIZE,
    STUCK_AT,
    STUCK_FILE,
    fit_arguments,
    main_with_tiny_networks,
    tiny_network,
)
from tests.support.waiting import wait_until
from training.config import ClassifierConfig
from training.fitting.callbacks import AVERAGE, BACKUP, BEST, CALLBACK_STATE
from training.fitting.classifier import (
    CONFIG_FILE,
    SPLIT_FILE,
    compile_classifier,
    fit_classifier,
    learning_rate,
)

pytestmark = pytest.mark.slow


def history(run: Path) -> list[dict[str, float]]:
    with (run / ReleaseFile.HISTORY).open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def callback_state(run: Path) -> dict:
    return json.loads((run / BACKUP / CALLBACK_STATE).read_text())


def final_weights(run: Path) -> list[np.ndarray]:
    return keras.models.load_model(run / ReleaseFile.CLASSIFIER_KERAS).get_weights()


def best_weights(run: Path) -> list[np.ndarray]:
    config = ClassifierConfig.load(run / CONFIG_FILE)
    network = tiny_network(config)
    compile_classifier(network, config, steps_per_epoch=1)  # the file also holds the state of the optimizer
    network.optimizer.build(network.trainable_variables)
    network.load_weights(run / BEST)
    return network.get_weights()


def assert_same_weights(first: list[np.ndarray], second: list[np.ndarray]) -> None:
    for array, other_array in zip(first, second, strict=True):
        np.testing.assert_allclose(array, other_array, rtol=1e-4, atol=1e-5)


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


def test_a_run_has_settings_split_history_best_weights_and_network(tiny_run):
    assert {path.name for path in tiny_run.iterdir()} == {
        CONFIG_FILE,
        SPLIT_FILE,
        ReleaseFile.HISTORY,
        BEST,
        BACKUP,
        ReleaseFile.CLASSIFIER_KERAS,
        ReleaseFile.LUNGS_KERAS,
        ReleaseFile.LUNGS,
    }
    assert ClassifierConfig.load(tiny_run / CONFIG_FILE).input_size == SIZE
    assert [row["epoch"] for row in history(tiny_run)] == list(range(EPOCHS))


def test_the_run_records_the_split_of_each_image(tiny_run, tiny_set):
    split = split_for_training(load_index(tiny_set))
    with (tiny_run / SPLIT_FILE).open(newline="") as file:
        header, *rows = csv.reader(file)

    assert header == ["file", "part", "patient", "label", "cause"]
    assert rows == [
        [r.relative_path, name, r.patient, r.label, r.cause]
        for name in (SplitName.TRAINING, SplitName.VALIDATION)
        for r in split.part(name)
    ]


def test_training_learns_the_bright_square(tiny_run):
    assert max(row["val_auc"] for row in history(tiny_run)) > 0.75


def test_the_network_is_that_of_the_epoch_with_the_lowest_validation_loss(tiny_run):
    losses = [row["val_loss"] for row in history(tiny_run)]

    assert callback_state(tiny_run)["best_epoch"] == int(np.argmin(losses))
    assert_same_weights(final_weights(tiny_run), best_weights(tiny_run))


def test_the_network_is_saved_without_optimizer_state(tiny_run):
    assert getattr(keras.models.load_model(tiny_run / ReleaseFile.CLASSIFIER_KERAS), "optimizer", None) is None


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


def test_a_folder_with_a_run_with_different_settings_is_refused_with_their_names(tiny_set, own_run, capsys):
    before = (own_run / CONFIG_FILE).read_text()
    message = (
        f"{own_run} contains a run with different settings (seed, dropout). Choose another folder with --run, or "
        "delete this one."
    )
    config = ClassifierConfig.load(own_run / CONFIG_FILE)
    with pytest.raises(TrainingError, match=f"^{re.escape(message)}$"):
        fit_classifier(tiny_set, tiny_set, own_run, ClassifierConfig(**{**vars(config), "seed": 2, "dropout": 0.5}))

    assert main_with_tiny_networks(fit_arguments(tiny_set, own_run, "--seed", "2", "--dropout", "0.5")) == 1

    assert capsys.readouterr().err == f"{message}\n"
    assert (own_run / CONFIG_FILE).read_text() == before


@pytest.mark.full  # takes minutes to trace the network; tests/training/networks checks its parts
def test_the_command_trains_the_real_network(tiny_set, tmp_path):
    run = tmp_path / "run"
    options = {"backbone": "none", "input-size": SIZE, "batch-size": 16, "epoch-size": 16, "epochs": 1}
    command = [sys.executable, "-m", "training", "fit-classifier", "--data", tiny_set, "--run", run]
    command += ["--sources", "children", "--lung-network", tiny_set / LUNGS]
    command += [part for name, value in options.items() for part in (f"--{name}", str(value))]

    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stderr
    assert [row["epoch"] for row in history(run)] == [0]
    assert len(keras.models.load_model(run / ReleaseFile.CLASSIFIER_KERAS).layers) > 150


@pytest.mark.parametrize("steps", [1, 7, 20])
def test_the_learning_rate_rises_to_its_peak_and_falls_to_zero(steps):
    config = ClassifierConfig(epochs=4, warmup_epochs=0.5, learning_rate=1e-3)
    warmup, total = round(0.5 * steps), 4 * steps

    rates = np.array([float(learning_rate(config, steps)(step)) for step in range(total + 1)])

    assert np.all(np.diff(rates[: warmup + 1]) > 0)
    assert np.all(np.diff(rates[warmup:]) < 0)
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    if warmup:
        assert rates[0] == pytest.approx(1e-5)
        assert rates.max() == rates[warmup] == pytest.approx(1e-3)


def test_the_learning_rate_depends_only_on_the_step():
    config = ClassifierConfig(epochs=4)
    first, second = learning_rate(config, 10), learning_rate(config, 10)
    for step in (3, 1, 30):
        first(step)

    assert float(first(17)) == float(second(17))
