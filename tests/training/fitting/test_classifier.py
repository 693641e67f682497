"""Runs on the tiny data set: their settings, their files, the learning rate, and the real network."""

import csv
import re
import subprocess
import sys

import keras
import numpy as np
import pytest

from dataset.index import load_index
from dataset.split import split_for_training
from model.codes import SplitName
from model.errors import TrainingError
from model.release_files import ReleaseFile
from tests.support.runs import assert_same_weights, best_weights, callback_state, final_weights, history
from tests.support.training import EPOCHS, LUNGS, PROJECT, SIZE, fit_arguments, main_with_tiny_networks
from training.config import ClassifierConfig
from training.fitting.callbacks import BACKUP, BEST
from training.fitting.classifier import CONFIG_FILE, SPLIT_FILE, fit_classifier, learning_rate

pytestmark = pytest.mark.slow


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
