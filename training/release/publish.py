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

from dataset.quality.audit import DatasetAudit
from dataset.split import Split
from model.admission.gate import AdmissionGate
from model.codes import SPLITS, Population
from model.errors import ReleaseError, TrainingError
from model.inference.classifier import load_model
from model.inference.release_loader import Release, load_release
from model.inference.release_schema import ReleaseDescription
from model.performance.population import metrics_of_population
from model.performance.schema import ReleaseMetrics
from model.release_files import ReleaseFile
from model.storage import read_file, replace_directory, write_checksums, write_json, write_text
from training.data.loading import network_inputs
from training.networks.classifier import load_released_network
from training.networks.export import check_litert_agreement
from training.release.licence import licence_text
from training.release.model_card import model_card
from training.release.statements import licence

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


def publish(
    candidate: Release, split: Split, target: Path, notes: ReleaseNotes, test_openings: Mapping[Population, int]
) -> Release:
    """Write a release from a candidate that has been evaluated on all splits.

    Args:
        candidate: Result of `training.release.candidate.assemble_candidate`. Its directory contains the metrics.
        split: Images of children in each split, for the check that Keras and LiteRT agree.
        target: Directory of the release, which is replaced.
        notes: Version, change and commit.
        test_openings: Number of measurements on the test split of each population so far.

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
        _write_texts(staged, cast(ReleaseDescription, description), metrics, data_audit)
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
    """Rewrite the model card and the licence of a release from its other files, which do not change.

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
        _write_texts(staged, release.description, metrics, data_audit)
        write_checksums(staged)
    return load_release(target)


def _write_texts(
    directory: Path, description: ReleaseDescription, metrics: ReleaseMetrics, data_audit: DatasetAudit
) -> None:
    """Write the files of a release that are generated from its other files."""
    write_text(directory / ReleaseFile.CARD, model_card(description, metrics, data_audit))
    write_text(directory / ReleaseFile.LICENCE, licence_text(description))


def _release_entries(
    candidate: Release,
    metrics: ReleaseMetrics,
    target: Path,
    notes: ReleaseNotes,
    test_openings: Mapping[Population, int],
) -> dict[str, Any]:
    """Return the entries of model.json that a release has in addition to those of its candidate."""
    description = candidate.description
    return {
        "version": notes.version,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "git_commit": notes.commit,
        "seed": description["training"]["seed"],
        "libraries": {name: library_version(name) for name in LOGGED_LIBRARIES} | {"python": platform.python_version()},
        "licence": licence(description["populations"]),
        "metrics": _headline_metrics(metrics, Population.CHILDREN),
        "populations": {
            name: entry | _measured_entries(metrics, Population(name), test_openings)
            for name, entry in description["populations"].items()
        },
        "shortcut_audit": metrics["shortcut_audit"],
        "lungs": description["lungs"] | {"segmentation_metrics": metrics.get("lungs")},
        "test_split_opened": test_openings[Population.CHILDREN],
        "changelog": [{"version": notes.version, "change": notes.change}, *_previous_changelog(target)],
    }


def _measured_entries(
    metrics: ReleaseMetrics, population: Population, test_openings: Mapping[Population, int]
) -> dict[str, Any]:
    """Return what the entry of a population has in addition; the figures of children are in model.json itself."""
    if population is Population.CHILDREN:
        return {}
    return {
        "metrics": _headline_metrics(metrics, population),
        "test_split_opened": test_openings[population],
    }


def _headline_metrics(metrics: ReleaseMetrics, population: Population) -> dict[str, dict[str, Any]]:
    """Return the HEADLINE_METRICS of each split of a population at the default operating point."""
    measured = metrics_of_population(metrics, population)
    point, headlines = measured["operating_point"]["name"], {}
    for split, of_split in measured["splits"].items():
        values: dict[str, Any] = {**of_split, **of_split["operating_points"][point]}
        headlines[split] = {name: values[name] for name in HEADLINE_METRICS}
    return headlines


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


def _measured_metrics(candidate: Release) -> ReleaseMetrics:
    """Return the metrics of a candidate, after checking that they are complete and belong to its weights."""
    advice = "Run `python -m training evaluate --run ... --split training validation test` first."
    missing = [name for name in MEASURED_FILES if name not in candidate.checksums]
    if missing:
        raise TrainingError(f"The candidate has not been evaluated ({', '.join(missing)} missing). {advice}")
    metrics: ReleaseMetrics = json.loads(candidate.read_file(ReleaseFile.METRICS))
    if metrics["network_sha256"] != candidate.checksums[ReleaseFile.CLASSIFIER]:
        raise TrainingError(f"The metrics of the candidate belong to other weights. {advice}")
    if not metrics["splits"].keys() >= set(SPLITS):
        raise TrainingError(f"The candidate has only been evaluated on {', '.join(metrics['splits'])}. {advice}")
    if unmeasured := candidate.populations.keys() - {Population.CHILDREN} - metrics.get("populations", {}).keys():
        raise TrainingError(f"The candidate has not been evaluated on {', '.join(sorted(unmeasured))}. {advice}")
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
