"""Progress of downloads: what is told, what becomes of exceptions out of whoever is told, and one at a time."""

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
both = pytest.mark.parametrize("fetch", [download_full_set, samples])
COUNT = len(WHOLE_SET)
RAISED = [
    StopException(),
    RerunException(RerunData()),
    ValueError("a value"),
    OSError(errno.ENOSPC, "full"),
    DatasetError("of another"),
]


def test_the_megabytes_of_the_archive_are_told_and_then_each_file(kaggle, target, monkeypatch):
    monkeypatch.setattr(kagglehub.clients, "CHUNK_SIZE", 1000)
    monkeypatch.setattr(dataset.download.kaggle, "MEGABYTE", 1000)
    told: list[Progress] = []

    download_full_set(target, told.append)

    total = round(len(kaggle.archive) / 1000)
    assert told == [
        *(Progress(done, total, "MB") for done in range(total + 1)),
        *(Progress(done, COUNT, "files") for done in range(COUNT + 1)),
    ]


def test_an_archive_that_goes_on_is_told_from_where_it_was(kaggle, target, monkeypatch):
    monkeypatch.setattr(kagglehub.clients, "CHUNK_SIZE", 1000)
    monkeypatch.setattr(dataset.download.kaggle, "MEGABYTE", 1000)
    kaggle.bytes_before_break = 2500
    refusal(download_full_set, target)
    kaggle.bytes_before_break = None
    told: list[Progress] = []

    download_full_set(target, told.append)

    assert told[0] == Progress(2, round(len(kaggle.archive) / 1000), "MB")


@pytest.mark.usefixtures("kaggle")
def test_each_sample_is_told(target):
    told: list[Progress] = []

    download_samples(target, 6, told.append)

    assert told == [Progress(done, 6, "files") for done in range(7)]


@pytest.mark.usefixtures("kaggle")
@pytest.mark.parametrize(
    ("fetch", "what", "kept"),
    [(download_full_set, "MB", ["2.archive"]), (download_full_set, "files", ["2.archive"]), (samples, "files", [])],
)
@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_what_a_listener_raises_comes_out_unchanged_and_leaves_nothing_half_done(
    fetch, what, kept, error, target, monkeypatch
):
    def listen(now: Progress) -> None:
        if now.what == what and now.done == 3:
            raise error

    monkeypatch.setattr(kagglehub.clients, "CHUNK_SIZE", 1000)
    monkeypatch.setattr(dataset.download.kaggle, "MEGABYTE", 1000)
    with pytest.raises(type(error)) as caught:
        fetch(target, progress=listen)

    assert caught.value is error
    assert not target.exists()
    assert [Path(name).name for name in files_under(target.parent)] == kept


def test_the_archive_is_gone_on_with_after_a_listener_has_stopped_it(kaggle, target):
    def stop(now: Progress) -> None:
        if now == Progress(3, COUNT, "files"):
            raise StopException

    with pytest.raises(StopException):
        download_full_set(target, stop)
    download_full_set(target)

    assert files_under(target) == WHOLE_SET
    assert kaggle.seen.count((f"GET {STORAGE_PATH}", None)) == 2, "asked for again, but its length alone is read"


@both
def test_a_second_download_is_told_that_one_is_running_and_disturbs_nothing(fetch, kaggle, target):
    kaggle.silent.clear()
    first = threading.Thread(target=fetch, args=(target,))
    first.start()
    while not kaggle.seen:
        pass
    work = files_under(target.parent)
    for second in (download_full_set, download_samples):
        assert refusal(second, target) == ALREADY_RUNNING_TEXT
    assert files_under(target.parent) == work

    kaggle.silent.set()
    first.join(20)
    assert len(list(target.rglob("*.jpeg"))) == (COUNT if fetch is download_full_set else 6)


@both
def test_one_that_failed_does_not_count_as_running(fetch, kaggle, target):
    kaggle.status = 404
    refusal(fetch, target)
    kaggle.status = 302
    fetch(target)
    assert target.is_dir()
