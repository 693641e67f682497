"""`python -m dataset`: exit status, output, error messages and files of each command."""

import re
import subprocess
import sys

import pytest

import dataset.cli
import dataset.download.full_set
import dataset.download.kaggle
from dataset.cli import main
from dataset.download import full_set, samples
from dataset.download.kaggle import PAGE
from model.messages import Message, MessageCode
from model.sentences import render
from tests.support.browser import ROOT
from tests.support.kaggle_server import WHOLE_SET, files_under
from tests.support.terminal import Terminal

COUNT = len(WHOLE_SET)


@pytest.mark.slow
def test_help_does_not_import_heavy_libraries():
    program = """
import sys
from dataset.cli import main
for arguments in ([], ["download"], ["audit"]):
    try:
        main([*arguments, "--help"])
    except SystemExit as stop:
        assert stop.code == 0
print(sorted({"tensorflow", "keras", "pandas", "streamlit"} & sys.modules.keys()))
"""
    process = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)

    assert process.stderr == ""
    assert process.stdout.startswith("usage: python -m dataset")
    assert process.stdout.endswith("[]\n")


@pytest.mark.slow
def test_module_lists_its_commands():
    command = [sys.executable, "-m", "dataset", "--help"]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert process.returncode == 0
    assert all(re.search(rf"^    {name}\s", process.stdout, re.MULTILINE) for name in ("download", "audit"))


@pytest.mark.parametrize("arguments", [[], ["fetch"], ["download", "--samples", "many"], ["download", "--samples"]])
def test_invalid_usage_exits_with_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)

    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("usage: python -m dataset")


@pytest.mark.usefixtures("kaggle")
def test_download_prints_a_notice_first_and_the_folder_last(target, capfd):
    assert main(["download", "--to", str(target)]) == 0

    assert files_under(target) == WHOLE_SET
    notice = full_set.download_notice()
    assert capfd.readouterr() == (f"{notice}\nTarget folder: {target}\nSaved {COUNT} images in {target}\n", "")


@pytest.mark.slow
@pytest.mark.usefixtures("kaggle")
def test_download_of_samples_prints_a_notice_first_and_the_folder_last(target, capfd):
    assert main(["download", "--to", str(target), "--samples", "24"]) == 0

    assert files_under(target) == sorted([".samples", *samples.sample_names(24)])
    notice = samples.download_notice(24)
    assert capfd.readouterr() == (f"{notice}\nTarget folder: {target}\nSaved 24 images in {target}\n", "")


@pytest.mark.parametrize("options", [[], ["--samples", "3"]])
@pytest.mark.usefixtures("kaggle")
def test_download_without_a_folder_uses_the_configured_one(target, monkeypatch, options):
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
def test_terminal_shows_a_progress_bar_per_unit(target, monkeypatch, options, bars):
    monkeypatch.setattr(dataset.download.kaggle, "MEGABYTE", 1000)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())

    assert main(["download", "--to", str(target), *options]) == 0

    lines = [line.split("\r")[-1] for line in terminal.getvalue().strip().split("\n")]
    assert len(lines) == len(bars)
    for line, bar in zip(lines, bars, strict=True):
        assert re.search(bar, line), line


def test_error_from_the_server_is_one_line(kaggle, target, capsys):
    kaggle.status = 404
    assert main(["download", "--to", str(target)]) == 1

    error = capsys.readouterr().err
    message = Message(MessageCode.DOWNLOAD_NOT_FOUND, {"host": "127.0.0.1", "status": 404, "page": PAGE})
    assert error == f"{render([message])}\n"


@pytest.mark.parametrize("options", [[], ["--samples", "24"]])
def test_folder_in_use_is_reported_before_any_request(kaggle, target, capsys, options):
    target.mkdir(parents=True)
    (target / "mine.txt").write_text("keep")

    assert main(["download", "--to", str(target), *options]) == 1

    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == f"{render([Message(MessageCode.TARGET_IN_USE, {'folder': str(target)})])}\n"
    assert kaggle.requests == []


@pytest.mark.parametrize("count", ["0", "2", "121"])
def test_number_of_samples_out_of_range_is_refused(kaggle, target, capsys, count):
    assert main(["download", "--to", str(target), "--samples", count]) == 1
    message = Message(MessageCode.SAMPLE_COUNT, {"count": count, "minimum": 3, "maximum": 120})
    assert capsys.readouterr() == ("", f"{render([message])}\n")
    assert kaggle.requests == []


def test_ctrl_c_prints_one_sentence(target, monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(dataset.download.full_set, "download_full_set", interrupt)

    assert main(["download", "--to", str(target)]) == 1
    assert capsys.readouterr().err == "\nStopped.\n"
