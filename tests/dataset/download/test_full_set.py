"""The whole set: what is laid down, and that nothing is where something goes wrong on this machine."""

import errno
import io
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from dataset.download import full_set as module
from dataset.download.full_set import DOWNLOAD_NOTICE, SPACE_NOTE, download_full_set
from model.errors import DatasetError
from tests.support.kaggle_server import COUNTS, WHOLE_SET, files_under, kaggle_archive, refusal

NO_ROOM = (
    "The disk of {} has too little room: about 4 GB are needed while unpacking, 1.2 GB afterwards. Nothing was laid "
    "down. Free some, or name a folder on another disk (--to, or CHEST_XRAY_DIR)."
)


@pytest.mark.usefixtures("kaggle")
def test_lays_the_set_down_flat_without_macos_litter(target):
    assert download_full_set(target) == target

    assert files_under(target) == WHOLE_SET
    for path in target.rglob("*.jpeg"):
        with Image.open(path) as picture:
            picture.load()
    assert list(target.parent.iterdir()) == [target], "the working folder is gone"


def test_takes_the_inner_copy_when_the_outer_is_not_whole(kaggle, target):
    stream = io.BytesIO(kaggle.archive)
    with zipfile.ZipFile(stream) as old, zipfile.ZipFile(whole := io.BytesIO(), "w") as new:
        for name in old.namelist():
            if name != "chest_xray/train/NORMAL/IM-0002-0001.jpeg":
                new.writestr(name, old.read(name))
    kaggle.archive = whole.getvalue()

    download_full_set(target)
    assert files_under(target) == WHOLE_SET


def test_the_notice_says_whom_it_asks_how_much_comes_and_under_which_licence():
    for words in ("api.kaggle.com", "storage.googleapis.com", "2.5 GB", "CC BY 4.0", "Kermany", "rscbjbr9sj"):
        assert words in DOWNLOAD_NOTICE


@pytest.mark.usefixtures("kaggle")
def test_prints_nothing_itself(target, capfd):
    download_full_set(target, lambda _: None)
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("kaggle")
def test_fills_an_empty_folder(target):
    target.mkdir(parents=True)
    download_full_set(target)
    assert files_under(target) == WHOLE_SET


def test_refuses_a_target_that_holds_something(kaggle, target):
    target.mkdir(parents=True)
    (target / "mine.txt").write_text("keep")

    with pytest.raises(DatasetError) as caught:
        download_full_set(target)
    assert str(caught.value) == (
        f"{target} is taken, nothing was laid down. Remove it, or name an empty or new folder (--to, or "
        "CHEST_XRAY_DIR)."
    )
    assert files_under(target.parent) == ["chest_xray/mine.txt"]
    assert kaggle.seen == []


def test_refuses_a_target_that_is_a_file(kaggle, target):
    target.parent.mkdir()
    target.write_text("keep")
    with pytest.raises(DatasetError, match="is taken"):
        download_full_set(target)
    assert target.read_text() == "keep"
    assert kaggle.seen == []


@pytest.mark.usefixtures("kaggle")
def test_refuses_a_target_that_is_filled_meanwhile(target):
    def fill(_) -> None:
        target.mkdir(exist_ok=True)
        (target / "mine.txt").write_text("keep")

    with pytest.raises(DatasetError, match="is taken"):
        download_full_set(target, fill)
    assert files_under(target.parent) == ["chest_xray/mine.txt"]


def test_wrong_counts_lay_nothing_down(kaggle, target):
    kaggle.archive = kaggle_archive(COUNTS | {"train/NORMAL": 2})

    sentence = refusal(download_full_set, target)
    assert "not the published set, nothing was laid down: train/NORMAL 2 instead of 3, train/PNEUMONIA 4" in sentence
    assert files_under(target.parent) == []


def test_an_archive_of_something_else_lays_nothing_down(kaggle, target):
    with zipfile.ZipFile(stream := io.BytesIO(), "w") as archive:
        archive.writestr("readme.txt", "moved")
    kaggle.archive = stream.getvalue()
    assert "train/NORMAL 0 instead of 3" in refusal(download_full_set, target)


def test_no_archive_at_all_lays_nothing_down(kaggle, target):
    kaggle.archive = b"<html>Please log in to the guest network</html>"
    assert refusal(download_full_set, target).startswith(
        "What came cannot be used and was deleted (File is not a zip file). Try again."
    )
    assert files_under(target.parent) == []


@pytest.mark.usefixtures("kaggle")
def test_ctrl_c_keeps_the_archive_alone(target, monkeypatch):
    def stop(*_) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(zipfile.ZipFile, "extract", stop)
        assert refusal(download_full_set, target) == (
            "Interrupted: nothing was laid down. The same command goes on where it stopped."
        )
    assert [Path(name).name for name in files_under(target.parent)] == ["2.archive"]

    download_full_set(target)
    assert files_under(target) == WHOLE_SET


@pytest.mark.usefixtures("kaggle")
def test_clears_what_a_killed_run_left(target):
    left = target.with_name(".chest_xray.download") / "datasets" / "versions" / "2" / "train" / "NORMAL"
    left.mkdir(parents=True)
    (left / "half.jpeg").write_bytes(b"")
    download_full_set(target)
    assert files_under(target.parent) == [f"chest_xray/{name}" for name in WHOLE_SET]


@pytest.mark.usefixtures("kaggle")
def test_a_disk_that_fills_up_leaves_nothing_behind(target, monkeypatch):
    extract = zipfile.ZipFile.extract

    def no_room(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> None:
        extract(archive, member, folder)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(zipfile.ZipFile, "extract", no_room)
    assert refusal(download_full_set, target) == NO_ROOM.format(target.parent)
    assert list(target.parent.iterdir()) == []


def test_too_little_room_is_said_before_anything_is_fetched(kaggle, target, monkeypatch):
    monkeypatch.setattr(module, "REQUIRED_BYTES", shutil.disk_usage(target.anchor).total + 1)
    assert refusal(download_full_set, target) == NO_ROOM.format(target.parent)
    assert SPACE_NOTE in NO_ROOM
    assert kaggle.seen == []
    assert list(target.parent.iterdir()) == []


@pytest.mark.usefixtures("kaggle")
def test_a_folder_that_cannot_be_written_is_said(target, monkeypatch):
    def refuse(*_args, **_options) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert refusal(download_full_set, target) == f"The set cannot be written to {target} ({os.strerror(errno.EACCES)})."


def test_expects_the_published_counts():
    assert sum(module.EXPECTED.values()) == 5856
    assert [sum(n for part, n in module.EXPECTED.items() if part.startswith(s)) for s in ("train", "val", "test")] == [
        5216,
        16,
        624,
    ]
