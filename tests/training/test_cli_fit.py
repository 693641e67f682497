"""`python -m training fit-classifier` and `fit-lungs`: errors before and during a run, and the lung network."""

import errno
import os
import shutil

import pytest

import training.fitting.classifier
from dataset.adults import load_adult_index
from dataset.index import load_index
from dataset.split import split_for_training
from model.errors import DatasetError
from model.inference.release_loader import load_release
from model.release_files import ReleaseFile
from tests.support.console import path_unusable
from tests.support.training import error_message, fit_arguments, main_with_tiny_networks
from training.cli import main

pytestmark = pytest.mark.slow


def test_a_missing_class_gives_an_error_message_and_no_run_folder(own_set, tmp_path, capsys):
    shutil.rmtree(own_set / "train" / "PNEUMONIA")

    assert main(fit_arguments(own_set, tmp_path / "run")) == 1

    with pytest.raises(DatasetError) as raised:
        load_index(own_set)
    assert error_message(capsys) == str(raised.value)
    assert not (tmp_path / "run").exists()


def test_an_image_that_cannot_be_read_is_named(own_set, tmp_path, capsys):
    damaged = own_set / "train" / "NORMAL" / "IM-0003-0001.jpeg"
    damaged.write_bytes(damaged.read_bytes()[:200])

    assert main_with_tiny_networks(fit_arguments(own_set, tmp_path / "run")) == 1

    message = error_message(capsys)
    assert message.startswith(f"{damaged} cannot be read: ")
    assert message.endswith(" Replace or remove the file.")


def test_a_data_set_that_is_too_small_to_split_gives_an_error_message(own_set, tmp_path, capsys):
    for number in (1, 2, 17, 21, 29):
        for path in (own_set / "train" / "PNEUMONIA").glob(f"person{number}_*"):
            path.unlink()

    assert main(fit_arguments(own_set, tmp_path / "run")) == 1

    with pytest.raises(DatasetError) as raised:
        split_for_training(load_index(own_set))
    assert error_message(capsys) == str(raised.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["--region", "heart"], "--region must be one of 'whole', 'lung box', 'lungs alone', not 'heart'."),
        (["--intensity", "auto"], "--intensity must be one of 'unchanged', 'range', 'range and median', not 'auto'."),
        (["--sources", "adults"], "--sources must be one of 'children', 'children and adults', not 'adults'."),
        (["--children-share", "1"], "--children-share must be between 0.05 and 0.95, not 1.0."),
        (["--weight-average", "1"], "--weight-average must be between 0 and 0.9999, not 1.0."),
        (["--epoch-size", "0"], "--epoch-size must be between 1 and 1000000, not 0."),
        (["--map-weight", "-1"], "--map-weight must be between 0 and 100, not -1.0."),
        (
            ["--batch-size", "7"],
            "--batch-size must be an even number of at least 4, not 7: a batch has as many images with as without "
            "pneumonia, of each data set.",
        ),
        (["--margin", "2"], "--margin must be between 0 and 1, not 2.0."),
        (["--max-crop", "1"], "--max-crop must be between 0 and 0.9, not 1.0."),
        (["--workers", "0"], "--workers must be between 1 and 4096, not 0."),
    ],
)
def test_invalid_settings_give_an_error_message_and_no_run_folder(tiny_set, tmp_path, capsys, settings, message):
    assert main_with_tiny_networks(fit_arguments(tiny_set, tmp_path / "run", *settings)) == 1

    assert error_message(capsys) == message
    assert not (tmp_path / "run").exists()


def test_a_missing_adult_data_set_gives_an_error_message_and_no_run_folder(tiny_set, tmp_path, capsys):
    options = ["--sources", "children and adults", "--adult-data", str(tmp_path / "nowhere")]

    assert main(fit_arguments(tiny_set, tmp_path / "run", *options)) == 1

    with pytest.raises(DatasetError) as raised:
        load_adult_index(tmp_path / "nowhere")
    assert error_message(capsys) == str(raised.value)
    assert not (tmp_path / "run").exists()


def test_a_lung_network_size_that_is_not_a_multiple_of_16_gives_an_error_message(tiny_set, tmp_path, capsys):
    assert main(["fit-lungs", "--data", str(tiny_set), "--masks", str(tmp_path), "--input-size", "100"]) == 1

    assert error_message(capsys) == "--input-size must be a multiple of 16, not 100."


def test_a_run_keeps_the_lung_network_that_it_started_with(tiny_run, tmp_path):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    original = (run / ReleaseFile.LUNGS).read_bytes()

    training.fitting.classifier.copy_lung_network("released", run)

    assert (run / ReleaseFile.LUNGS).read_bytes() == original != load_release().lungs.network


def test_a_folder_without_a_lung_network_gives_an_error_message(tiny_set, tmp_path, capsys):
    assert main_with_tiny_networks(fit_arguments(tiny_set, tmp_path / "run", "--lung-network", str(tmp_path))) == 1

    assert error_message(capsys) == (
        f"{tmp_path} contains no trained lung network (lungs.tflite is missing). --lung-network takes 'released' or "
        "the folder of a finished run of `python -m training fit-lungs`."
    )


def test_the_default_lung_network_is_that_of_the_release(tmp_path):
    segmenter = training.fitting.classifier.copy_lung_network("released", tmp_path)

    assert segmenter.side == load_release().lungs.side
    assert (tmp_path / ReleaseFile.LUNGS).read_bytes() == load_release().lungs.network


def test_other_disk_errors_are_not_reported_as_a_full_disk(tiny_set, tmp_path, monkeypatch):
    def raise_io_error(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(training.fitting.classifier, "fit_classifier", raise_io_error)

    with pytest.raises(OSError, match="Input/output error"):
        main(fit_arguments(tiny_set, tmp_path))


def test_a_run_stopped_from_the_keyboard_says_how_to_resume_it(tiny_set, tmp_path, monkeypatch, capsys):
    def raise_interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(training.fitting.classifier, "fit_classifier", raise_interrupt)

    assert main(fit_arguments(tiny_set, tmp_path)) == 1
    assert error_message(capsys) == "Stopped. Run the same command again to resume."


def test_a_run_folder_that_is_a_file_gives_an_error_message(capsys, tiny_set, tmp_path):
    file = tmp_path / "file"
    file.write_text("not a folder")

    assert main(fit_arguments(tiny_set, file)) == 1

    assert error_message(capsys) == path_unusable(file, errno.EEXIST)
