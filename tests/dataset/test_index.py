"""Index of the labelled images, and error messages for an unexpected folder layout."""

import re
from pathlib import Path

import pytest

from dataset.index import DEFAULT_ROOT, LabelledImage, dataset_root, load_index, unique_names
from model.errors import DatasetError

NAMES = {"NORMAL": ("NORMAL2-IM-0002-0001.jpeg", "IM-0001-0001.jpeg"), "PNEUMONIA": ("person3_virus_4.jpeg",)}


def create_dataset(root: Path, splits: tuple[str, ...] = ("train", "val", "test")) -> Path:
    for split in splits:
        for label, names in NAMES.items():
            folder = root / split / label
            folder.mkdir(parents=True)
            for name in names:
                (folder / name).write_bytes(b"not opened by the index")
    return root


def test_records_are_ordered_by_split_class_and_name(tmp_path):
    records = load_index(create_dataset(tmp_path))

    assert [record.path.relative_to(tmp_path).as_posix() for record in records] == [
        f"{split}/{name}"
        for split in ("train", "val", "test")
        for name in ("NORMAL/IM-0001-0001.jpeg", "NORMAL/NORMAL2-IM-0002-0001.jpeg", "PNEUMONIA/person3_virus_4.jpeg")
    ]


def test_record_has_split_label_patient_group_cause_and_target(tmp_path):
    *_, normal, pneumonia = load_index(create_dataset(tmp_path))

    path = tmp_path / "test" / "PNEUMONIA" / "person3_virus_4.jpeg"
    assert pneumonia == LabelledImage(path, "test", "PNEUMONIA", "person3_virus", "person3", "viral")
    assert (normal.patient, normal.group, normal.cause) == ("NORMAL2-IM-0002", "IM-0002", "none")
    assert (normal.target, pneumonia.target) == (0, 1)


def test_hidden_files_and_sub_folders_are_ignored(tmp_path):
    expected = load_index(create_dataset(tmp_path))
    (tmp_path / "train" / "NORMAL" / ".DS_Store").write_bytes(b"")
    (tmp_path / "train" / "NORMAL" / "._IM-0001-0001.jpeg").write_bytes(b"")
    (tmp_path / "train" / "NORMAL" / "older").mkdir()
    (tmp_path / "train" / "NORMAL" / "older" / "IM-0009-0001.jpeg").write_bytes(b"")

    assert load_index(tmp_path) == expected


@pytest.mark.parametrize("absent", ["train", "val", "test"])
def test_split_may_be_missing(tmp_path, absent):
    present = tuple(split for split in ("train", "val", "test") if split != absent)

    assert {record.split for record in load_index(create_dataset(tmp_path, present))} == set(present)


def test_missing_folder_is_reported_with_what_to_do(tmp_path):
    sentence = (
        f"There is no folder {tmp_path / 'nowhere'}. Set CHEST_XRAY_DIR to the folder that holds train/, val/ and "
        "test/, or fetch the set with `python -m dataset download`."
    )
    with pytest.raises(DatasetError, match=f"^{re.escape(sentence)}$"):
        load_index(tmp_path / "nowhere")


def test_folder_without_splits_is_reported(tmp_path):
    sentence = f"{tmp_path} holds none of the folders train, val and test, each with NORMAL and PNEUMONIA."

    with pytest.raises(DatasetError, match=f"^{re.escape(sentence)}$"):
        load_index(tmp_path)


def test_missing_class_is_reported(tmp_path):
    folder = create_dataset(tmp_path) / "val" / "PNEUMONIA"
    (folder / "person3_virus_4.jpeg").unlink()
    folder.rmdir()

    sentence = f"The folder {folder} is missing: every split needs the two classes NORMAL and PNEUMONIA."
    with pytest.raises(DatasetError, match=f"^{re.escape(sentence)}$"):
        load_index(tmp_path)


def test_class_with_only_hidden_files_is_empty(tmp_path):
    folder = create_dataset(tmp_path) / "test" / "PNEUMONIA"
    (folder / "person3_virus_4.jpeg").rename(folder / ".person3_virus_4.jpeg")

    sentence = f"The folder {folder} is empty: put its pictures there or remove the split test."
    with pytest.raises(DatasetError, match=f"^{re.escape(sentence)}$"):
        load_index(tmp_path)


def test_dataset_root_is_read_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("CHEST_XRAY_DIR", str(tmp_path))

    assert dataset_root() == tmp_path


@pytest.mark.parametrize("value", [None, ""])
def test_dataset_root_defaults_to_the_project(monkeypatch, value):
    monkeypatch.delenv("CHEST_XRAY_DIR", raising=False)
    if value is not None:
        monkeypatch.setenv("CHEST_XRAY_DIR", value)

    assert dataset_root() == DEFAULT_ROOT


def test_repeated_file_names_become_relative_paths_and_others_stay(tmp_path):
    create_dataset(tmp_path, ("train", "test"))
    (tmp_path / "test" / "NORMAL" / "mine.png").write_bytes(b"")
    records = load_index(tmp_path)

    names = unique_names(records)
    assert names == [record.relative_path if record.path.name != "mine.png" else "mine.png" for record in records]
    assert names[0] == "train/NORMAL/IM-0001-0001.jpeg"
    assert len(set(names)) == len(names)
