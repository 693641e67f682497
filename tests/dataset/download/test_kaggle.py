"""Requests to Kaggle, and messages for failed requests."""

import logging
import os
import time

import kagglehub.clients
import kagglehub.http_resolver
import pytest
import requests

import dataset.download.kaggle
from dataset.download.full_set import download_full_set
from dataset.download.kaggle import PAGE
from dataset.download.samples import download_samples
from model.messages import Message, MessageCode
from model.sentences import render
from tests.support.kaggle_server import API_PATH, FILE_PATH, STORAGE_PATH, WHOLE_SET, download_error, files_under

both_downloads = pytest.mark.parametrize("fetch", [download_full_set, download_samples])


def replaced_attributes() -> list:
    """Return the attributes that are patched while kagglehub runs."""
    return [
        requests.Session.send,
        kagglehub.clients.tqdm,
        kagglehub.clients.already_printed_version_warning,
        kagglehub.http_resolver._extract_archive,
        logging.getLogger("kagglehub").handlers,
    ]


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
@pytest.mark.parametrize("status", [302, 404])
def test_restores_environment_and_patched_attributes(fetch, kaggle, target, monkeypatch, status):
    kaggle.status = status
    monkeypatch.setenv("KAGGLEHUB_CACHE", "/elsewhere")
    environment, attributes = dict(os.environ), replaced_attributes()

    if status == 302:
        fetch(target)
    else:
        download_error(fetch, target)

    assert dict(os.environ) == environment
    assert replaced_attributes() == attributes


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
    monkeypatch.setattr(kagglehub.clients, "CHUNK_SIZE", 1000)  # it writes whole chunks of 1 MiB by default
    kaggle.bytes_before_break = 2500
    assert download_error(download_full_set, target) == Message(MessageCode.CONNECTION_RESUMABLE)

    kaggle.bytes_before_break = None
    download_full_set(target)
    assert kaggle.requests[-1] == (f"GET {STORAGE_PATH}", "bytes=2000-")
    assert list(target.parent.iterdir()) == [target]
    assert files_under(target) == WHOLE_SET


def test_lost_connection_during_samples_leaves_no_files(kaggle, target):
    kaggle.bytes_before_break, kaggle.broken_from = 100, 2

    assert download_error(download_samples, target) == Message(MessageCode.CONNECTION_LOST)
    assert len(kaggle.queries) == 3
    assert list(target.parent.iterdir()) == []
