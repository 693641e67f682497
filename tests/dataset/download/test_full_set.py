"""Download of the whole data set: installed files, and nothing installed after an error on this machine."""

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

DISK_FULL = (
    "The disk of {} has too little room: about 4 GB are needed while unpacking, 1.2 GB afterwards. Nothing was laid "
    "down. Free some, or name a folder on another disk (--to, or CHEST_XRAY_DIR)."
)


@pytest.mark.usefixtures("kaggle")
def test_installs_the_data_set_without_files_of_macos(target):
    assert download_full_set(target) == target

    assert files_under(target) == WHOLE_SET
    for path in target.rglob("*.jpeg"):
        with Image.open(path) as image:
            image.load()
    assert list(target.parent.iterdir()) == [target], "the work folder is deleted"


def test_uses_the_inner_copy_if_the_outer_one_is_incomplete(kaggle, target):
    stream = io.BytesIO(kaggle.archive)
    with zipfile.ZipFile(stream) as old, zipfile.ZipFile(changed := io.BytesIO(), "w") as new:
        for name in old.namelist():
            if name != "chest_xray/train/NORMAL/IM-0002-0001.jpeg":
                new.writestr(name, old.read(name))
    kaggle.archive = changed.getvalue()

    download_full_set(target)
    assert files_under(target) == WHOLE_SET


def test_notice_names_hosts_size_licence_and_authors():
    for term in ("api.kaggle.com", "storage.googleapis.com", "2.5 GB", "CC BY 4.0", "Kermany", "rscbjbr9sj"):
        assert term in DOWNLOAD_NOTICE


@pytest.mark.usefixtures("kaggle")
def test_prints_nothing_itself(target, capfd):
    download_full_set(target, lambda _: None)
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("kaggle")
def test_fills_an_empty_folder(target):
    target.mkdir(parents=True)
    download_full_set(target)
    assert files_under(target) == WHOLE_SET


def test_refuses_a_folder_with_other_content(kaggle, target):
    target.mkdir(parents=True)
    (target / "mine.txt").write_text("keep")

    with pytest.raises(DatasetError) as caught:
        download_full_set(target)
    assert str(caught.value) == (
        f"{target} is taken, nothing was laid down. Remove it, or name an empty or new folder (--to, or "
        "CHEST_XRAY_DIR)."
    )
    assert files_under(target.parent) == ["chest_xray/mine.txt"]
    assert kaggle.requests == []


def test_refuses_a_target_that_is_a_file(kaggle, target):
    target.parent.mkdir()
    target.write_text("keep")
    with pytest.raises(DatasetError, match="is taken"):
        download_full_set(target)
    assert target.read_text() == "keep"
    assert kaggle.requests == []


@pytest.mark.usefixtures("kaggle")
def test_refuses_a_target_that_was_filled_meanwhile(target):
    def fill(_) -> None:
        target.mkdir(exist_ok=True)
        (target / "mine.txt").write_text("keep")

    with pytest.raises(DatasetError, match="is taken"):
        download_full_set(target, fill)
    assert files_under(target.parent) == ["chest_xray/mine.txt"]


def test_wrong_counts_install_nothing(kaggle, target):
    kaggle.archive = kaggle_archive(COUNTS | {"train/NORMAL": 2})

    sentence = refusal(download_full_set, target)
    assert "not the published set, nothing was laid down: train/NORMAL 2 instead of 3, train/PNEUMONIA 4" in sentence
    assert files_under(target.parent) == []


def test_unrelated_archive_installs_nothing(kaggle, target):
    with zipfile.ZipFile(stream := io.BytesIO(), "w") as archive:
        archive.writestr("readme.txt", "moved")
    kaggle.archive = stream.getvalue()
    assert "train/NORMAL 0 instead of 3" in refusal(download_full_set, target)


def test_web_page_instead_of_an_archive_installs_nothing(kaggle, target):
    kaggle.archive = b"<html>Please log in to the guest network</html>"
    assert refusal(download_full_set, target).startswith(
        "What came cannot be used and was deleted (File is not a zip file). Try again."
    )
    assert files_under(target.parent) == []


@pytest.mark.usefixtures("kaggle")
def test_ctrl_c_keeps_only_the_archive(target, monkeypatch):
    def interrupt(*_) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(zipfile.ZipFile, "extract", interrupt)
        assert refusal(download_full_set, target) == (
            "Interrupted: nothing was laid down. The same command goes on where it stopped."
        )
    assert [Path(name).name for name in files_under(target.parent)] == ["2.archive"]

    download_full_set(target)
    assert files_under(target) == WHOLE_SET


@pytest.mark.usefixtures("kaggle")
def test_deletes_unpacked_files_of_a_killed_run(target):
    unpacked = target.with_name(".chest_xray.download") / "datasets" / "versions" / "2" / "train" / "NORMAL"
    unpacked.mkdir(parents=True)
    (unpacked / "half.jpeg").write_bytes(b"")
    download_full_set(target)
    assert files_under(target.parent) == [f"chest_xray/{name}" for name in WHOLE_SET]


@pytest.mark.usefixtures("kaggle")
def test_full_disk_leaves_nothing_behind(target, monkeypatch):
    extract = zipfile.ZipFile.extract

    def fill_disk(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> None:
        extract(archive, member, folder)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(zipfile.ZipFile, "extract", fill_disk)
    assert refusal(download_full_set, target) == DISK_FULL.format(target.parent)
    assert list(target.parent.iterdir()) == []


def test_too_little_disk_space_is_reported_before_any_request(kaggle, target, monkeypatch):
    monkeypatch.setattr(module, "REQUIRED_BYTES", shutil.disk_usage(target.anchor).total + 1)
    assert refusal(download_full_set, target) == DISK_FULL.format(target.parent)
    assert SPACE_NOTE in DISK_FULL
    assert kaggle.requests == []
    assert list(target.parent.iterdir()) == []


@pytest.mark.usefixtures("kaggle")
def test_unwritable_folder_is_reported(target, monkeypatch):
    def refuse(*_args, **_options) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert refusal(download_full_set, target) == f"The set cannot be written to {target} ({os.strerror(errno.EACCES)})."


def test_expected_counts_are_the_published_ones():
    assert sum(module.EXPECTED.values()) == 5856
    assert [sum(n for part, n in module.EXPECTED.items() if part.startswith(s)) for s in ("train", "val", "test")] == [
        5216,
        16,
        624,
    ]
