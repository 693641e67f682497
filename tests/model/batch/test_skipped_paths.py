"""`python -m model read`: folders and files that are not read are always reported."""

import os
import sys
from pathlib import Path

import pytest

from model.batch import cli
from model.batch.files import InputFile, Obstacle, SkippedPath, find_files
from model.inference.finding_rows import COLUMNS
from tests.support.hostile_names import HARMFUL
from tests.support.model_cli import usage_error

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="NOT RUN: Windows needs a right for links")


def read_csv_rows(capsys, *arguments: object) -> tuple[int, list[str], str]:
    """Run the command and return its exit status, its rows and its messages."""
    status = cli.main(["read", *map(str, arguments), "--format", "csv"])
    output = capsys.readouterr()
    return status, output.out.splitlines()[1:], output.err


def deny_access(folder: Path, monkeypatch) -> None:
    """Make the system refuse to list a folder, even for root."""
    real_scandir = os.scandir

    def scandir(path):
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied")
        return real_scandir(path)

    monkeypatch.setattr(os, "scandir", scandir)


@pytest.fixture
def tree(tmp_path) -> Path:
    """Return a folder with one file, and a subfolder with another."""
    (tmp_path / "ward" / "deep").mkdir(parents=True)
    (tmp_path / "ward" / "a.png").write_bytes(b"a")
    (tmp_path / "ward" / "deep" / "b.png").write_bytes(b"b")
    return tmp_path / "ward"


FILES = [Path("a.png"), Path("deep/b.png")]


def found(folder: Path) -> tuple[list[Path], list[SkippedPath]]:
    files, skipped = find_files([folder])
    assert all(file == InputFile(folder / file.relative_path, file.relative_path) for file in files)
    return [file.relative_path for file in files], skipped


def test_nothing_is_skipped_in_a_folder_of_files(tree):
    (tree / ".hidden").mkdir()
    assert found(tree) == (FILES, [])


@pytest.mark.parametrize("name", ["empty", "deep/empty"])
def test_an_empty_folder_is_reported(tree, name):
    (tree / name).mkdir()
    assert found(tree) == (FILES, [SkippedPath(tree / name, Obstacle.EMPTY_FOLDER)])


def test_a_folder_with_hidden_files_only_is_reported_as_empty(tree):
    (tree / "empty").mkdir()
    (tree / "empty" / ".DS_Store").write_bytes(b"Bud1")
    assert found(tree) == (FILES, [SkippedPath(tree / "empty", Obstacle.EMPTY_FOLDER)])


def test_a_folder_that_cannot_be_opened_is_reported(tree, monkeypatch):
    (tree / "locked").mkdir()
    deny_access(tree / "locked", monkeypatch)
    assert found(tree) == (FILES, [SkippedPath(tree / "locked", Obstacle.UNREADABLE, "Permission denied")])


@needs_links
def test_a_linked_folder_is_reported_and_not_followed(tree):
    (tree / "deep" / "up").symlink_to(tree)
    assert found(tree) == (FILES, [SkippedPath(tree / "deep" / "up", Obstacle.LINKED_FOLDER)])


@needs_links
def test_a_linked_folder_that_is_named_is_read(tree):
    (tree.parent / "link").symlink_to(tree)
    assert found(tree.parent / "link") == (FILES, [])


@needs_links
def test_a_linked_file_is_read(tree):
    (tree / "c.png").symlink_to(tree / "a.png")
    assert found(tree) == ([FILES[0], Path("c.png"), FILES[1]], [])


@needs_links
def test_what_is_neither_a_file_nor_a_folder_is_reported(tree):
    (tree / "broken").symlink_to(tree / "missing")
    (tree / "circle").symlink_to(tree / "circle")
    os.mkfifo(tree / "pipe")
    expected = [SkippedPath(tree / name, Obstacle.NOT_A_FILE) for name in ("broken", "circle", "pipe")]
    assert found(tree) == (FILES, expected)


# --- the command


@pytest.mark.usefixtures("shared_classifier", "open_gate")
class TestCommand:
    def test_an_empty_folder_alone_is_not_a_success(self, tmp_path, capsys):
        status, rows, messages = read_csv_rows(capsys, tmp_path)
        assert (status, rows) == (3, [])
        assert str(tmp_path) in messages

    def test_a_folder_that_cannot_be_opened_does_not_stop_the_others(self, scans, capsys, monkeypatch):
        (scans / "locked").mkdir()
        deny_access(scans / "locked", monkeypatch)
        for name in ("ward/empty.png", "ward/not an image.png"):
            (scans / name).unlink()
        status, rows, messages = read_csv_rows(capsys, scans)
        assert (status, len(rows)) == (3, 3)
        assert f"{scans / 'locked'} cannot be opened (Permission denied)" in messages

    def test_the_name_of_a_skipped_folder_cannot_control_the_terminal(self, tmp_path, capsys):
        (tmp_path / "\x1b[2J\n\u202e").mkdir()
        _, _, messages = read_csv_rows(capsys, tmp_path)
        assert HARMFUL.search(messages.replace("\n", "")) is None
        assert len(messages.splitlines()) == 1

    @pytest.mark.parametrize("arguments", [[""], [" "], [".", "--heatmaps", ""], [".", "--release", ""]])
    def test_an_empty_path_is_not_the_current_folder(self, arguments, capsys):
        assert "empty" in usage_error(capsys, "read", *arguments)

    @pytest.mark.parametrize("share", ["20%", " 20% ", "0.2", " 0.2 ", "0,2", "20,0%"])
    def test_a_prevalence_may_be_a_percentage(self, share, scans, capsys):
        _, rows, _ = read_csv_rows(capsys, scans / "b.png", "--prevalence", share)
        assert dict(zip(COLUMNS, rows[0].split(","), strict=True))["prevalence"] == "0.2"

    @pytest.mark.parametrize("share", ["0", "1", "20", "nan", "0%", "100%", "120%", "-5%", "a fifth", "%", ""])
    def test_a_prevalence_that_is_no_share_is_explained(self, share, scans, capsys):
        assert f"{share} is not a share between 0 and 1" in usage_error(capsys, "read", scans, f"--prevalence={share}")
