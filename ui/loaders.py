"""The trained model, loaded once for all sessions and again when the release changes."""

import hashlib

import streamlit as st

from model.errors import ReleaseMissing
from model.reader import Reader
from model.release import DESCRIPTION, RELEASE_DIR, Release, load_release, release_file


def current_release() -> Release:
    """The verified release on this machine.

    Raises:
        ReleaseError: it is missing, altered or does not fit.
    """
    return _reader(_digest()).release


def current_reader() -> Reader:
    """The reader of the release on this machine.

    Raises:
        ReleaseError: it is missing, altered or does not fit.
    """
    return _reader(_digest())


def _digest() -> str:
    """Digest of model.json, which holds the digests of all other files; "" where there is none."""
    try:
        return hashlib.sha256(release_file(RELEASE_DIR, DESCRIPTION)).hexdigest()
    except ReleaseMissing:
        return ""


@st.cache_resource(max_entries=1, show_spinner="Opening the trained model")
def _reader(digest: str) -> Reader:  # noqa: ARG001 (the key of the cache)
    return Reader(load_release(RELEASE_DIR))
