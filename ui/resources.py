"""The trained model, loaded once for all sessions and again when the release changes."""

import hashlib
from pathlib import Path

import streamlit as st

from dataset.explorer.catalogue import Catalogue, build_catalogue
from dataset.explorer.mean_radiographs import MeanRadiograph, load_mean_radiographs
from dataset.index import OFFICIAL_SPLITS, dataset_root, load_index
from model.admission.gate import AdmissionGate
from model.codes import LABELS
from model.errors import ReleaseMissing
from model.inference.classifier import Classifier
from model.inference.decision import OperatingPoint
from model.inference.release_loader import RELEASE_DIR, Release, load_release
from model.performance.binary_metrics import predictive_values
from model.performance.release_data import ReleaseData, load_release_data
from model.release_files import ReleaseFile
from model.storage import read_file


def current_release() -> Release:
    """The verified release on this machine.

    Raises:
        ReleaseError: it is missing, altered or does not fit.
    """
    return current_gate().classifier.release


def current_gate() -> AdmissionGate:
    """What checks and reads with the release on this machine.

    Raises:
        ReleaseError: the release, or the check of what may be read, is missing, altered or does not fit.
    """
    return _gate(_digest())


def current_release_data(release: Release) -> ReleaseData:
    """The tables of a release, read once for all sessions.

    Raises:
        ReleaseError: a file is missing or altered.
    """
    return _release_data(release.digest, release)


def current_predictive_values(release: Release, threshold: float, prevalence: float) -> dict:
    """PPV and NPV on the official test split, as if it had that prevalence, 0-1; see `predictive_values`."""
    return _predictive_values(release.digest, threshold, prevalence, release)


def current_catalogue(release: Release, point: OperatingPoint) -> Catalogue:
    """The labelled set, judged at an operating point; shared by all sessions, so not to be changed.

    Raises:
        ReleaseError: a file is missing or altered.
        DatasetError: the folder of the set is there and is not laid out as the set is.
    """
    root = dataset_root().resolve()
    return _catalogue(release.digest, root, _changes(root), point, release)


def current_mean_radiographs(release: Release) -> dict[str, MeanRadiograph]:
    """Mean radiographs of the training pictures by title.

    Raises:
        ReleaseError: the file is missing, altered or damaged.
    """
    return _mean_radiographs(release.digest, release)


def _changes(root: Path) -> tuple[int, ...]:
    """When something was last put into or taken out of each folder of the set; 0 where there is none."""
    folders = (root / split / label for split in OFFICIAL_SPLITS for label in LABELS)
    return tuple(folder.stat().st_mtime_ns if folder.is_dir() else 0 for folder in folders)


def _digest() -> str:
    """Digest of model.json, which holds the digests of all other files; "" where there is none."""
    try:
        return hashlib.sha256(read_file(RELEASE_DIR, ReleaseFile.DESCRIPTION)).hexdigest()
    except ReleaseMissing:
        return ""


@st.cache_resource(max_entries=1, show_spinner="Opening the trained model")
def _gate(digest: str) -> AdmissionGate:  # noqa: ARG001 (the key of the cache)
    return AdmissionGate.from_classifier(Classifier(load_release(RELEASE_DIR)))


# The pictures behind these two are the data set's, no user's: they may be shared between sessions.
@st.cache_data(max_entries=1, show_spinner="Opening the figures of the release")
def _release_data(digest: str, _release: Release) -> ReleaseData:  # noqa: ARG001 (the key of the cache)
    return load_release_data(_release)


@st.cache_data(max_entries=300, show_spinner=False)  # three operating points at each percent of prevalence
def _predictive_values(digest: str, threshold: float, prevalence: float, _release: Release) -> dict:  # noqa: ARG001
    return predictive_values(current_release_data(_release).scores, threshold, prevalence)


@st.cache_resource(max_entries=3, show_spinner="Listing the pictures")  # the operating points
def _catalogue(
    digest: str,  # noqa: ARG001 (the key of the cache, as below)
    root: Path,
    changes: tuple[int, ...],
    point: OperatingPoint,
    _release: Release,
) -> Catalogue:
    records = load_index(root) if any(changes) else []
    return build_catalogue(current_release_data(_release).predictions, records, point, _release.conformal)


@st.cache_resource(max_entries=1, show_spinner=False)
def _mean_radiographs(digest: str, _release: Release) -> dict[str, MeanRadiograph]:  # noqa: ARG001
    return load_mean_radiographs(_release)
