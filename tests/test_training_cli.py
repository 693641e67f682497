"""`python -m training`: exit status, sentences without tracebacks, and what each command prints and leaves."""

import errno
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import training.cli
import training.fit
import training.release
import training.throughput
from dataset.index import load_index
from model.release import LUNG_NETWORK, load_release
from tests.training_fixtures import PROJECT, fit_arguments, main_with_tiny_networks, tiny_network
from training.card import END_OF_FIGURES, FIGURES
from training.cli import main

COMMANDS = ("fit", "lungs", "evaluate", "release", "throughput", "download")


@pytest.fixture
def releasing(published, tmp_path, monkeypatch) -> Path:
    """The place of releases, of the README and of the test log is this one; the checkout counts as clean."""
    target = shutil.copytree(published, tmp_path / "release")
    readme = tmp_path / "README.md"
    readme.write_text(f"# Title\n\n{FIGURES}\nfigures of before\n{END_OF_FIGURES}\n\nMore.\n")
    monkeypatch.setattr(training.cli, "RELEASE_DIR", target)
    monkeypatch.setattr(training.cli, "README", readme)
    monkeypatch.setattr(training.cli, "TEST_LOG", tmp_path / "TEST_LOG.csv")
    monkeypatch.setattr(training.release, "clean_commit", lambda _folder: "2" * 40)
    return target


def release_arguments(data: Path, run: Path) -> list[str]:
    return ["release", "--data", str(data), "--run", str(run), "--version", "2.0.0", "--change", "Reads better."]


def told(capsys) -> str:
    """The last line on standard error, above which progress bars may stand; no traceback among them."""
    error = capsys.readouterr().err
    assert "Traceback" not in error
    return re.split(r"[\r\n]+", error.strip())[-1].strip()


def test_help_of_every_command_answers_without_importing_tensorflow():
    program = f"""
import contextlib, io, sys
from training.cli import main
for arguments in ([], {", ".join(f"['{command}']" for command in COMMANDS)}):
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.suppress(SystemExit):
        main([*arguments, "--help"])
    assert out.getvalue().startswith("usage: python -m training"), arguments
print(sorted({{"tensorflow", "keras", "sklearn", "pandas"}} & sys.modules.keys()))
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False)

    assert (ended.stdout, ended.stderr) == ("[]\n", "")


def test_the_module_runs_as_a_program_and_names_its_commands():
    command = [sys.executable, "-m", "training", "--help"]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert ended.returncode == 0
    assert all(re.search(rf"^    {name}\s", ended.stdout, re.MULTILINE) for name in COMMANDS)


@pytest.mark.parametrize("arguments", [[], ["retrain"], ["fit", "--epochs", "many"], ["release"]])
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: python -m training")


@pytest.mark.parametrize("command", ["fit", "evaluate", "throughput"])
def test_a_missing_data_folder_is_told(command, tmp_path, capsys):
    assert main([command, "--data", str(tmp_path / "nowhere")]) == 1

    assert told(capsys) == (
        f"There is no folder {tmp_path / 'nowhere'}. Set CHEST_XRAY_DIR to the folder that holds train/, val/ and "
        "test/, or fetch the set with `python -m training download`."
    )


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
        f"{damaged} cannot be read: This picture is damaged or incomplete, so it is not read. Complete PNG and JPEG "
        "pictures are accepted. Please export or copy it again and choose the new file. Replace or remove the file."
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
    began_with = (run / LUNG_NETWORK).read_bytes()

    training.fit.take_lungs("released", run)

    assert (run / LUNG_NETWORK).read_bytes() == began_with != load_release().lungs.network


def test_a_folder_without_a_lung_network_is_told(tiny_set, tmp_path, capsys):
    assert main_with_tiny_networks(fit_arguments(tiny_set, tmp_path / "run", "--lungs", str(tmp_path))) == 1

    assert told(capsys) == (
        f"{tmp_path} holds no trained lung network (lungs.tflite). --lungs takes 'released', or the folder of a "
        "finished run of `python -m training lungs`."
    )


def test_without_a_lung_network_of_ones_own_that_of_the_release_is_taken(tmp_path):
    finder = training.fit.take_lungs("released", tmp_path)

    assert finder.side == load_release().lungs.side
    assert (tmp_path / LUNG_NETWORK).read_bytes() == load_release().lungs.network


def test_evaluating_prints_the_figures_and_where_they_were_written(tiny_set, own_run, tmp_path, capsys):
    arguments = ["evaluate", "--data", str(tiny_set), "--run", str(own_run), "--split", "validation"]
    assert main([*arguments, "--out", str(tmp_path / "out"), "--test-log", str(tmp_path / "TEST_LOG.csv")]) == 0

    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "Operating point balanced; 95 % intervals by patient"
    assert printed[1].startswith("validation: n = 20, 10 patients, {'tp': ")
    auc = metrics["splits"]["validation"]["auc"]
    assert f"  auc          {auc['value']:.4f} ({auc['low']:.4f} to {auc['high']:.4f})" in printed
    assert printed[-1] == f"Written to {tmp_path / 'out'}."
    assert not (tmp_path / "TEST_LOG.csv").exists()


def test_evaluating_with_masks_full_size_films_and_sizes_measures_lungs_and_the_whole_audit(
    tiny_set, own_run, tmp_path
):
    records = load_index(tiny_set)
    for record in records:
        picture = Image.open(record.path)
        for folder, film in (("masks", Image.new("1", (40, 40), 1)), ("full", picture.resize((400, 400)))):
            (tmp_path / folder).mkdir(exist_ok=True)
            film.save(tmp_path / folder / (f"{record.path.stem}.png" if folder == "masks" else record.path.name))
    rows = [f"{record.path.name},{1000 + number},900" for number, record in enumerate(records)]
    (tmp_path / "sizes.csv").write_text("\n".join(["file,width,height", *rows]))
    arguments = ["evaluate", "--data", str(tiny_set), "--run", str(own_run), "--split", "validation"]
    extras = ["--masks", "masks", "--full-size", "full", "--sizes", "sizes.csv"]
    places = [part if part.startswith("--") else str(tmp_path / part) for part in extras]

    assert main([*arguments, *places, "--out", str(tmp_path / "out")]) == 0

    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["lungs"]["n"] == 20
    assert metrics["lungs"]["dice"]["mean"] > 0.8  # the tiny network finds most of what is dark, and all of it is drawn
    assert all(metrics["shortcut_audit"].values())
    assert metrics["shortcut_audit"]["scaled_copies"]["n"] == 20


def test_evaluating_a_split_that_the_set_lacks_is_told(own_set, own_run, tmp_path, capsys):
    shutil.rmtree(own_set / "test")
    log = tmp_path / "TEST_LOG.csv"

    assert main(["evaluate", "--data", str(own_set), "--run", str(own_run), "--test-log", str(log)]) == 1

    assert told(capsys) == "The data set holds no test pictures. Name other parts with --split."
    assert not log.exists()


def test_evaluating_a_run_that_has_not_ended_is_told(tiny_set, tmp_path, capsys):
    assert main(["evaluate", "--data", str(tiny_set), "--run", str(tmp_path)]) == 1

    assert told(capsys) == (
        f"{tmp_path} holds no finished training run. Finish it with `python -m training fit --run {tmp_path}`."
    )


def test_releasing_publishes_the_run_and_writes_its_figures_into_the_readme(tiny_set, measured_run, releasing, capsys):
    assert main(release_arguments(tiny_set, measured_run)) == 0

    release = load_release(releasing)
    assert (release.version, release.description["git_commit"]) == ("2.0.0", "2" * 40)
    readme = training.cli.README.read_text()
    assert readme.startswith(f"# Title\n\n{FIGURES}\n| ")
    assert readme.endswith(f"{END_OF_FIGURES}\n\nMore.\n")
    assert "figures of before" not in readme
    assert capsys.readouterr().out == f"Released 2.0.0 in {releasing}; its figures stand in {training.cli.README}.\n"


def test_releasing_a_run_that_was_never_measured_is_told(tiny_set, tiny_run, releasing, capsys):
    assert main(release_arguments(tiny_set, tiny_run)) == 1

    assert told(capsys) == (
        f"{tiny_run} has not been measured. Run `python -m training evaluate --run {tiny_run}` first."
    )
    assert load_release(releasing).version == "1.0.0"


def test_releasing_onto_a_full_disk_is_told_and_leaves_the_old_release(
    tiny_set, measured_run, releasing, monkeypatch, capsys
):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copy2", full)
        assert main(release_arguments(tiny_set, measured_run)) == 1

    assert told(capsys) == "The disk is full. Free some space and start the same command again."
    assert load_release(releasing).version == "1.0.0"
    assert not list(releasing.parent.glob("release.*"))
    assert "figures of before" in training.cli.README.read_text()


def test_any_other_error_of_the_disk_is_not_taken_for_a_full_one(tiny_set, tmp_path, monkeypatch):
    def broken(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(training.fit, "fit", broken)

    with pytest.raises(OSError, match="Input/output error"):
        main(fit_arguments(tiny_set, tmp_path))


def test_a_run_stopped_from_the_keyboard_says_how_it_goes_on(tiny_set, tmp_path, monkeypatch, capsys):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(training.fit, "fit", stopped)

    assert main(fit_arguments(tiny_set, tmp_path)) == 1
    assert told(capsys) == "Stopped. The same command goes on where it was."


def test_throughput_prints_the_rate_of_pipeline_step_and_training(tiny_set, monkeypatch, capsys):
    monkeypatch.setattr(training.throughput, "STEPS", 2)
    monkeypatch.setattr(training.throughput, "ROUNDS", 1)
    monkeypatch.setattr(training.throughput, "PICTURES", 20)
    monkeypatch.setattr(training.throughput, "build_reader", tiny_network)

    assert main(["throughput", "--data", str(tiny_set), "--size", "32", "--batch-size", "4"]) == 0

    printed = capsys.readouterr().out
    assert re.fullmatch(
        r"tensorflow, 32 pixels, batches of 4\n"
        r" pipeline alone: +\d+\.\d pictures per second\n"
        r"     step alone: +\d+\.\d pictures per second\n"
        r"       training: +\d+\.\d pictures per second\n"
        r"training / step alone: \d+\.\d\d \(1 = never waits for the pipeline\)\n",
        printed,
    )


def test_a_run_folder_that_is_a_file_ends_in_a_sentence(capsys, tiny_set, tmp_path):
    taken = tmp_path / "taken"
    taken.write_text("not a folder")
    assert (
        main(["fit", "--data", str(tiny_set), "--run", str(taken), "--backbone", "none", "--frozen-blocks", "0"]) == 1
    )
    assert f"{taken} cannot be used (File exists). Name another folder" in capsys.readouterr().err
