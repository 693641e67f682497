"""Sample images: selection, installed files, and replacement by another download."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from dataset.download.full_set import download_full_set
from dataset.download.kaggle import PAGE
from dataset.download.samples import download_notice, download_samples, download_size, sample_names
from dataset.download.staging import SAMPLES_MARKER
from dataset.errors import DownloadFailed
from dataset.index import OFFICIAL_TEST_SPLIT, load_index
from model.codes import SplitName
from model.inference.release_loader import RELEASE_DIR
from model.messages import Message, MessageCode
from tests.support.kaggle_server import WHOLE_SET, download_error, files_under, jpeg


def causes(names: list[str]) -> Counter:
    """Count causes according to predictions.csv of the release. All names must be in the official test split."""
    with (RELEASE_DIR / "predictions.csv").open() as table:
        rows = {
            f"{OFFICIAL_TEST_SPLIT}/{row['label']}/{row['file']}": row
            for row in csv.DictReader(table)
            if row["split"] == SplitName.TEST
        }
    return Counter(rows[name]["cause"] for name in names)


@pytest.fixture
def sampled(kaggle, target) -> Path:  # noqa: ARG001 (starts the server)
    """Return the target with six installed samples."""
    return download_samples(target, 6)


@pytest.mark.parametrize(
    ("count", "normal", "bacterial", "viral"),
    [(24, 8, 8, 8), (25, 9, 8, 8), (26, 9, 9, 8), (3, 1, 1, 1), (120, 40, 40, 40)],
)
def test_samples_are_a_third_each_normal_bacterial_and_viral(count, normal, bacterial, viral):
    names = sample_names(count)
    assert causes(names) == {"none": normal, "bacterial": bacterial, "viral": viral}
    assert len(set(names)) == count


def test_samples_are_deterministic_and_come_from_both_series():
    names = sample_names(24)
    assert names == sample_names(24)
    normal = [name for name in names if "/NORMAL/" in name]
    assert {name.partition("IM-")[0] for name in normal} == {"test/NORMAL/", "test/NORMAL/NORMAL2-"}


@pytest.mark.parametrize("count", [-1, 0, 2, 121])
def test_count_out_of_range_is_refused_before_any_request(kaggle, target, count):
    assert download_error(download_samples, target, count) == Message(
        MessageCode.SAMPLE_COUNT, {"count": count, "minimum": 3, "maximum": 120}
    )
    assert kaggle.requests == []


@pytest.mark.slow
def test_samples_have_the_layout_of_the_data_set_and_a_marker_file(kaggle, target):
    assert download_samples(target) == target

    names = sample_names(24)
    assert kaggle.requested_files() == [f"chest_xray/{name}" for name in names]
    assert files_under(target) == sorted([*names, SAMPLES_MARKER])
    assert (target / SAMPLES_MARKER).read_text().splitlines() == names
    assert list(target.parent.iterdir()) == [target]  # the work folder is deleted
    assert sorted(f"test/{r.label}/{r.path.name}" for r in load_index(target)) == sorted(names)


@pytest.mark.usefixtures("kaggle")
def test_prints_nothing(target, capfd):
    download_samples(target, 3, lambda _: None)
    assert capfd.readouterr() == ("", "")


def test_notice_states_hosts_count_size_licence_and_authors():
    notice = download_notice(24)
    for term in ("api.kaggle.com", "storage.googleapis.com", "24 images", "about 6 MB", "CC BY 4.0", "Kermany"):
        assert term in notice
    assert download_size(3) == "about 1 MB"


@pytest.mark.parametrize(
    "content", [b"<html>Please log in to the guest network</html>", jpeg(100)[:-100]], ids=["web page", "truncated"]
)
def test_file_that_is_not_an_image_is_refused(kaggle, target, content):
    kaggle.image = content
    assert download_error(download_samples, target) == Message(MessageCode.DOWNLOAD_NOT_AN_IMAGE, {"page": PAGE})
    assert list(target.parent.iterdir()) == []


@pytest.mark.usefixtures("kaggle")
def test_ctrl_c_installs_nothing(target):
    def interrupt(_) -> None:
        raise KeyboardInterrupt

    assert download_error(download_samples, target, 6, interrupt) == Message(MessageCode.DOWNLOAD_INTERRUPTED)
    assert list(target.parent.iterdir()) == []


def test_whole_data_set_replaces_samples(sampled):
    download_full_set(sampled)
    assert files_under(sampled.parent) == [f"chest_xray/{name}" for name in WHOLE_SET]


@pytest.mark.slow
def test_other_samples_replace_samples(sampled):
    download_samples(sampled, 9)
    assert files_under(sampled) == sorted([*sample_names(9), SAMPLES_MARKER])
    assert list(sampled.parent.iterdir()) == [sampled]


@pytest.mark.slow
@pytest.mark.parametrize("fetch", [download_full_set, download_samples])
def test_samples_are_kept_until_their_replacement_is_complete(kaggle, sampled, fetch):
    def check_samples(_) -> None:
        assert files_under(sampled) == before

    before = files_under(sampled)
    fetch(sampled, progress=check_samples)
    assert files_under(sampled) != before

    kaggle.status = 404
    before = files_under(sampled)
    with pytest.raises(DownloadFailed):
        fetch(sampled)
    assert files_under(sampled) == before


def test_samples_are_restored_if_the_last_rename_fails(sampled, monkeypatch):
    def fail(path: Path, destination: Path) -> Path:
        if destination == sampled and path.name != "before":
            raise PermissionError(13, "Permission denied")
        return rename(path, destination)

    rename, before = Path.rename, files_under(sampled)
    monkeypatch.setattr(Path, "rename", fail)

    with pytest.raises(DownloadFailed) as caught:
        download_full_set(sampled)
    assert caught.value.messages[0].code == MessageCode.TARGET_NOT_WRITABLE
    assert files_under(sampled) == before


def add_a_file(folder: Path) -> None:
    (folder / "test" / "NORMAL" / "mine.jpeg").write_bytes(b"keep")


def add_a_folder(folder: Path) -> None:
    (folder / "mine").mkdir()


def delete_a_file(folder: Path) -> None:
    next(folder.rglob("*.jpeg")).unlink()


def delete_the_marker(folder: Path) -> None:
    (folder / SAMPLES_MARKER).unlink()


@pytest.mark.slow
@pytest.mark.parametrize("fetch", [download_full_set, download_samples])
@pytest.mark.parametrize("change", [add_a_file, add_a_folder, delete_a_file, delete_the_marker])
def test_folder_with_changed_samples_is_in_use(kaggle, sampled, fetch, change):
    change(sampled)
    before = files_under(sampled)
    kaggle.requests.clear()

    with pytest.raises(DownloadFailed) as caught:
        fetch(sampled)
    assert caught.value.messages == (Message(MessageCode.TARGET_IN_USE, {"folder": str(sampled)}),)
    assert files_under(sampled) == before
    assert kaggle.requests == []


@pytest.mark.usefixtures("kaggle")
def test_samples_do_not_replace_the_whole_data_set(target):
    download_full_set(target)
    with pytest.raises(DownloadFailed) as caught:
        download_samples(target)
    assert caught.value.messages == (Message(MessageCode.TARGET_IN_USE, {"folder": str(target)}),)
    assert files_under(target) == WHOLE_SET


def test_samples_keep_a_partial_archive_of_the_whole_data_set(kaggle, target):
    kaggle.bytes_before_break = len(kaggle.archive) - 1
    download_error(download_full_set, target)
    kaggle.bytes_before_break = None
    archive = [name for name in files_under(target.parent) if name.endswith(".archive")]
    assert len(archive) == 1

    download_samples(target, 3)
    assert set(archive) < set(files_under(target.parent))
