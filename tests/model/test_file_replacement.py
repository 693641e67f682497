"""Folders and files that are replaced whole or not at all."""

import json

import pytest

from model.storage import recover_directory, replace_directory, swap_directories, write_json, write_text
from training.config import ClassifierConfig


def folder(path, content):
    path.mkdir()
    (path / "file").write_text(content)
    return path


def test_a_swap_puts_the_new_folder_in_place_and_leaves_nothing_beside_it(tmp_path):
    final = folder(tmp_path / "final", "old")

    swap_directories(folder(tmp_path / "staged", "new"), final)

    assert (final / "file").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["final"]


def test_a_folder_left_between_the_renames_of_a_swap_is_brought_back(tmp_path):
    folder(tmp_path / "final.old", "old")

    recover_directory(tmp_path / "final")

    assert (tmp_path / "final" / "file").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["final"]


def test_a_folder_left_by_a_swap_that_was_done_is_not_brought_back(tmp_path):
    folder(tmp_path / "final", "new")
    folder(tmp_path / "final.old", "old")

    recover_directory(tmp_path / "final")

    assert (tmp_path / "final" / "file").read_text() == "new"


def test_a_replacement_that_fails_leaves_the_old_folder_alone(tmp_path):
    final = folder(tmp_path / "final", "old")

    def stopped_half_way():
        with replace_directory(final) as staged:
            (staged / "file").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped_half_way()

    assert (final / "file").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["final"]


def test_a_replacement_starts_empty_whatever_a_killed_one_left(tmp_path):
    folder(tmp_path / "final.new", "half")

    with replace_directory(tmp_path / "final") as staged:
        assert not list(staged.iterdir())


def test_a_text_that_cannot_be_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "text"
    write_text(path, "old")

    with pytest.raises(UnicodeEncodeError):
        write_text(path, "half \ud800")

    assert path.read_text() == "old"


def test_json_without_a_number_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"^Out of range float values are not JSON compliant"):
        write_json(tmp_path / "metrics.json", {"auc": float("nan")})

    assert not list(tmp_path.iterdir())


def test_settings_come_back_as_they_were_saved(tmp_path):
    config = ClassifierConfig(backbone="none", frozen_blocks=0, seed=7, learning_rate=3e-4)
    config.save(tmp_path / "config.json")

    assert ClassifierConfig.load(tmp_path / "config.json") == config
    assert json.loads((tmp_path / "config.json").read_text())["seed"] == 7
