"""`python -m training fit-classifier` and `fit-lungs`: errors before and during a run, and the lung network in use."""

import errno
import os
import shutil

import pytest

import training.fitting.classifier
from model.inference.release_loader import load_release
from model.release_files import ReleaseFile
from tests.support.training import error_message, fit_arguments, main_with_tiny_networks
from training.cli import main


def test_a_missing_class_gives_an_error_message_and_no_run_folder(own_set, tmp_path, capsys):
    shutil.rmtree(own_set / "train" / "PNEUMONIA")

    assert main(fit_arguments(own_set, tmp_path / "run")) == 1

    assert error_message(capsys) == (
        f"The folder {own_set / 'train' / 'PNEUMONIA'} is missing: every split needs the two classes NORMAL and "
        "PNEUMONIA."
    )
    assert not (tmp_path / "run").exists()


def test_an_image_that_cannot_be_read_is_named(own_set, tmp_path, capsys):
    damaged = own_set / "train" / "NORMAL" / "IM-0003-0001.jpeg"
    damaged.write_bytes(damaged.read_bytes()[:200])

    assert main_with_tiny_networks(fit_arguments(own_set, tmp_path / "run")) == 1

    assert error_message(capsys) == (
        f"{damaged} cannot be read: This picture is damaged or incomplete, so it is not read. Complete DICOM, "
        "PNG and JPEG files are accepted. Please export or copy it again and choose the new file. Replace or remove "
        "the file."
    )


def test_a_data_set_that_is_too_small_to_split_gives_an_error_message(own_set, tmp_path, capsys):
    for number in (1, 2, 17, 21, 29):
        for path in (own_set / "train" / "PNEUMONIA").glob(f"person{number}_*"):
            path.unlink()

    assert main(fit_arguments(own_set, tmp_path / "run")) == 1

    assert error_message(capsys) == (
        "No PNEUMONIA picture is left for validation after 15% of the patients were set aside for validation: add "
        "pictures of more patients to train/."
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["--region", "heart"], "There is no region 'heart'. --region takes one of: whole, lung box, lungs alone."),
        (["--output-stride", "8"], "There is no output stride 8. --output-stride takes 16 or 32."),
        (["--margin", "2"], "--margin 2.0 cannot be used: it takes 0 to 1."),
        (["--max-crop", "1"], "--max-crop 1.0 cannot be used: it takes 0 to 0.9."),
        (["--frozen-blocks", "-1"], "--frozen-blocks -1 cannot be used: it takes 0 to 17."),
        (["--workers", "0"], "--workers 0 cannot be used: it takes 1 to 4096."),
        (["--frozen-blocks", "3"], "--frozen-blocks keeps what was pretrained; with --backbone none it must be 0."),
    ],
)
def test_invalid_settings_give_an_error_message_and_no_run_folder(tiny_set, tmp_path, capsys, settings, message):
    assert main_with_tiny_networks(fit_arguments(tiny_set, tmp_path / "run", *settings)) == 1

    assert error_message(capsys) == message
    assert not (tmp_path / "run").exists()


def test_a_lung_network_whose_size_is_no_multiple_of_16_gives_an_error_message(tiny_set, tmp_path, capsys):
    assert main(["fit-lungs", "--data", str(tiny_set), "--masks", str(tmp_path), "--input-size", "100"]) == 1

    assert error_message(capsys) == "--input-size 100 cannot be used: it takes a multiple of 16."


def test_a_run_keeps_the_lung_network_that_it_started_with(tiny_run, tmp_path):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    original = (run / ReleaseFile.LUNGS).read_bytes()

    training.fitting.classifier.copy_lung_network("released", run)

    assert (run / ReleaseFile.LUNGS).read_bytes() == original != load_release().lungs.network


def test_a_folder_without_a_lung_network_gives_an_error_message(tiny_set, tmp_path, capsys):
    assert main_with_tiny_networks(fit_arguments(tiny_set, tmp_path / "run", "--lung-network", str(tmp_path))) == 1

    assert error_message(capsys) == (
        f"{tmp_path} holds no trained lung network (lungs.tflite). --lung-network takes 'released', or the folder of a "
        "finished run of `python -m training fit-lungs`."
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
    assert error_message(capsys) == "Stopped. The same command goes on where it was."


def test_a_run_folder_that_is_a_file_gives_an_error_message(capsys, tiny_set, tmp_path):
    file = tmp_path / "file"
    file.write_text("not a folder")
    assert (
        main(
            [
                "fit-classifier",
                "--data",
                str(tiny_set),
                "--run",
                str(file),
                "--backbone",
                "none",
                "--frozen-blocks",
                "0",
            ]
        )
        == 1
    )
    assert f"{file} cannot be used (File exists). Name another folder" in capsys.readouterr().err
