"""`python -m training release`: the published release, and error messages."""

import errno
import os
import shutil
from pathlib import Path

import pytest

import model.inference.release_loader
import training.cli
import training.release.publish
from model.inference.release_loader import load_release
from tests.support.training import error_message
from training.cli import main
from training.release.model_card import METRICS_END, METRICS_START


@pytest.fixture
def release_directory(published, tmp_path, monkeypatch) -> Path:
    """The release directory; README and test log are redirected too, and the checkout counts as clean."""
    target = shutil.copytree(published, tmp_path / "release")
    readme = tmp_path / "README.md"
    readme.write_text(f"# Title\n\n{METRICS_START}\nprevious metrics\n{METRICS_END}\n\nMore.\n")
    monkeypatch.setattr(training.cli, "RELEASE_DIR", target)
    monkeypatch.setattr(model.inference.release_loader, "SHIPPED_DIGEST_FILE", tmp_path / "release.sha256")
    monkeypatch.setattr(training.cli, "README", readme)
    monkeypatch.setattr(training.cli, "TEST_LOG", tmp_path / "TEST_LOG.csv")
    monkeypatch.setattr(training.release.publish, "clean_commit", lambda _folder: "2" * 40)
    return target


def release_arguments(data: Path, run: Path) -> list[str]:
    return ["release", "--data", str(data), "--run", str(run), "--version", "2.0.0", "--change", "Reads better."]


def test_release_publishes_the_run_and_writes_its_metrics_into_the_readme(
    tiny_set, measured_run, release_directory, capsys
):
    assert main(release_arguments(tiny_set, measured_run)) == 0

    release = load_release(release_directory)
    assert (release.version, release.description["git_commit"]) == ("2.0.0", "2" * 40)
    assert release.is_shipped
    readme = training.cli.README.read_text()
    assert readme.startswith(f"# Title\n\n{METRICS_START}\n| ")
    assert readme.endswith(f"{METRICS_END}\n\nMore.\n")
    assert "previous metrics" not in readme
    assert (
        capsys.readouterr().out
        == f"Released 2.0.0 in {release_directory}; its figures stand in {training.cli.README}.\n"
    )


def test_a_run_that_was_not_packaged_is_not_released(tiny_set, tiny_run, release_directory, capsys):
    assert main(release_arguments(tiny_set, tiny_run)) == 1

    assert error_message(capsys) == (
        f"{tiny_run} has not been packaged. Run `python -m training package --run {tiny_run}` first."
    )
    assert load_release(release_directory).version == "1.0.0"


def test_a_run_that_was_not_measured_is_not_released(tiny_set, packaged_run, release_directory, capsys):
    assert main(release_arguments(tiny_set, packaged_run)) == 1

    assert error_message(capsys) == (
        "The candidate has not been measured (metrics.json, predictions.csv, curves.csv missing). Run `python -m "
        "training evaluate --run ... --split training validation test` first."
    )
    assert load_release(release_directory).version == "1.0.0"


def test_a_full_disk_leaves_the_old_release(tiny_set, measured_run, release_directory, monkeypatch, capsys):
    def raise_disk_full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copy2", raise_disk_full)
        assert main(release_arguments(tiny_set, measured_run)) == 1

    assert error_message(capsys) == "The disk is full. Free some space and start the same command again."
    assert load_release(release_directory).version == "1.0.0"
    assert not list(release_directory.parent.glob("release.*"))
    assert "previous metrics" in training.cli.README.read_text()
