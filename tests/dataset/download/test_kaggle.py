"""Requests to Kaggle, and error messages for failed ones."""

import logging
import os
import time

import kagglehub.clients
import kagglehub.http_resolver
import pytest
import requests

import dataset.download.kaggle
from dataset.download.full_set import download_full_set
from dataset.download.kaggle import MANUAL_DOWNLOAD_TEXT
from dataset.download.samples import download_samples
from tests.support.kaggle_server import API_PATH, FILE_PATH, STORAGE_PATH, WHOLE_SET, files_under, refusal

both_downloads = pytest.mark.parametrize("fetch", [download_full_set, download_samples])


def replaced_attributes() -> list:
    """Return everything that is replaced while kagglehub runs."""
    return [
        requests.Session.send,
        kagglehub.clients.tqdm,
        kagglehub.clients.already_printed_version_warning,
        kagglehub.http_resolver._extract_archive,
        logging.getLogger("kagglehub").handlers,
    ]


def test_requests_the_pinned_version_once_and_nothing_else(kaggle, target):
    download_full_set(target)

    assert kaggle.requests == [(f"POST {API_PATH}", None), (f"GET {STORAGE_PATH}", None)]
    assert kaggle.queries == [
        {"ownerSlug": "paultimothymooney", "datasetSlug": "chest-xray-pneumonia", "datasetVersionNumber": 2}
    ]


def test_requests_each_sample_once_and_nothing_else(kaggle, target):
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
def test_restores_environment_kagglehub_and_requests(fetch, kaggle, target, monkeypatch, status):
    kaggle.status = status
    monkeypatch.setenv("KAGGLEHUB_CACHE", "/elsewhere")
    environment, attributes = dict(os.environ), replaced_attributes()

    if status == 302:
        fetch(target)
    else:
        refusal(fetch, target)

    assert dict(os.environ) == environment
    assert replaced_attributes() == attributes


@both_downloads
@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (
            401,
            "it asks for a login or does not know the Kaggle token on this machine (none is needed: remove it)",
        ),
        (403, "it refuses the download from here; try again later or from another network"),
        (404, "the set is no longer at that address"),
        (503, "try again later"),
    ],
)
def test_refusal_names_host_status_and_manual_download(fetch, kaggle, target, status, reason):
    kaggle.status = status
    assert refusal(fetch, target) == f"127.0.0.1 answered with status {status}: {reason}. {MANUAL_DOWNLOAD_TEXT}"
    assert list(target.parent.iterdir()) == []


@both_downloads
@pytest.mark.usefixtures("no_network")
def test_unreachable_host_is_reported_at_once(fetch, target):
    start = time.monotonic()
    sentence = refusal(fetch, target)
    assert time.monotonic() - start < 5
    assert sentence == f"127.0.0.1 cannot be reached (ConnectionError): check network and proxy. {MANUAL_DOWNLOAD_TEXT}"
    assert "https://www.kaggle.com/datasets/paultimothymooney/chest-xray-pneumonia" in sentence
    assert "CHEST_XRAY_DIR" in sentence
    assert list(target.parent.iterdir()) == []


@both_downloads
def test_host_that_does_not_answer_times_out(fetch, kaggle, target, monkeypatch):
    monkeypatch.setattr(dataset.download.kaggle, "TIMEOUT_S", (1, 0.2))
    kaggle.may_answer.clear()
    assert refusal(fetch, target).startswith("127.0.0.1 cannot be reached (ReadTimeout)")


def test_resumes_after_a_broken_connection(kaggle, target, monkeypatch):
    monkeypatch.setattr(kagglehub.clients, "CHUNK_SIZE", 1000)  # it writes whole chunks, by default of 1 MiB
    kaggle.bytes_before_break = 2500
    assert refusal(download_full_set, target) == (
        "The connection broke off. Start the download again: it goes on from there."
    )

    kaggle.bytes_before_break = None
    download_full_set(target)
    assert kaggle.requests[-1] == (f"GET {STORAGE_PATH}", "bytes=2000-")
    assert list(target.parent.iterdir()) == [target]
    assert files_under(target) == WHOLE_SET


def test_broken_connection_during_samples_leaves_nothing(kaggle, target):
    kaggle.bytes_before_break, kaggle.broken_from = 100, 2

    assert refusal(download_samples, target) == "The connection broke off. Nothing was laid down, try again."
    assert len(kaggle.queries) == 3
    assert list(target.parent.iterdir()) == []
