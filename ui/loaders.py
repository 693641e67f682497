"""The trained model, loaded once for all sessions and again when the release changes."""

import hashlib

import streamlit as st

from model.errors import ReleaseMissing
from model.reader import Reader
from model.release import DESCRIPTION, RELEASE_DIR, Release, load_release, release_file
from model.release_tables import ReleaseTables, read_tables
from model.statistics import predictive_values


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


def current_tables(release: Release) -> ReleaseTables:
    """The tables of a release, read once for all sessions.

    Raises:
        ReleaseError: a file is missing or altered.
    """
    return _tables(release.digest, release)


def current_predictive_values(release: Release, threshold: float, prevalence: float) -> dict:
    """PPV and NPV on the official test split, as if it had that prevalence, 0-1; see `predictive_values`."""
    return _predictive_values(release.digest, threshold, prevalence, release)


def _digest() -> str:
    """Digest of model.json, which holds the digests of all other files; "" where there is none."""
    try:
        return hashlib.sha256(release_file(RELEASE_DIR, DESCRIPTION)).hexdigest()
    except ReleaseMissing:
        return ""


@st.cache_resource(max_entries=1, show_spinner="Opening the trained model")
def _reader(digest: str) -> Reader:  # noqa: ARG001 (the key of the cache)
    return Reader(load_release(RELEASE_DIR))


# The pictures behind these two are the data set's, no user's: they may be shared between sessions.
@st.cache_data(max_entries=1, show_spinner="Opening the figures of the release")
def _tables(digest: str, _release: Release) -> ReleaseTables:  # noqa: ARG001 (the key of the cache)
    return read_tables(_release)


@st.cache_data(max_entries=300, show_spinner=False)  # three operating points at each percent of prevalence
def _predictive_values(digest: str, threshold: float, prevalence: float, _release: Release) -> dict:  # noqa: ARG001
    return predictive_values(current_tables(_release).scores, threshold, prevalence)
