"""`python -m training`: help, incorrect usage, a missing data set, and the throughput benchmark."""

import re
import subprocess
import sys

import pytest

import training.fitting.throughput
from dataset.index import load_index
from model.errors import DatasetError
from tests.support.training import PROJECT, error_message, quick_training, tiny_network
from training.cli import main

pytestmark = pytest.mark.slow

COMMANDS = ("fit-classifier", "fit-lungs", "package", "evaluate", "release", "benchmark")
ALIASES = {"fit": "fit-classifier", "lungs": "fit-lungs", "throughput": "benchmark"}


def test_help_of_every_command_does_not_import_tensorflow():
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
    result = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False)

    assert (result.stdout, result.stderr) == ("[]\n", "")


@pytest.mark.parametrize(("alias", "command"), ALIASES.items())
def test_former_command_names_are_aliases(alias, command, capsys):
    texts = []
    for name in (alias, command):
        with pytest.raises(SystemExit):
            main([name, "--help"])
        texts.append(capsys.readouterr().out)

    assert texts[0] == texts[1]


def test_the_module_runs_as_a_program_and_lists_its_commands():
    command = [sys.executable, "-m", "training", "--help"]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert result.returncode == 0
    assert all(re.search(rf"^    {name}\s", result.stdout, re.MULTILINE) for name in COMMANDS)


@pytest.mark.parametrize("arguments", [[], ["retrain"], ["fit-classifier", "--epochs", "many"], ["release"]])
def test_incorrect_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as raised:
        main(arguments)

    assert raised.value.code == 2
    assert capsys.readouterr().err.startswith("usage: python -m training")


@pytest.mark.parametrize("command", ["fit-classifier", "package", "evaluate", "benchmark"])
def test_a_missing_data_folder_gives_an_error_message(command, tmp_path, capsys):
    folder = tmp_path / "nowhere"
    assert main([command, "--data", str(folder)]) == 1

    with pytest.raises(DatasetError) as raised:
        load_index(folder)
    assert error_message(capsys) == str(raised.value)


def test_benchmark_prints_the_rates_of_pipeline_step_and_training(tiny_set, monkeypatch, capsys):
    monkeypatch.setattr(training.fitting.throughput, "N_STEPS", 2)
    monkeypatch.setattr(training.fitting.throughput, "N_ROUNDS", 1)
    monkeypatch.setattr(training.fitting.throughput, "N_IMAGES", 20)
    monkeypatch.setattr(training.fitting.throughput, "build_classifier", tiny_network)

    with quick_training(eager=True):
        assert main(["benchmark", "--data", str(tiny_set), "--input-size", "32", "--batch-size", "4"]) == 0

    printed = capsys.readouterr().out
    assert re.fullmatch(
        r"tensorflow, 32 pixels, batches of 4\n"
        r" pipeline alone: +\d+\.\d images per second\n"
        r"     step alone: +\d+\.\d images per second\n"
        r"       training: +\d+\.\d images per second\n"
        r"training / step alone: \d+\.\d\d \(1 = training never waits for the pipeline\)\n",
        printed,
    )
