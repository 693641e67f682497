"""`python -m dataset`: exit status, sentences without tracebacks, and what each command prints and leaves."""

import re
import subprocess
import sys

import pytest

import dataset.cli
import dataset.download.full_set
import dataset.download.kaggle
from dataset.cli import main
from dataset.download.full_set import DOWNLOAD_NOTICE
from dataset.download.samples import download_notice, sample_names
from tests.support.browser import ROOT
from tests.support.kaggle_server import WHOLE_SET, files_under
from tests.support.terminal import Terminal

COUNT = len(WHOLE_SET)


def test_help_answers_without_importing_anything_heavy():
    program = """
import sys
from dataset.cli import main
for arguments in ([], ["download"], ["audit"]):
    try:
        main([*arguments, "--help"])
    except SystemExit as ended:
        assert ended.code == 0
print(sorted({"tensorflow", "keras", "pandas", "kagglehub", "streamlit"} & sys.modules.keys()))
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.stderr == ""
    assert ended.stdout.startswith("usage: python -m dataset")
    assert ended.stdout.endswith("[]\n")


def test_the_module_runs_as_a_program_and_names_its_commands():
    command = [sys.executable, "-m", "dataset", "--help"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == 0
    assert all(re.search(rf"^    {name}\s", ended.stdout, re.MULTILINE) for name in ("download", "audit"))


@pytest.mark.parametrize("arguments", [[], ["fetch"], ["download", "--samples", "many"], ["download", "--samples"]])
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: python -m dataset")


@pytest.mark.usefixtures("kaggle")
def test_downloading_says_first_what_comes_and_last_where_it_lies(target, capfd):
    assert main(["download", "--to", str(target)]) == 0

    assert files_under(target) == WHOLE_SET
    assert capfd.readouterr() == (f"{DOWNLOAD_NOTICE}\nTo: {target}\n{COUNT} pictures lie in {target}\n", "")


@pytest.mark.usefixtures("kaggle")
def test_downloading_samples_says_first_what_comes_and_last_where_it_lies(target, capfd):
    assert main(["download", "--to", str(target), "--samples", "24"]) == 0

    assert files_under(target) == sorted([".samples", *sample_names(24)])
    assert capfd.readouterr() == (f"{download_notice(24)}\nTo: {target}\n24 pictures lie in {target}\n", "")


@pytest.mark.parametrize("options", [[], ["--samples", "3"]])
@pytest.mark.usefixtures("kaggle")
def test_without_a_folder_the_configured_one_is_taken(target, monkeypatch, options):
    monkeypatch.setenv("CHEST_XRAY_DIR", str(target))
    assert main(["download", *options]) == 0
    assert target.is_dir()


@pytest.mark.parametrize(
    ("options", "bars"),
    [
        ([], [r"(\d+)/\1 \[.* MB/s\]", rf"{COUNT}/{COUNT} \[.* files/s\]"]),
        (["--samples", "6"], [r"6/6 \[.* files/s\]"]),
    ],
)
@pytest.mark.usefixtures("kaggle")
def test_a_terminal_shows_one_bar_for_each_thing_that_is_counted(target, monkeypatch, options, bars):
    monkeypatch.setattr(dataset.download.kaggle, "MEGABYTE", 1000)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())

    assert main(["download", "--to", str(target), *options]) == 0

    lines = [line.split("\r")[-1] for line in terminal.getvalue().strip().split("\n")]
    assert len(lines) == len(bars)
    for line, bar in zip(lines, bars, strict=True):
        assert re.search(bar, line), line


def test_a_refusal_is_one_sentence(kaggle, target, capsys):
    kaggle.status = 404
    assert main(["download", "--to", str(target)]) == 1

    error = capsys.readouterr().err
    assert error.startswith("127.0.0.1 answered with status 404: the set is no longer at that address. Or download")
    assert error.count("\n") == 1


@pytest.mark.parametrize("options", [[], ["--samples", "24"]])
def test_a_taken_folder_is_told_before_anything_else(kaggle, target, capsys, options):
    target.mkdir(parents=True)
    (target / "mine.txt").write_text("keep")

    assert main(["download", "--to", str(target), *options]) == 1

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"{target} is taken, nothing was laid down.")
    assert kaggle.seen == []


@pytest.mark.parametrize("count", ["0", "2", "121"])
def test_a_number_of_samples_out_of_range_is_told(kaggle, target, capsys, count):
    assert main(["download", "--to", str(target), "--samples", count]) == 1
    assert capsys.readouterr() == ("", f"{count} sample pictures cannot be fetched: 3 to 120 can.\n")
    assert kaggle.seen == []


def test_ctrl_c_is_one_sentence(target, monkeypatch, capsys):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(dataset.download.full_set, "download_full_set", stopped)

    assert main(["download", "--to", str(target)]) == 1
    assert capsys.readouterr().err == "\nStopped.\n"
