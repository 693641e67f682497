"""Release, gate and tables: loaded once for all sessions, and again whenever the release changes."""

import hashlib
from pathlib import Path

import streamlit as st

from dataset.adult_tables import BOXES_FILE, LABELS_FILE, LUNG_BOXES_FILE
from dataset.adults import adult_root, load_adult_index
from dataset.explorer.catalogue import Catalogue, build_catalogue, unmeasured_catalogue
from dataset.explorer.mean_radiographs import MeanRadiograph, load_mean_radiographs
from dataset.index import OFFICIAL_SPLITS, dataset_root, load_index
from model.admission.gate import AdmissionGate
from model.codes import LABELS, POPULATIONS, Population
from model.errors import ReleaseMissing
from model.inference.classifier import Classifier
from model.inference.decision import OperatingPoint
from model.inference.release_loader import RELEASE_DIR, Release, load_release
from model.performance.binary_metrics import predictive_values
from model.performance.release_data import ReleaseData, load_release_data
from model.performance.schema import PredictiveValues
from model.release_files import ReleaseFile
from model.storage import read_file
from model.translation import gettext as _


def current_release() -> Release:
    """Return the verified release of this installation.

    Raises:
        ReleaseError: The release is missing, changed or incompatible.
    """
    return current_gate().classifier.release


def current_gate() -> AdmissionGate:
    """Return the admission gate of the release.

    Raises:
        ReleaseError: The release or its admission check is missing, changed or incompatible.
    """
    with st.spinner(_("Loading the model")):  # shown only if it takes long
        return _gate(_digest())


def current_release_data(release: Release, population: Population = Population.CHILDREN) -> ReleaseData:
    """Return the tables of a release, for one population.

    Raises:
        ReleaseError: A file is missing or changed.
    """
    return _release_data(release.digest, population, release)


def current_predictive_values(
    release: Release, population: Population, threshold: float, prevalence: float
) -> PredictiveValues:
    """Return PPV and NPV on the test split of a population, adjusted to a prevalence; see `predictive_values`."""
    return _predictive_values(release.digest, population, threshold, prevalence, release)


def current_catalogue(release: Release, point: OperatingPoint) -> Catalogue:
    """Return the labelled children with the verdicts at an operating point. All sessions share it: do not modify it.

    Raises:
        ReleaseError: A file is missing or changed.
        DatasetError: The data set folder exists but does not have the expected layout.
    """
    root = dataset_root().resolve()
    with st.spinner(_("Listing the images")):
        return _catalogue(release.digest, root, _modification_times(root), point, release)


def current_adult_catalogue(release: Release) -> Catalogue | None:
    """Return the labelled adults, without results; None if their folder does not exist. Do not modify it.

    Raises:
        DatasetError: The folder exists, but a table or an image is missing, or a table is malformed.
    """
    root = adult_root().resolve()
    if not root.is_dir():
        return None
    content = [LABELS_FILE, BOXES_FILE, LUNG_BOXES_FILE, *(label.lower() for label in LABELS)]
    times = tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in (root / name for name in content))
    with st.spinner(_("Listing the images")):
        return _adult_catalogue(release.digest, root, times, release)


def current_mean_radiographs(release: Release) -> dict[str, MeanRadiograph]:
    """Return the mean radiographs of the training images, by title.

    Raises:
        ReleaseError: The file is missing, changed or damaged.
    """
    return _mean_radiographs(release.digest, release)


def _modification_times(root: Path) -> tuple[int, ...]:
    """Return the modification time of each data set folder; 0 if it does not exist."""
    folders = (root / split / label for split in OFFICIAL_SPLITS for label in LABELS)
    return tuple(folder.stat().st_mtime_ns if folder.is_dir() else 0 for folder in folders)


def _digest() -> str:
    """Return the digest of SHA256SUMS, which lists the checksums of all other files; "" if it does not exist."""
    try:
        return hashlib.sha256(read_file(RELEASE_DIR, ReleaseFile.CHECKSUMS)).hexdigest()
    except ReleaseMissing:
        return ""


@st.cache_resource(max_entries=1, show_spinner=False)
def _gate(digest: str) -> AdmissionGate:  # noqa: ARG001 (key of the cache)
    return AdmissionGate.from_classifier(Classifier(load_release(RELEASE_DIR)))


# Shared by all sessions: these tables describe the data set, not a user's images.
@st.cache_data(max_entries=len(POPULATIONS), show_spinner=False)
def _release_data(digest: str, population: Population, _release: Release) -> ReleaseData:  # noqa: ARG001 (key of the cache)
    return load_release_data(_release, population)


@st.cache_data(max_entries=300, show_spinner=False)  # three operating points at each whole percentage
def _predictive_values(
    digest: str,  # noqa: ARG001
    population: Population,
    threshold: float,
    prevalence: float,
    _release: Release,
) -> PredictiveValues:
    return predictive_values(current_release_data(_release, population).test_predictions, threshold, prevalence)


@st.cache_resource(max_entries=3, show_spinner=False)  # one per operating point
def _catalogue(
    digest: str,  # noqa: ARG001 (key of the cache, as below)
    root: Path,
    modification_times: tuple[int, ...],
    point: OperatingPoint,
    _release: Release,
) -> Catalogue:
    images = load_index(root) if any(modification_times) else []
    conformal = _release.populations[Population.CHILDREN].conformal
    return build_catalogue(current_release_data(_release).predictions, images, point, conformal)


@st.cache_resource(max_entries=1, show_spinner=False)
def _adult_catalogue(digest: str, root: Path, modification_times: tuple[int, ...], _release: Release) -> Catalogue:  # noqa: ARG001
    taken_names = set(current_release_data(_release).predictions["file"])
    return unmeasured_catalogue(load_adult_index(root), taken_names)


@st.cache_resource(max_entries=1, show_spinner=False)
def _mean_radiographs(digest: str, _release: Release) -> dict[str, MeanRadiograph]:  # noqa: ARG001
    return load_mean_radiographs(_release)
