"""Files and directories are replaced atomically."""

import json
from pathlib import Path

import pytest

from model.storage import (
    atomic_path,
    recover_directory,
    replace_directory,
    sha256,
    swap_directories,
    write_json,
    write_text,
)


def directory(path: Path, content: str) -> Path:
    path.mkdir()
    (path / "file").write_text(content)
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_swap_replaces_the_directory_and_leaves_no_other_file(tmp_path):
    final = directory(tmp_path / "final", "old")

    swap_directories(directory(tmp_path / "staged", "new"), final)

    assert (final / "file").read_text() == "new"
    assert names_in(tmp_path) == ["final"]


def test_a_swap_killed_between_its_renames_is_undone(tmp_path):
    directory(tmp_path / "final.old", "old")

    recover_directory(tmp_path / "final")

    assert (tmp_path / "final" / "file").read_text() == "old"
    assert names_in(tmp_path) == ["final"]


def test_a_swap_killed_after_its_renames_is_not_undone(tmp_path):
    directory(tmp_path / "final", "new")
    directory(tmp_path / "final.old", "old")

    recover_directory(tmp_path / "final")

    assert (tmp_path / "final" / "file").read_text() == "new"


def test_a_replacement_that_fails_keeps_the_old_directory(tmp_path):
    final = directory(tmp_path / "final", "old")

    def replace_half() -> None:
        with replace_directory(final) as staged:
            (staged / "file").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_half()

    assert (final / "file").read_text() == "old"
    assert names_in(tmp_path) == ["final"]


def test_a_replacement_starts_empty_after_one_that_was_killed(tmp_path):
    directory(tmp_path / "final.new", "half")

    with replace_directory(tmp_path / "final") as staged:
        assert names_in(staged) == []


def test_a_file_is_replaced_when_the_block_ends_and_keeps_its_suffix(tmp_path):
    path = tmp_path / "weights.keras"
    path.write_text("old")

    with atomic_path(path) as staged:
        assert (staged.parent, staged.suffix) == (tmp_path, ".keras")
        staged.write_text("new")
        assert path.read_text() == "old"

    assert path.read_text() == "new"
    assert names_in(tmp_path) == ["weights.keras"]


def test_a_text_that_cannot_be_encoded_leaves_the_old_file(tmp_path):
    path = tmp_path / "text"
    write_text(path, "old")

    with pytest.raises(UnicodeEncodeError):
        write_text(path, "half \ud800")

    assert path.read_text() == "old"


def test_json_is_written_with_a_final_newline(tmp_path):
    write_json(tmp_path / "metrics.json", {"auc": 0.97})

    assert (tmp_path / "metrics.json").read_text() == '{\n  "auc": 0.97\n}\n'
    assert json.loads((tmp_path / "metrics.json").read_text()) == {"auc": 0.97}


def test_nan_is_not_written_as_json(tmp_path):
    with pytest.raises(ValueError, match=r"^Out of range float values are not JSON compliant"):
        write_json(tmp_path / "metrics.json", {"auc": float("nan")})

    assert names_in(tmp_path) == []


def test_the_checksum_of_a_file_is_its_sha256(tmp_path):
    (tmp_path / "empty").write_bytes(b"")

    assert sha256(tmp_path / "empty") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
