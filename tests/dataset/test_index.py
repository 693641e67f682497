"""Index of the labelled images, and errors for an unexpected folder layout."""

from pathlib import Path

import pytest

from dataset.errors import DatasetUnusable
from dataset.index import DEFAULT_ROOT, OFFICIAL_SPLITS, LabelledImage, dataset_root, load_index, unique_names
from model.codes import Label
from model.messages import Message, MessageCode

NAMES = {
    Label.NORMAL: ("NORMAL2-IM-0002-0001.jpeg", "IM-0001-0001.jpeg"),
    Label.PNEUMONIA: ("person3_virus_4.jpeg",),
}


def message_for(root: Path) -> Message:
    """Return the message of the error for a folder that is not a data set."""
    with pytest.raises(DatasetUnusable) as caught:
        load_index(root)
    (message,) = caught.value.messages
    return message


def create_dataset(root: Path, splits: tuple[str, ...] = OFFICIAL_SPLITS) -> Path:
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
        for split in OFFICIAL_SPLITS
        for name in ("NORMAL/IM-0001-0001.jpeg", "NORMAL/NORMAL2-IM-0002-0001.jpeg", "PNEUMONIA/person3_virus_4.jpeg")
    ]


def test_record_has_split_label_patient_group_cause_and_target(tmp_path):
    *_, normal, pneumonia = load_index(create_dataset(tmp_path))

    path = tmp_path / "test" / "PNEUMONIA" / "person3_virus_4.jpeg"
    assert pneumonia == LabelledImage(path, "test", Label.PNEUMONIA, "person3_virus", "person3", "viral")
    assert (normal.patient, normal.group, normal.cause) == ("NORMAL2-IM-0002", "IM-0002", "none")
    assert (normal.target, pneumonia.target) == (0, 1)


def test_hidden_files_and_sub_folders_are_ignored(tmp_path):
    expected = load_index(create_dataset(tmp_path))
    (tmp_path / "train" / "NORMAL" / ".DS_Store").write_bytes(b"")
    (tmp_path / "train" / "NORMAL" / "._IM-0001-0001.jpeg").write_bytes(b"")
    (tmp_path / "train" / "NORMAL" / "older").mkdir()
    (tmp_path / "train" / "NORMAL" / "older" / "IM-0009-0001.jpeg").write_bytes(b"")

    assert load_index(tmp_path) == expected


@pytest.mark.parametrize("missing", OFFICIAL_SPLITS)
def test_split_may_be_missing(tmp_path, missing):
    present = tuple(split for split in OFFICIAL_SPLITS if split != missing)

    assert {record.split for record in load_index(create_dataset(tmp_path, present))} == set(present)


def test_missing_folder_is_an_error(tmp_path):
    folder = tmp_path / "nowhere"
    assert message_for(folder) == Message(MessageCode.DATASET_MISSING, {"folder": str(folder)})


def test_folder_without_splits_is_an_error(tmp_path):
    assert message_for(tmp_path) == Message(MessageCode.DATASET_WITHOUT_SPLITS, {"folder": str(tmp_path)})


def test_missing_class_is_an_error(tmp_path):
    folder = create_dataset(tmp_path) / "val" / "PNEUMONIA"
    (folder / "person3_virus_4.jpeg").unlink()
    folder.rmdir()

    assert message_for(tmp_path) == Message(MessageCode.CLASS_FOLDER_MISSING, {"folder": str(folder)})


def test_class_with_only_hidden_files_is_an_error(tmp_path):
    folder = create_dataset(tmp_path) / "test" / "PNEUMONIA"
    (folder / "person3_virus_4.jpeg").rename(folder / ".person3_virus_4.jpeg")

    assert message_for(tmp_path) == Message(MessageCode.CLASS_FOLDER_EMPTY, {"folder": str(folder)})


def test_dataset_root_comes_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("CHEST_XRAY_DIR", str(tmp_path))

    assert dataset_root() == tmp_path


@pytest.mark.parametrize("value", [None, ""])
def test_dataset_root_has_a_default(monkeypatch, value):
    monkeypatch.delenv("CHEST_XRAY_DIR", raising=False)
    if value is not None:
        monkeypatch.setenv("CHEST_XRAY_DIR", value)

    assert dataset_root() == DEFAULT_ROOT


def test_only_repeated_file_names_become_relative_paths(tmp_path):
    create_dataset(tmp_path, ("train", "test"))
    (tmp_path / "test" / "NORMAL" / "mine.png").write_bytes(b"")
    records = load_index(tmp_path)

    names = unique_names(records)
    assert names == [record.relative_path if record.path.name != "mine.png" else "mine.png" for record in records]
    assert names[0] == "train/NORMAL/IM-0001-0001.jpeg"
    assert len(set(names)) == len(names)
