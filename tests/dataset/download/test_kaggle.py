"""Requests to Kaggle, and messages for failed requests."""

import time

import pytest

import dataset.download.kaggle
from dataset.download.full_set import download_full_set
from dataset.download.kaggle import PAGE
from dataset.download.samples import download_samples
from dataset.download.staging import ARCHIVE_NAME
from model.messages import Message, MessageCode
from model.sentences import render
from model.version import VERSION
from tests.support.kaggle_server import API_PATH, FILE_PATH, STORAGE_PATH, WHOLE_SET, download_error, files_under

both_downloads = pytest.mark.parametrize("fetch", [download_full_set, download_samples])


def test_requests_only_the_pinned_version(kaggle, target):
    download_full_set(target)

    assert kaggle.requests == [(f"POST {API_PATH}", None), (f"GET {STORAGE_PATH}", None)]
    assert kaggle.queries == [
        {"ownerSlug": "paultimothymooney", "datasetSlug": "chest-xray-pneumonia", "datasetVersionNumber": 2}
    ]


def test_requests_each_sample_once(kaggle, target):
    download_samples(target, 3)

    names = kaggle.requested_files()
    assert kaggle.queries == [
        {
            "ownerSlug": "paultimothymooney",
            "datasetSlug": "chest-xray-pneumonia",
            "datasetVersionNumber": 2,
            "fileName": name,
        }
        for name in names
    ]
    assert kaggle.requests == [
        request for name in names for request in ((f"POST {API_PATH}", None), (f"GET {FILE_PATH}{name}?signed", None))
    ]


@both_downloads
def test_no_credentials_are_sent(fetch, kaggle, target, tmp_path):
    (tmp_path / "home" / ".kaggle").mkdir(parents=True)
    (tmp_path / "home" / ".kaggle" / "kaggle.json").write_text('{"username": "me", "key": "secret"}')
    (tmp_path / "home" / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    (tmp_path / "home" / ".netrc").chmod(0o600)
    fetch(target)
    assert kaggle.headers
    for headers in kaggle.headers:
        assert not {"Authorization", "Cookie"} & set(headers)
        assert headers["User-Agent"] == f"chest-radiograph-reader/{VERSION}"


@both_downloads
def test_a_redirect_to_another_protocol_is_not_followed(fetch, kaggle, target):
    kaggle.redirect_to = f"ftp://127.0.0.1:{kaggle.server_port}"
    assert download_error(fetch, target).code == MessageCode.HOST_ERROR
    assert not any(line.startswith("GET") for line, _ in kaggle.requests)


@both_downloads
def test_an_answer_that_does_not_redirect_is_reported_as_an_error_of_the_host(fetch, kaggle, target):
    kaggle.status = 200
    assert download_error(fetch, target) == Message(
        MessageCode.HOST_ERROR, {"host": "127.0.0.1", "status": 200, "page": PAGE}
    )


@both_downloads
def test_a_file_that_differs_from_the_stated_checksum_is_deleted(fetch, kaggle, target):
    kaggle.stated_md5 = "AAAAAAAAAAAAAAAAAAAAAA=="
    assert download_error(fetch, target) == Message(
        MessageCode.DOWNLOAD_DAMAGED, {"reason": "the checksum differs", "page": PAGE}
    )
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("fetch", "limit"), [(download_full_set, "MAX_ARCHIVE_BYTES"), (download_samples, "MAX_BYTES")]
)
@pytest.mark.usefixtures("kaggle")
def test_a_file_above_the_limit_is_not_downloaded(fetch, limit, target, monkeypatch):
    monkeypatch.setattr(dataset.download.kaggle, limit, 500)
    assert download_error(fetch, target).params["reason"] == "too large"
    assert list(target.parent.iterdir()) == []


@both_downloads
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, MessageCode.LOGIN_REQUIRED),
        (403, MessageCode.DOWNLOAD_FORBIDDEN),
        (404, MessageCode.DOWNLOAD_NOT_FOUND),
        (503, MessageCode.HOST_ERROR),
    ],
)
def test_error_from_the_server_states_host_status_and_page(fetch, kaggle, target, status, code):
    kaggle.status = status
    assert download_error(fetch, target) == Message(code, {"host": "127.0.0.1", "status": status, "page": PAGE})
    assert list(target.parent.iterdir()) == []


@both_downloads
@pytest.mark.usefixtures("no_network")
def test_unreachable_host_is_reported_at_once(fetch, target):
    start = time.monotonic()
    message = download_error(fetch, target)
    assert time.monotonic() - start < 5
    assert message == Message(
        MessageCode.HOST_UNREACHABLE, {"host": "127.0.0.1", "error": "ConnectionError", "page": PAGE}
    )
    sentences = render([message])
    assert "https://www.kaggle.com/datasets/paultimothymooney/chest-xray-pneumonia" in sentences
    assert "CHEST_XRAY_DIR" in sentences
    assert list(target.parent.iterdir()) == []


@both_downloads
def test_host_that_does_not_answer_times_out(fetch, kaggle, target, monkeypatch):
    monkeypatch.setattr(dataset.download.kaggle, "TIMEOUT_S", (1, 0.2))
    kaggle.may_answer.clear()
    message = download_error(fetch, target)
    assert (message.code, message.params["error"]) == (MessageCode.HOST_UNREACHABLE, "ReadTimeout")


def test_resumes_after_a_lost_connection(kaggle, target, monkeypatch):
    monkeypatch.setattr(dataset.download.kaggle, "CHUNK_BYTES", 1000)  # whole chunks are written
    kaggle.bytes_before_break = 2500
    assert download_error(download_full_set, target) == Message(MessageCode.CONNECTION_RESUMABLE)

    kaggle.bytes_before_break = None
    download_full_set(target)
    assert kaggle.requests[-1] == (f"GET {STORAGE_PATH}", "bytes=2000-")
    assert list(target.parent.iterdir()) == [target]
    assert files_under(target) == WHOLE_SET


def test_a_host_that_cannot_resume_sends_the_whole_archive_again(kaggle, target, monkeypatch):
    monkeypatch.setattr(dataset.download.kaggle, "CHUNK_BYTES", 1000)
    kaggle.bytes_before_break = 2500
    download_error(download_full_set, target)
    kaggle.bytes_before_break, kaggle.supports_ranges = None, False
    download_full_set(target)
    assert files_under(target) == WHOLE_SET


def test_an_archive_that_is_longer_than_on_the_host_is_deleted(kaggle, target):
    archive = target.with_name(".chest_xray.download") / ARCHIVE_NAME
    archive.parent.mkdir(parents=True)
    archive.write_bytes(kaggle.archive + b"more")
    download_error(download_full_set, target)
    assert not archive.exists()


def test_lost_connection_during_samples_leaves_no_files(kaggle, target):
    kaggle.bytes_before_break, kaggle.broken_from = 100, 2

    assert download_error(download_samples, target) == Message(MessageCode.CONNECTION_LOST)
    assert len(kaggle.queries) == 3
    assert list(target.parent.iterdir()) == []
