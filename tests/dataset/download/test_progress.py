"""Progress of downloads, exceptions in the progress callback, and the limit of one download at a time."""

import errno
import threading
from functools import partial
from pathlib import Path

import pytest
from streamlit.runtime.scriptrunner_utils.exceptions import RerunException, StopException
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

import dataset.download.kaggle
from dataset.download.full_set import download_full_set
from dataset.download.progress import Progress
from dataset.download.samples import download_samples
from dataset.errors import DownloadFailed
from model.messages import Message, MessageCode
from tests.support.kaggle_server import STORAGE_PATH, WHOLE_SET, download_error, files_under

samples = partial(download_samples, count=6)
both_downloads = pytest.mark.parametrize("fetch", [download_full_set, samples])
COUNT = len(WHOLE_SET)
RAISED = [
    StopException(),
    RerunException(RerunData()),
    ValueError("a value"),
    OSError(errno.ENOSPC, "full"),
    DownloadFailed(MessageCode.DOWNLOAD_RUNNING),
]


def test_reports_each_megabyte_and_then_each_file(kaggle, target, monkeypatch):
    monkeypatch.setattr(dataset.download.kaggle, "CHUNK_BYTES", 1000)
    monkeypatch.setattr(dataset.download.kaggle, "MEGABYTE", 1000)
    reports: list[Progress] = []

    download_full_set(target, reports.append)

    total = round(len(kaggle.archive) / 1000)
    assert reports == [
        *(Progress(done, total, "MB") for done in range(total + 1)),
        *(Progress(done, COUNT, "files") for done in range(COUNT + 1)),
    ]


def test_resumed_download_reports_the_downloaded_part(kaggle, target, monkeypatch):
    monkeypatch.setattr(dataset.download.kaggle, "CHUNK_BYTES", 1000)
    monkeypatch.setattr(dataset.download.kaggle, "MEGABYTE", 1000)
    kaggle.bytes_before_break = 2500
    download_error(download_full_set, target)
    kaggle.bytes_before_break = None
    reports: list[Progress] = []

    download_full_set(target, reports.append)

    assert reports[0] == Progress(2, round(len(kaggle.archive) / 1000), "MB")


@pytest.mark.usefixtures("kaggle")
def test_reports_each_sample(target):
    reports: list[Progress] = []

    download_samples(target, 6, reports.append)

    assert reports == [Progress(done, 6, "files") for done in range(7)]


@pytest.mark.usefixtures("kaggle")
@pytest.mark.parametrize(
    ("fetch", "unit", "kept"),
    [(download_full_set, "MB", ["2.archive"]), (download_full_set, "files", ["2.archive"]), (samples, "files", [])],
)
@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_exception_in_the_callback_is_raised_unchanged_and_installs_nothing(
    fetch, unit, kept, error, target, monkeypatch
):
    def fail(progress: Progress) -> None:
        if progress.unit == unit and progress.done == 3:
            raise error

    monkeypatch.setattr(dataset.download.kaggle, "CHUNK_BYTES", 1000)
    monkeypatch.setattr(dataset.download.kaggle, "MEGABYTE", 1000)
    with pytest.raises(type(error)) as caught:
        fetch(target, progress=fail)

    assert caught.value is error
    assert not target.exists()
    assert [Path(name).name for name in files_under(target.parent)] == kept


def test_resumes_after_the_callback_stopped_the_download(kaggle, target):
    def stop(progress: Progress) -> None:
        if progress == Progress(3, COUNT, "files"):
            raise StopException

    with pytest.raises(StopException):
        download_full_set(target, stop)
    download_full_set(target)

    assert files_under(target) == WHOLE_SET
    assert kaggle.requests[-1] == (f"GET {STORAGE_PATH}", f"bytes={len(kaggle.archive)}-")  # nothing was left to send


@both_downloads
def test_second_download_is_refused_and_changes_nothing(fetch, kaggle, target):
    kaggle.may_answer.clear()
    first = threading.Thread(target=fetch, args=(target,))
    first.start()
    while not kaggle.requests:
        pass
    staged = files_under(target.parent)
    for second in (download_full_set, download_samples):
        assert download_error(second, target) == Message(MessageCode.DOWNLOAD_RUNNING)
    assert files_under(target.parent) == staged

    kaggle.may_answer.set()
    first.join(20)
    assert len(list(target.rglob("*.jpeg"))) == (COUNT if fetch is download_full_set else 6)


@both_downloads
def test_failed_download_does_not_block_the_next(fetch, kaggle, target):
    kaggle.status = 404
    download_error(fetch, target)
    kaggle.status = 302
    fetch(target)
    assert target.is_dir()
