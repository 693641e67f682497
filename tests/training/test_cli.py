"""`python -m training`: help, wrong usage, data that are not there, and the measuring of throughput."""

import re
import subprocess
import sys

import pytest

import training.fitting.throughput
from tests.support.training import PROJECT, tiny_network, told
from training.cli import main

COMMANDS = ("fit", "lungs", "evaluate", "release", "throughput", "explain")


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
        "test/, or fetch the set with `python -m dataset download`."
    )


def test_throughput_prints_the_rate_of_pipeline_step_and_training(tiny_set, monkeypatch, capsys):
    monkeypatch.setattr(training.fitting.throughput, "N_STEPS", 2)
    monkeypatch.setattr(training.fitting.throughput, "N_ROUNDS", 1)
    monkeypatch.setattr(training.fitting.throughput, "N_IMAGES", 20)
    monkeypatch.setattr(training.fitting.throughput, "build_reader", tiny_network)

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
