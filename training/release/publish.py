"""Publish a measured candidate as the release that the app loads.

    python -m training release --run runs/reader --version 1.0.0 --change "First release."

The new release is put together and verified beside the old one, which it replaces in one rename.
"""

import json
import platform
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as library_version
from pathlib import Path

import keras

from dataset.split import Split
from model.admission.gate import AdmissionGate
from model.codes import SPLITS
from model.errors import ReleaseError, TrainingError
from model.inference.classifier import Classifier
from model.inference.release_loader import Release, load_release
from model.release_files import ReleaseFile
from model.storage import read_file, replace_directory, sha256, write_json, write_text
from training.data.loading import network_inputs
from training.networks.export import check_litert_agreement
from training.release import statements as about
from training.release.model_card import model_card

MEASURED_FILES = (
    ReleaseFile.METRICS,
    ReleaseFile.PREDICTIONS,
    ReleaseFile.CURVES,
    ReleaseFile.DATASET_AUDIT,
    ReleaseFile.SIMILAR_CASES,
    ReleaseFile.MEAN_RADIOGRAPHS,
    ReleaseFile.ADMISSION,
)  # what `evaluate` writes for a release
HEADLINE_METRICS = ("n", "patients", "auc", "accuracy", "sensitivity", "specificity")
LOGGED_LIBRARIES = ("tensorflow", "keras", "ai-edge-litert", "numpy", "pillow")


@dataclass(frozen=True)
class ReleaseNotes:
    """What a new release is told from outside: version, one sentence for the changelog, commit of the program."""

    version: str
    change: str
    commit: str


def publish(candidate: Release, parts: Split, target: Path, edition: ReleaseNotes, times_tested: int) -> Release:
    """Write the release `target` from a candidate that `evaluate` has measured on all three splits.

    Args:
        candidate: made by `training.release.candidate.assemble_candidate`; its measurements lie in its folder.
        parts: the records, for the check that Keras and LiteRT agree.
        target: the release folder, replaced whole.
        edition: version, change and commit.
        times_tested: how often the official test split has been opened until now.

    Raises:
        TrainingError: not measured, measured with other weights, or Keras and LiteRT disagree.
    """
    metrics = _metrics(candidate)
    with replace_directory(target) as staged:
        for path in candidate.directory.iterdir():  # copytree would report a full disk as an error of its own kind
            shutil.copy2(path, staged)
        description = candidate.description | _described(candidate, metrics, target, edition, times_tested)
        data_audit = json.loads((staged / ReleaseFile.DATASET_AUDIT).read_text())
        write_text(staged / ReleaseFile.CARD, model_card(description, metrics, data_audit))
        files = {path.name: sha256(path) for path in sorted(staged.iterdir()) if path.name != ReleaseFile.DESCRIPTION}
        write_json(staged / ReleaseFile.DESCRIPTION, description | {"files": files})
        classifier = Classifier(load_release(staged))
        AdmissionGate.from_classifier(classifier)  # a release that nothing is read with is none
        check_litert_agreement(
            keras.models.load_model(staged / ReleaseFile.CLASSIFIER_KERAS),
            classifier,
            network_inputs(classifier, parts.validation),
        )
    return load_release(target)


def _described(candidate: Release, metrics: dict, target: Path, edition: ReleaseNotes, times_tested: int) -> dict:
    """What a release's model.json holds beyond its candidate's, the checksums apart."""
    return {
        "version": edition.version,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "git_commit": edition.commit,
        "seed": candidate.description["training"]["seed"],
        "libraries": {name: library_version(name) for name in LOGGED_LIBRARIES} | {"python": platform.python_version()},
        "metrics": {split: _headline(measured, metrics) for split, measured in metrics["splits"].items()},
        "shortcut_audit": metrics["shortcut_audit"],
        "lungs": candidate.description["lungs"] | {"found": metrics.get("lungs")},
        "test_split_opened": times_tested,
        "intended_use": about.INTENDED_USE,
        "population": about.POPULATION,
        "population_years": list(about.POPULATION_YEARS),
        "limits": list(about.LIMITS),
        "ethics": list(about.ETHICS),
        "changelog": [{"version": edition.version, "change": edition.change}, *_changelog(target)],
    }


def _headline(measured: dict, metrics: dict) -> dict:
    at_point = measured["operating_points"][metrics["operating_point"]["name"]]
    return {name: (measured | at_point)[name] for name in HEADLINE_METRICS}


def head_commit(folder: Path) -> str:
    """The commit that the program stands at, "unknown" outside a git checkout."""
    found = _git(folder, "rev-parse", "HEAD")
    return found.stdout.strip() if found.returncode == 0 else "unknown"


def clean_commit(folder: Path) -> str:
    """The commit of a tree without uncommitted changes, so that a release names the program that made it.

    Raises:
        TrainingError: something is not committed, or the folder is no git checkout.
    """
    status = _git(folder, "status", "--porcelain")
    if status.returncode != 0:
        raise TrainingError("A release is made from a git checkout, so that it can name the program that made it.")
    if status.stdout.strip():
        raise TrainingError(f"Commit or remove these before a release is made:\n{status.stdout.rstrip()}")
    return head_commit(folder)


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", *arguments]
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:  # no git on this machine
        return subprocess.CompletedProcess(command, 127, "", "")


def _metrics(candidate: Release) -> dict:
    """The candidate's measurements, of these very weights and of every split that a release reports."""
    advice = "Run `python -m training evaluate --run ... --split training validation test` first."
    absent = [name for name in MEASURED_FILES if not (candidate.directory / name).exists()]
    if absent:
        raise TrainingError(f"The candidate has not been measured ({', '.join(absent)} missing). {advice}")
    metrics = json.loads((candidate.directory / ReleaseFile.METRICS).read_text())
    if metrics["network_sha256"] != candidate.description["files"][ReleaseFile.CLASSIFIER]:
        raise TrainingError(f"The candidate's metrics belong to other weights. {advice}")
    if not metrics["splits"].keys() >= SPLITS:
        raise TrainingError(f"The candidate has been measured on {', '.join(metrics['splits'])} alone. {advice}")
    return metrics


def _changelog(target: Path) -> list[dict[str, str]]:
    """What the release to be replaced says of its versions, even where it is of another format or damaged."""
    try:
        return list(json.loads(read_file(target, ReleaseFile.DESCRIPTION))["changelog"])
    except (ReleaseError, ValueError, KeyError, TypeError):  # there is none yet, or it cannot be read
        return []
