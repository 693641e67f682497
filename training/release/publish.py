"""Publish an evaluated candidate as the release that the app loads.

    python -m training release --run runs/reader --version 1.0.0 --change "First release."

The new release is assembled and verified in a sibling directory, which then replaces the old release atomically.
"""

import json
import platform
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any, cast

from dataset.split import Split
from model.admission.gate import AdmissionGate
from model.codes import SPLITS
from model.errors import ReleaseError, TrainingError
from model.inference.classifier import load_model
from model.inference.release_loader import Release, load_release
from model.inference.release_schema import ReleaseDescription
from model.performance.schema import ReleaseMetrics
from model.release_files import ReleaseFile
from model.storage import read_file, replace_directory, write_checksums, write_json, write_text
from training.data.loading import network_inputs
from training.networks.classifier import load_released_network
from training.networks.export import check_litert_agreement
from training.release.model_card import model_card

# Files that `evaluate` adds to a candidate.
MEASURED_FILES = (
    ReleaseFile.METRICS,
    ReleaseFile.PREDICTIONS,
    ReleaseFile.CURVES,
)
HEADLINE_METRICS = ("n", "patients", "auc", "accuracy", "sensitivity", "specificity")
LOGGED_LIBRARIES = ("tensorflow", "keras", "ai-edge-litert", "numpy", "pillow")


@dataclass(frozen=True)
class ReleaseNotes:
    """Facts about a new release that the caller provides.

    Attributes:
        version: Version of the release.
        change: One sentence for the changelog of the model.
        commit: Commit of the program that makes the release.
    """

    version: str
    change: str
    commit: str


def publish(candidate: Release, split: Split, target: Path, notes: ReleaseNotes, test_openings: int) -> Release:
    """Write a release from a candidate that has been evaluated on all three splits.

    Args:
        candidate: Result of `training.release.candidate.assemble_candidate`. Its directory contains the metrics.
        split: Images in each split, for the check that Keras and LiteRT agree.
        target: Directory of the release, which is replaced.
        notes: Version, change and commit.
        test_openings: Number of measurements on the official test split so far.

    Returns:
        The new release.

    Raises:
        TrainingError: The candidate has not been evaluated, its metrics belong to other weights, or Keras and LiteRT
            disagree.
    """
    metrics = _measured_metrics(candidate)
    with replace_directory(target) as staged:
        for name in candidate.checksums:  # shutil.copytree would hide the errno of a full disk
            if name != ReleaseFile.DESCRIPTION:
                shutil.copy2(candidate.directory / name, staged / name)
        description = {
            **candidate.description,
            **_release_entries(candidate, metrics, target, notes, test_openings),
        }
        data_audit = json.loads(candidate.read_file(ReleaseFile.DATASET_AUDIT))
        write_text(
            staged / ReleaseFile.CARD,
            model_card(cast(ReleaseDescription, description), cast(ReleaseMetrics, metrics), data_audit),
        )
        write_json(staged / ReleaseFile.DESCRIPTION, description)
        write_checksums(staged)
        classifier = load_model(staged)
        AdmissionGate.from_classifier(classifier)  # raises if the admission check does not load
        check_litert_agreement(
            load_released_network(staged / ReleaseFile.CLASSIFIER_KERAS, candidate.opacity_contour is not None),
            classifier,
            network_inputs(classifier, split.validation),
        )
    return load_release(target)


def rewrite_card(target: Path) -> Release:
    """Rewrite the model card of a release from its other files, which do not change.

    Args:
        target: Directory of the release.

    Returns:
        The release with the new card.
    """
    release = load_release(target)
    metrics, data_audit = (
        json.loads(release.read_file(name)) for name in (ReleaseFile.METRICS, ReleaseFile.DATASET_AUDIT)
    )
    with replace_directory(target) as staged:
        for name in release.checksums:
            shutil.copy2(target / name, staged / name)
        write_text(staged / ReleaseFile.CARD, model_card(release.description, metrics, data_audit))
        write_checksums(staged)
    return load_release(target)


def _release_entries(
    candidate: Release, metrics: Mapping[str, Any], target: Path, notes: ReleaseNotes, test_openings: int
) -> dict[str, Any]:
    """Return the entries of model.json that a release has in addition to those of its candidate."""
    return {
        "version": notes.version,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "git_commit": notes.commit,
        "seed": candidate.description["training"]["seed"],
        "libraries": {name: library_version(name) for name in LOGGED_LIBRARIES} | {"python": platform.python_version()},
        "metrics": {
            name: _headline_metrics(split_metrics, metrics) for name, split_metrics in metrics["splits"].items()
        },
        "shortcut_audit": metrics["shortcut_audit"],
        "lungs": candidate.description["lungs"] | {"segmentation_metrics": metrics.get("lungs")},
        "test_split_opened": test_openings,
        "changelog": [{"version": notes.version, "change": notes.change}, *_previous_changelog(target)],
    }


def _headline_metrics(split_metrics: Mapping[str, Any], metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the HEADLINE_METRICS of a split at the default operating point."""
    at_point = split_metrics["operating_points"][metrics["operating_point"]["name"]]
    return {name: {**split_metrics, **at_point}[name] for name in HEADLINE_METRICS}


def head_commit(folder: Path) -> str:
    """Return the current commit of a git checkout, or "unknown" outside a checkout."""
    result = _git(folder, "rev-parse", "HEAD")
    return result.stdout.strip() if result.returncode == 0 else "unknown"


def clean_commit(folder: Path) -> str:
    """Return the commit of a checkout without uncommitted changes. It identifies the program that makes a release.

    Raises:
        TrainingError: There are uncommitted changes, or the folder is not a git checkout.
    """
    status = _git(folder, "status", "--porcelain")
    if status.returncode != 0:
        raise TrainingError("A release records the commit of the program. Run this command in a git checkout.")
    if status.stdout.strip():
        raise TrainingError(f"Commit or remove these changes before you make a release:\n{status.stdout.rstrip()}")
    return head_commit(folder)


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", *arguments]
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:  # git is not installed
        return subprocess.CompletedProcess(command, 127, "", "")


def _measured_metrics(candidate: Release) -> dict[str, Any]:
    """Return the metrics of a candidate, after checking that they are complete and belong to its weights."""
    advice = "Run `python -m training evaluate --run ... --split training validation test` first."
    missing = [name for name in MEASURED_FILES if name not in candidate.checksums]
    if missing:
        raise TrainingError(f"The candidate has not been evaluated ({', '.join(missing)} missing). {advice}")
    metrics: dict[str, Any] = json.loads(candidate.read_file(ReleaseFile.METRICS))
    if metrics["network_sha256"] != candidate.checksums[ReleaseFile.CLASSIFIER]:
        raise TrainingError(f"The metrics of the candidate belong to other weights. {advice}")
    if not metrics["splits"].keys() >= set(SPLITS):
        raise TrainingError(f"The candidate has only been evaluated on {', '.join(metrics['splits'])}. {advice}")
    return metrics


def _previous_changelog(target: Path) -> list[dict[str, str]]:
    """Return the changelog of the previous release, even if that release has a different format or is damaged."""
    try:
        return list(json.loads(read_file(target, ReleaseFile.DESCRIPTION))["changelog"])
    except (
        ReleaseError,
        ValueError,
        KeyError,
        TypeError,
    ):  # there is no previous release, or its changelog cannot be read
        return []
