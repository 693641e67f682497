"""Talking to Kaggle: what is asked of whom, and the sentences where no good answer comes."""

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

both = pytest.mark.parametrize("fetch", [download_full_set, download_samples])


def hooks() -> list:
    """All that is replaced within kagglehub and beside it while it runs."""
    return [
        requests.Session.send,
        kagglehub.clients.tqdm,
        kagglehub.clients.already_printed_version_warning,
        kagglehub.http_resolver._extract_archive,
        logging.getLogger("kagglehub").handlers,
    ]


def test_asks_for_the_pinned_version_once_and_for_nothing_else(kaggle, target):
    download_full_set(target)

    assert kaggle.seen == [(f"POST {API_PATH}", None), (f"GET {STORAGE_PATH}", None)]
    assert kaggle.asked_for == [
        {"ownerSlug": "paultimothymooney", "datasetSlug": "chest-xray-pneumonia", "datasetVersionNumber": 2}
    ]


def test_asks_for_each_sample_once_and_for_nothing_else(kaggle, target):
    download_samples(target, 3)

    names = kaggle.files_asked_for()
    assert kaggle.asked_for == [
        {
            "ownerSlug": "paultimothymooney",
            "datasetSlug": "chest-xray-pneumonia",
            "datasetVersionNumber": 2,
            "fileName": name,
        }
        for name in names
    ]
    assert kaggle.seen == [
        request for name in names for request in ((f"POST {API_PATH}", None), (f"GET {FILE_PATH}{name}?signed", None))
    ]


@both
@pytest.mark.parametrize("status", [302, 404])
def test_leaves_environment_kagglehub_and_requests_as_they_were(fetch, kaggle, target, monkeypatch, status):
    kaggle.status = status
    monkeypatch.setenv("KAGGLEHUB_CACHE", "/elsewhere")
    before, hooked = dict(os.environ), hooks()

    if status == 302:
        fetch(target)
    else:
        refusal(fetch, target)

    assert dict(os.environ) == before
    assert hooks() == hooked


@both
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
def test_a_refusal_names_host_status_and_the_way_by_hand(fetch, kaggle, target, status, reason):
    kaggle.status = status
    assert refusal(fetch, target) == f"127.0.0.1 answered with status {status}: {reason}. {MANUAL_DOWNLOAD_TEXT}"
    assert list(target.parent.iterdir()) == []


@both
@pytest.mark.usefixtures("no_network")
def test_an_unreachable_host_is_named_at_once(fetch, target):
    start = time.monotonic()
    sentence = refusal(fetch, target)
    assert time.monotonic() - start < 5
    assert sentence == f"127.0.0.1 cannot be reached (ConnectionError): check network and proxy. {MANUAL_DOWNLOAD_TEXT}"
    assert "https://www.kaggle.com/datasets/paultimothymooney/chest-xray-pneumonia" in sentence
    assert "CHEST_XRAY_DIR" in sentence
    assert list(target.parent.iterdir()) == []


@both
def test_a_host_that_stays_silent_is_given_up(fetch, kaggle, target, monkeypatch):
    monkeypatch.setattr(dataset.download.kaggle, "TIMEOUT_S", (1, 0.2))
    kaggle.silent.clear()
    assert refusal(fetch, target).startswith("127.0.0.1 cannot be reached (ReadTimeout)")


def test_goes_on_after_a_broken_connection(kaggle, target, monkeypatch):
    monkeypatch.setattr(kagglehub.clients, "CHUNK_SIZE", 1000)  # it writes whole chunks, by default of 1 MiB
    kaggle.bytes_before_break = 2500
    assert refusal(download_full_set, target) == (
        "The connection broke off. Start the download again: it goes on from there."
    )

    kaggle.bytes_before_break = None
    download_full_set(target)
    assert kaggle.seen[-1] == (f"GET {STORAGE_PATH}", "bytes=2000-")
    assert list(target.parent.iterdir()) == [target]
    assert files_under(target) == WHOLE_SET


def test_a_connection_that_breaks_in_the_middle_of_the_samples_leaves_nothing(kaggle, target):
    kaggle.bytes_before_break, kaggle.broken_from = 100, 2

    assert refusal(download_samples, target) == "The connection broke off. Nothing was laid down, try again."
    assert len(kaggle.asked_for) == 3
    assert list(target.parent.iterdir()) == []
