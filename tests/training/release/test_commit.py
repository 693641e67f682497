"""A release records the commit of a clean checkout."""

import os
import subprocess
from pathlib import Path

import pytest

from model.errors import TrainingError
from tests.support.candidates import exactly
from training.release.publish import clean_commit, head_commit

pytestmark = pytest.mark.slow


@pytest.fixture
def checkout(tmp_path, monkeypatch) -> Path:
    for name in [name for name in os.environ if name.startswith("GIT_")]:  # set if the tests run in a git hook
        monkeypatch.delenv(name)
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "program.py").write_text("")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "--quiet", "--message", "First")
    return folder


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


def test_a_clean_checkout_gives_its_commit(checkout):
    assert clean_commit(checkout) == head_commit(checkout) == git(checkout, "rev-parse", "HEAD").strip()


@pytest.mark.parametrize(("file", "status"), [("program.py", " M program.py"), ("new.py", "?? new.py")])
def test_a_checkout_with_uncommitted_changes_is_refused_with_a_list_of_them(checkout, file, status):
    (checkout / file).write_text("changed")

    message = f"Commit or remove these changes before you make a release:\n{status}"
    with pytest.raises(TrainingError, match=exactly(message)):
        clean_commit(checkout)


def test_a_release_outside_a_checkout_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    message = "A release records the commit of the program. Run this command in a git checkout."
    with pytest.raises(TrainingError, match=exactly(message)):
        clean_commit(tmp_path)
    assert head_commit(tmp_path) == "unknown"


def test_without_git_on_the_machine_the_commit_is_unknown(checkout, monkeypatch):
    monkeypatch.setenv("PATH", str(checkout))

    assert head_commit(checkout) == "unknown"
