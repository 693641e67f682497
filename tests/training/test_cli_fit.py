"""`python -m training fit` and `lungs`: what stops a run before it begins or in the middle, and the lungs it takes."""

import errno
import os
import shutil

import pytest

import training.fitting.classifier
from model.inference.release_loader import load_release
from model.release_files import ReleaseFile
from tests.support.training import fit_arguments, main_with_tiny_networks, told
from training.cli import main


def test_a_missing_class_is_told_and_no_run_is_begun(own_set, tmp_path, capsys):
    shutil.rmtree(own_set / "train" / "PNEUMONIA")

    assert main(fit_arguments(own_set, tmp_path / "run")) == 1

    assert told(capsys) == (
        f"The folder {own_set / 'train' / 'PNEUMONIA'} is missing: every split needs the two classes NORMAL and "
        "PNEUMONIA."
    )
    assert not (tmp_path / "run").exists()


def test_a_picture_that_cannot_be_read_is_named(own_set, tmp_path, capsys):
    damaged = own_set / "train" / "NORMAL" / "IM-0003-0001.jpeg"
    damaged.write_bytes(damaged.read_bytes()[:200])

    assert main_with_tiny_networks(fit_arguments(own_set, tmp_path / "run")) == 1

    assert told(capsys) == (
        f"{damaged} cannot be read: This picture is damaged or incomplete, so it is not read. Complete DICOM, "
        "PNG and JPEG files are accepted. Please export or copy it again and choose the new file. Replace or remove "
        "the file."
    )


def test_a_set_too_small_to_cut_is_told(own_set, tmp_path, capsys):
    for number in (1, 2, 17, 21, 29):
        for path in (own_set / "train" / "PNEUMONIA").glob(f"person{number}_*"):
            path.unlink()

    assert main(fit_arguments(own_set, tmp_path / "run")) == 1

    assert told(capsys) == (
        "No PNEUMONIA picture is left for validation after 15% of the patients were set aside for validation: add "
        "pictures of more patients to train/."
    )


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (["--view", "heart"], "There is no view 'heart'. --view takes one of: whole, lung box, lungs alone."),
        (["--stride", "8"], "There is no output stride 8. --stride takes 16 or 32."),
        (["--margin", "2"], "--margin 2.0 cannot be used: it takes 0 to 1."),
        (["--crop", "1"], "--crop 1.0 cannot be used: it takes 0 to 0.9."),
        (["--frozen-blocks", "-1"], "--frozen-blocks -1 cannot be used: it takes 0 to 17."),
        (["--workers", "0"], "--workers 0 cannot be used: it takes 1 to 4096."),
        (["--frozen-blocks", "3"], "--frozen-blocks keeps what was pretrained; with --backbone none it must be 0."),
    ],
)
def test_settings_that_cannot_be_used_are_told_before_a_run_is_begun(tiny_set, tmp_path, capsys, settings, sentence):
    assert main_with_tiny_networks(fit_arguments(tiny_set, tmp_path / "run", *settings)) == 1

    assert told(capsys) == sentence
    assert not (tmp_path / "run").exists()


def test_a_lung_network_of_a_size_that_cannot_be_halved_often_enough_is_told(tiny_set, tmp_path, capsys):
    assert main(["lungs", "--data", str(tiny_set), "--masks", str(tmp_path), "--size", "100"]) == 1

    assert told(capsys) == "--size 100 cannot be used: it takes a multiple of 16."


def test_a_run_keeps_the_lung_network_that_it_began_with(tiny_run, tmp_path):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    began_with = (run / ReleaseFile.LUNGS).read_bytes()

    training.fitting.classifier.copy_lung_network("released", run)

    assert (run / ReleaseFile.LUNGS).read_bytes() == began_with != load_release().lungs.network


def test_a_folder_without_a_lung_network_is_told(tiny_set, tmp_path, capsys):
    assert main_with_tiny_networks(fit_arguments(tiny_set, tmp_path / "run", "--lungs", str(tmp_path))) == 1

    assert told(capsys) == (
        f"{tmp_path} holds no trained lung network (lungs.tflite). --lungs takes 'released', or the folder of a "
        "finished run of `python -m training lungs`."
    )


def test_without_a_lung_network_of_ones_own_that_of_the_release_is_taken(tmp_path):
    segmenter = training.fitting.classifier.copy_lung_network("released", tmp_path)

    assert segmenter.side == load_release().lungs.side
    assert (tmp_path / ReleaseFile.LUNGS).read_bytes() == load_release().lungs.network


def test_any_other_error_of_the_disk_is_not_taken_for_a_full_one(tiny_set, tmp_path, monkeypatch):
    def broken(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(training.fitting.classifier, "fit_classifier", broken)

    with pytest.raises(OSError, match="Input/output error"):
        main(fit_arguments(tiny_set, tmp_path))


def test_a_run_stopped_from_the_keyboard_says_how_it_goes_on(tiny_set, tmp_path, monkeypatch, capsys):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(training.fitting.classifier, "fit_classifier", stopped)

    assert main(fit_arguments(tiny_set, tmp_path)) == 1
    assert told(capsys) == "Stopped. The same command goes on where it was."


def test_a_run_folder_that_is_a_file_ends_in_a_sentence(capsys, tiny_set, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("not a folder")
    assert (
        main(["fit", "--data", str(tiny_set), "--run", str(taken), "--backbone", "none", "--frozen-blocks", "0"]) == 1
    )
    assert f"{taken} cannot be used (File exists). Name another folder" in capsys.readouterr().err
