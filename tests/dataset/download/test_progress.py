"""Progress of downloads, exceptions in the progress callback, and one download at a time."""

import errno
import threading
from functools import partial
from pathlib import Path

import kagglehub.clients
import pytest
from streamlit.runtime.scriptrunner_utils.exceptions import RerunException, StopException
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

import dataset.download.kaggle
from dataset.download.full_set import download_full_set
from dataset.download.progress import Progress
from dataset.download.samples import download_samples
from dataset.download.staging import ALREADY_RUNNING_TEXT
from model.errors import DatasetError
from tests.support.kaggle_server import STORAGE_PATH, WHOLE_SET, files_under, refusal

samples = partial(download_samples, count=6)
both_downloads = pytest.mark.parametrize("fetch", [download_full_set, samples])
COUNT = len(WHOLE_SET)
RAISED = [
    StopException(),
    RerunException(RerunData()),
    ValueError("a value"),
    OSError(errno.ENOSPC, "full"),
    DatasetError("of another"),
]


def test_reports_each_megabyte_of_the_archive_and_then_each_file(kaggle, target, monkeypatch):
    monkeypatch.setattr(kagglehub.clients, "CHUNK_SIZE", 1000)
    monkeypatch.setattr(dataset.download.kaggle, "MEGABYTE", 1000)
    reports: list[Progress] = []

    download_full_set(target, reports.append)

    total = round(len(kaggle.archive) / 1000)
    assert reports == [
        *(Progress(done, total, "MB") for done in range(total + 1)),
        *(Progress(done, COUNT, "files") for done in range(COUNT + 1)),
    ]


def test_resumed_archive_reports_from_where_it_was(kaggle, target, monkeypatch):
    monkeypatch.setattr(kagglehub.clients, "CHUNK_SIZE", 1000)
    monkeypatch.setattr(dataset.download.kaggle, "MEGABYTE", 1000)
    kaggle.bytes_before_break = 2500
    refusal(download_full_set, target)
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
def test_exception_of_the_callback_is_raised_unchanged_and_installs_nothing(
    fetch, unit, kept, error, target, monkeypatch
):
    def fail(progress: Progress) -> None:
        if progress.unit == unit and progress.done == 3:
            raise error

    monkeypatch.setattr(kagglehub.clients, "CHUNK_SIZE", 1000)
    monkeypatch.setattr(dataset.download.kaggle, "MEGABYTE", 1000)
    with pytest.raises(type(error)) as caught:
        fetch(target, progress=fail)

    assert caught.value is error
    assert not target.exists()
    assert [Path(name).name for name in files_under(target.parent)] == kept


def test_resumes_the_archive_after_the_callback_stopped_it(kaggle, target):
    def stop(progress: Progress) -> None:
        if progress == Progress(3, COUNT, "files"):
            raise StopException

    with pytest.raises(StopException):
        download_full_set(target, stop)
    download_full_set(target)

    assert files_under(target) == WHOLE_SET
    assert kaggle.requests.count((f"GET {STORAGE_PATH}", None)) == 2, "requested again, but only its length is read"


@both_downloads
def test_second_download_is_refused_and_changes_nothing(fetch, kaggle, target):
    kaggle.may_answer.clear()
    first = threading.Thread(target=fetch, args=(target,))
    first.start()
    while not kaggle.requests:
        pass
    staged = files_under(target.parent)
    for second in (download_full_set, download_samples):
        assert refusal(second, target) == ALREADY_RUNNING_TEXT
    assert files_under(target.parent) == staged

    kaggle.may_answer.set()
    first.join(20)
    assert len(list(target.rglob("*.jpeg"))) == (COUNT if fetch is download_full_set else 6)


@both_downloads
def test_failed_download_does_not_count_as_running(fetch, kaggle, target):
    kaggle.status = 404
    refusal(fetch, target)
    kaggle.status = 302
    fetch(target)
    assert target.is_dir()
