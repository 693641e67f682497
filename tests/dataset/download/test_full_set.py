"""Download of the complete data set: installed files, and local errors, which must install nothing."""

import errno
import io
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from dataset.download import full_set as module
from dataset.download.full_set import REQUIRED_BYTES, REQUIRED_SPACE, download_full_set, download_notice
from dataset.download.kaggle import PAGE
from dataset.errors import DownloadFailed
from dataset.index import OFFICIAL_SPLITS, dataset_root, load_index
from model.messages import Message, MessageCode
from tests.support.kaggle_server import COUNTS, WHOLE_SET, download_error, files_under, jpeg, kaggle_archive


def disk_full(target: Path) -> Message:
    return Message(MessageCode.DISK_FULL, {"folder": str(target.parent), "size": REQUIRED_SPACE})


def target_in_use(target: Path) -> Message:
    return Message(MessageCode.TARGET_IN_USE, {"folder": str(target)})


@pytest.mark.usefixtures("kaggle")
def test_installs_the_data_set_without_macos_metadata(target):
    assert download_full_set(target) == target

    assert files_under(target) == WHOLE_SET
    for path in target.rglob("*.jpeg"):
        with Image.open(path) as image:
            image.load()
    assert list(target.parent.iterdir()) == [target]  # the work folder is deleted


def test_uses_the_inner_copy_if_the_outer_one_is_incomplete(kaggle, target):
    stream = io.BytesIO(kaggle.archive)
    with zipfile.ZipFile(stream) as original, zipfile.ZipFile(changed := io.BytesIO(), "w") as incomplete:
        for name in original.namelist():
            if name != "chest_xray/train/NORMAL/IM-0002-0001.jpeg":
                incomplete.writestr(name, original.read(name))
    kaggle.archive = changed.getvalue()

    download_full_set(target)
    assert files_under(target) == WHOLE_SET


def test_notice_states_hosts_size_count_licence_and_authors():
    for term in ("api.kaggle.com", "storage.googleapis.com", "2.5 GB", "5,856", "CC BY 4.0", "Kermany", "rscbjbr9sj"):
        assert term in download_notice()


@pytest.mark.usefixtures("kaggle")
def test_prints_nothing(target, capfd):
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

    with pytest.raises(DownloadFailed) as caught:
        download_full_set(target)
    assert caught.value.messages == (target_in_use(target),)
    assert files_under(target.parent) == ["chest_xray/mine.txt"]
    assert kaggle.requests == []


def test_refuses_a_target_that_is_a_file(kaggle, target):
    target.parent.mkdir()
    target.write_text("keep")
    with pytest.raises(DownloadFailed) as caught:
        download_full_set(target)
    assert caught.value.messages == (target_in_use(target),)
    assert target.read_text() == "keep"
    assert kaggle.requests == []


@pytest.mark.usefixtures("kaggle")
def test_refuses_a_target_that_was_filled_during_the_download(target):
    def fill(_) -> None:
        target.mkdir(exist_ok=True)
        (target / "mine.txt").write_text("keep")

    with pytest.raises(DownloadFailed) as caught:
        download_full_set(target, fill)
    assert caught.value.messages == (target_in_use(target),)
    assert files_under(target.parent) == ["chest_xray/mine.txt"]


def test_archive_with_wrong_counts_installs_nothing(kaggle, target):
    kaggle.archive = kaggle_archive(COUNTS | {"train/NORMAL": 2})

    message = download_error(download_full_set, target)
    assert message.code == MessageCode.DOWNLOAD_MISMATCH
    assert str(message.params["counts"]).startswith("train/NORMAL 2 / 3, train/PNEUMONIA 4 / 4")
    assert files_under(target.parent) == []


def test_archive_with_another_image_name_installs_nothing(kaggle, target):
    kaggle.archive = kaggle.archive.replace(b"IM-0002-0001", b"IM-0009-0001")
    message = download_error(download_full_set, target)
    assert (message.code, message.params["reason"]) == (MessageCode.DOWNLOAD_DAMAGED, "the images have other names")
    assert files_under(target.parent) == []


def test_archive_with_a_changed_image_installs_nothing(kaggle, target):
    """The checksum of the archive is that of the host, so only the checksum of the image differs."""
    content = kaggle.archive
    kaggle.archive = content.replace(jpeg(shade=0), jpeg(shade=0)[:-1] + b"\xd8")
    assert kaggle.archive != content
    message = download_error(download_full_set, target)
    assert message.code == MessageCode.DOWNLOAD_DAMAGED
    assert "Bad CRC-32" in str(message.params["reason"])
    assert files_under(target.parent) == []


def test_unrelated_archive_installs_nothing(kaggle, target):
    with zipfile.ZipFile(stream := io.BytesIO(), "w") as archive:
        archive.writestr("readme.txt", "moved")
    kaggle.archive = stream.getvalue()
    message = download_error(download_full_set, target)
    assert message.code == MessageCode.DOWNLOAD_MISMATCH
    assert "train/NORMAL 0 / 3" in str(message.params["counts"])


def test_web_page_instead_of_an_archive_installs_nothing(kaggle, target):
    kaggle.archive = b"<html>Please log in to the guest network</html>"
    assert download_error(download_full_set, target) == Message(
        MessageCode.DOWNLOAD_DAMAGED, {"reason": "File is not a zip file", "page": PAGE}
    )
    assert files_under(target.parent) == []


@pytest.mark.usefixtures("kaggle")
@pytest.mark.parametrize("limit", ["MAX_BYTES", "MAX_UNPACKED_BYTES"])
def test_an_archive_that_unpacks_to_more_than_the_limit_installs_nothing(target, monkeypatch, limit):
    monkeypatch.setattr(module, limit, 100)
    message = download_error(download_full_set, target)
    assert (message.code, message.params["reason"]) == (MessageCode.DOWNLOAD_DAMAGED, "the images are too large")
    assert list(target.parent.iterdir()) == []


@pytest.mark.usefixtures("kaggle")
def test_a_disk_that_is_full_during_the_download_is_reported(target, monkeypatch):
    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("dataset.download.kaggle._check_checksum", full)
    assert download_error(download_full_set, target) == disk_full(target)
    assert list(target.parent.iterdir()) == []


@pytest.mark.usefixtures("kaggle")
def test_ctrl_c_keeps_only_the_archive(target, monkeypatch):
    def interrupt(*_) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(zipfile.ZipFile, "extract", interrupt)
        assert download_error(download_full_set, target) == Message(MessageCode.DOWNLOAD_RESUMABLE)
    assert [Path(name).name for name in files_under(target.parent)] == ["2.archive"]

    download_full_set(target)
    assert files_under(target) == WHOLE_SET


@pytest.mark.usefixtures("kaggle")
def test_deletes_unpacked_files_of_a_killed_run(target):
    unpacked = target.with_name(".chest_xray.download") / "unpacked" / "train" / "NORMAL"
    unpacked.mkdir(parents=True)
    (unpacked / "incomplete.jpeg").write_bytes(b"")
    download_full_set(target)
    assert files_under(target.parent) == [f"chest_xray/{name}" for name in WHOLE_SET]


@pytest.mark.usefixtures("kaggle")
def test_full_disk_leaves_nothing_behind(target, monkeypatch):
    extract = zipfile.ZipFile.extract

    def fill_disk(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> None:
        extract(archive, member, folder)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(zipfile.ZipFile, "extract", fill_disk)
    assert download_error(download_full_set, target) == disk_full(target)
    assert list(target.parent.iterdir()) == []


def test_too_little_disk_space_is_reported_before_any_request(kaggle, target, monkeypatch):
    monkeypatch.setattr(module, "REQUIRED_BYTES", shutil.disk_usage(target.anchor).total + 1)
    assert download_error(download_full_set, target) == disk_full(target)
    assert kaggle.requests == []
    assert list(target.parent.iterdir()) == []


@pytest.mark.usefixtures("kaggle")
def test_unwritable_folder_is_reported(target, monkeypatch):
    def refuse(*_args, **_options) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert download_error(download_full_set, target) == Message(
        MessageCode.TARGET_NOT_WRITABLE, {"folder": str(target), "reason": os.strerror(errno.EACCES)}
    )


def test_expected_counts_are_the_published_ones():
    counts = {
        split: sum(count for part, count in module.EXPECTED.items() if part.startswith(f"{split}/"))
        for split in OFFICIAL_SPLITS
    }
    assert counts == {"train": 5216, "val": 16, "test": 624}
    assert sum(module.EXPECTED.values()) == 5856


@pytest.mark.dataset
def test_expected_names_are_those_of_the_data_set():
    names = [record.relative_path for record in load_index(dataset_root())]
    assert module._names_digest(names) == module.EXPECTED_NAMES


def test_required_space_is_stated_in_gigabytes():
    assert f"{REQUIRED_BYTES / 1e9:.0f} GB" == REQUIRED_SPACE
