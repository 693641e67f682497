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
from model.release_files import ReleaseFile
from model.storage import write_checksums
from tests.support.console import DISK_FULL
from tests.support.training import error_message
from training.cli import main
from training.release.document_sections import METRICS_END, METRICS_START

pytestmark = pytest.mark.slow


@pytest.fixture
def release_directory(published, tmp_path, monkeypatch) -> Path:
    """The release directory; documents and test log are redirected too, and the checkout counts as clean."""
    target = shutil.copytree(published, tmp_path / "release")
    readme = tmp_path / "README.md"
    readme.write_text(f"# Title\n\n{METRICS_START}\nprevious metrics\n{METRICS_END}\n\nMore.\n")
    monkeypatch.setattr(training.cli, "RELEASE_DIR", target)
    monkeypatch.setattr(model.inference.release_loader, "SHIPPED_DIGEST_FILE", tmp_path / "release.sha256")
    monkeypatch.setattr(training.cli, "README", readme)
    monkeypatch.setattr(training.cli, "EVIDENCE", shutil.copy(readme, tmp_path / "evidence.md"))
    monkeypatch.setattr(training.cli, "TEST_LOG", tmp_path / "TEST_LOG.csv")
    monkeypatch.setattr(training.release.publish, "clean_commit", lambda _folder: "2" * 40)
    return target


def release_arguments(data: Path, run: Path) -> list[str]:
    return ["release", "--data", str(data), "--run", str(run), "--version", "2.0.0", "--change", "Reads better."]


def test_release_publishes_the_run_and_writes_its_metrics_into_the_documents(
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
    assert training.cli.EVIDENCE.read_text() == readme
    assert capsys.readouterr().out == (
        f"Released 2.0.0 in {release_directory} and wrote its metrics to {training.cli.README} and "
        f"{training.cli.EVIDENCE}.\n"
    )


def test_card_writes_the_card_and_the_documents_again_and_changes_no_other_file(release_directory):
    card = release_directory / ReleaseFile.CARD
    expected, checksums = card.read_text(), load_release(release_directory).checksums
    card.write_text("previous card")
    write_checksums(release_directory)

    assert main(["card"]) == 0

    assert card.read_text() == expected
    assert load_release(release_directory).checksums == checksums
    assert load_release(release_directory).is_shipped
    for document in (training.cli.README, training.cli.EVIDENCE):
        assert "previous metrics" not in document.read_text()


def test_a_run_that_was_not_packaged_is_not_released(tiny_set, tiny_run, release_directory, capsys):
    assert main(release_arguments(tiny_set, tiny_run)) == 1

    assert error_message(capsys) == (
        f"{tiny_run} has not been packaged. Run `python -m training package --run {tiny_run}` first."
    )
    assert load_release(release_directory).version == "1.0.0"


def test_a_run_that_was_not_evaluated_is_not_released(tiny_set, packaged_run, release_directory, capsys):
    assert main(release_arguments(tiny_set, packaged_run)) == 1

    assert error_message(capsys) == (
        "The candidate has not been evaluated (metrics.json, predictions.csv, curves.csv missing). Run `python -m "
        "training evaluate --run ... --split training validation test` first."
    )
    assert load_release(release_directory).version == "1.0.0"


def test_a_full_disk_leaves_the_old_release(tiny_set, measured_run, release_directory, monkeypatch, capsys):
    def raise_disk_full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copy2", raise_disk_full)
        assert main(release_arguments(tiny_set, measured_run)) == 1

    assert error_message(capsys) == DISK_FULL
    assert load_release(release_directory).version == "1.0.0"
    assert not list(release_directory.parent.glob("release.*"))
    assert "previous metrics" in training.cli.README.read_text()
