"""Measure a release, or a candidate for one, with the very code that the app reads with.

    python -m training evaluate --run runs/reader --split validation
    python -m training evaluate                   # the committed release on all splits, into runs/evaluation

With the options --masks, --full-size, --sizes and --adults it also measures the lungs, the whole of the shortcut audit
and films of adults.

With all three splits named, which is the default, it also audits the set, makes what the explorer needs where no
pictures are, the index of similar cases and the mean radiographs, learns and measures what may be read at all, and
measures how far heat maps can be believed.

Every opening of the official test split is logged in training/TEST_LOG.csv, which nobody edits.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_curve, roc_curve

from dataset.quality.audit import audit_dataset as audit_set
from dataset.quality.features import ImageInventory, scan_images
from dataset.split import Split
from model.admission.gate import AdmissionGate
from model.errors import DatasetError
from model.inference.classifier import Classifier
from model.inference.release_loader import Release
from model.inference.similar_cases import SimilarCaseIndex
from model.performance.release_data import predictions_of
from model.release_files import ReleaseFile
from model.storage import write_json, write_text
from training.admission.fit import fit_admission, save_admission
from training.evaluation.admission_rates import admission_rates
from training.evaluation.external_adults import external_metrics
from training.evaluation.heatmaps.summary import measure_heat_maps
from training.evaluation.lung_segmentation import segmentation_metrics
from training.evaluation.robustness import Logits, logits_under_perturbation, measure_robustness
from training.evaluation.shortcut_audit import AuxiliaryData, read_original_sizes, shortcut_audit
from training.evaluation.similar_cases import similar_case_agreement
from training.evaluation.split_metrics import split_metrics
from training.release.mean_radiographs import save_mean_radiographs
from training.release.similar_case_index import build_index, save_index

PREDICTION_COLUMNS = [
    "file",
    "patient",
    "split",
    "label",
    "cause",
    "probability",
    "intensity",
    "contrast",
    "width",
    "height",
]
SPLITS = {"training", "validation", "test"}
LOGGED_METRICS = ("auc", "accuracy", "sensitivity", "specificity")


@dataclass(frozen=True)
class EvaluationOptions:
    """What is measured, and where it is written down.

    names: of training, validation and test, the parts to measure.
    out: folder for the figures, made where it is missing.
    test_log: CSV that an opening of the test part is appended to.
    commit: of the measuring program, for the log.
    extras: what is measured beside the labelled set.
    """

    names: Sequence[str]
    out: Path
    test_log: Path
    commit: str
    extras: AuxiliaryData


def evaluate(release: Release, parts: Split, task: EvaluationOptions, shifted: Logits | None = None) -> dict:
    """Read every picture of the parts named and write metrics.json, predictions.csv and curves.csv.

    Where all parts are named, the audit of the set, the index of similar cases, the mean radiographs and the checks of
    admission as well.

    Args:
        release: what is measured.
        parts: the records of each part.
        task: which parts, and where to.
        shifted: of `logits_under_perturbation` for this release's network, where it is known already.

    Returns:
        What metrics.json holds.

    Raises:
        DatasetError: a part without pictures, or a picture that cannot be read.
    """
    names = task.names
    if empty := [name for name in names if not parts.part(name)]:
        raise DatasetError(f"The data set holds no {' and no '.join(empty)} pictures. Name other parts with --split.")
    task.out.mkdir(parents=True, exist_ok=True)
    classifier = Classifier(release)
    seen = scan_images(classifier, {name: parts.part(name) for name in names})
    predictions = _predictions(seen, task.extras)
    point = release.operating_point()
    metrics = {
        "network_sha256": release.description["files"][ReleaseFile.CLASSIFIER],
        "operating_point": {"name": point.name, "threshold": point.threshold},
        "splits": {name: split_metrics(rows_of_split(predictions, name), release) for name in names},
    }
    if "validation" in names:
        shifted = logits_under_perturbation(classifier, parts.validation) if shifted is None else shifted
        metrics["stress_validation"] = measure_robustness(shifted, rows_of_split(predictions, "validation"), release)
        metrics["shortcut_audit"] = shortcut_audit(classifier, parts, predictions, task.extras)
        if task.extras.masks:
            metrics["lungs"] = segmentation_metrics(classifier.segmenter, parts.validation, task.extras.masks)
    if task.extras.adults:
        metrics["adults"] = external_metrics(classifier, task.extras.adults)
    if set(names) == SPLITS:
        index = _describe_set(seen, task.out)
        metrics["neighbours"] = similar_case_agreement(index, seen, "test")
        checks = fit_admission(classifier, index, parts)
        save_admission(checks, task.out)
        metrics["admission"] = admission_rates(AdmissionGate(classifier, checks, index), parts, task.extras.adults)
        metrics["explanations"] = measure_heat_maps(classifier, parts, task.extras.adults)
    if "test" in names:
        _log_test(task.test_log, metrics, task.commit)
    write_text(task.out / ReleaseFile.PREDICTIONS, predictions.to_csv(index=False, lineterminator="\n"))
    write_text(task.out / ReleaseFile.CURVES, _curves(predictions, names).to_csv(index=False, lineterminator="\n"))
    write_json(task.out / ReleaseFile.METRICS, metrics)
    return metrics


def test_split_openings(test_log: Path) -> int:
    """How often the test part has been opened."""
    return max(0, len(test_log.read_text().splitlines()) - 1) if test_log.exists() else 0


def rows_of_split(predictions: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of one split of a predictions table."""
    return predictions[predictions["split"] == name]


def _predictions(seen: ImageInventory, extras: AuxiliaryData) -> pd.DataFrame:
    """A row per picture; width and height are the original's where a table of sizes tells them.

    Raises:
        DatasetError: a picture cannot be read: figures of the others would pass for those of the set.
    """
    if seen.unreadable:
        first = seen.unreadable[0]
        raise DatasetError(f"{first['file']} cannot be read: {first['reason']} Replace or remove the file.")
    rows = seen.rows
    if extras.sizes:
        sizes = read_original_sizes(extras.sizes)
        known = pd.DataFrame([sizes.get(file, (None, None)) for file in rows["file"]], columns=["width", "height"])
        rows = rows.assign(**known.astype("Int64"))
    return rows[PREDICTION_COLUMNS].round({"intensity": 2, "contrast": 2})


def _describe_set(seen: ImageInventory, out: Path) -> SimilarCaseIndex:
    """Write what tells of the set without its pictures; return the index of similar cases."""
    index = build_index(seen)
    save_index(index, out)
    save_mean_radiographs(seen, out)
    write_json(out / ReleaseFile.DATASET_AUDIT, audit_set(seen))
    return index


def _curves(predictions: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Points of the ROC (x: 1 - specificity, y: sensitivity) and precision-recall (x: recall, y: precision) curves."""
    tables = []
    for name in names:
        scores = predictions_of(rows_of_split(predictions, name))
        false_rate, true_rate, thresholds = roc_curve(scores.target, scores.probability)
        tables.append(_curve(name, "roc", false_rate, true_rate, thresholds))
        precision, recall, thresholds = precision_recall_curve(
            scores.target, scores.probability, drop_intermediate=True
        )
        tables.append(_curve(name, "precision_recall", recall, precision, np.append(thresholds, np.inf)))
    return pd.concat(tables, ignore_index=True)


def _curve(split: str, kind: str, x: np.ndarray, y: np.ndarray, thresholds: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"split": split, "curve": kind, "threshold": thresholds, "x": x, "y": y})


def _log_test(path: Path, metrics: dict, commit: str) -> None:
    measured = metrics["splits"]["test"]
    measured = measured | measured["operating_points"][metrics["operating_point"]["name"]]
    row = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "network_sha256": metrics["network_sha256"],
        "n": measured["n"],
        **{name: measured[name]["value"] for name in LOGGED_METRICS},
    }
    text = io.StringIO()
    writer = csv.DictWriter(text, row, lineterminator="\n")
    if not path.exists():
        writer.writeheader()
    writer.writerow(row)
    with path.open("a") as file:
        file.write(text.getvalue())
