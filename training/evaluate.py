"""Measure a release, or a candidate for one, with the code that the app uses.

    python -m training evaluate --run runs/reader --split validation
    python -m training evaluate                   # the committed release on all splits, into runs/evaluation

The options --masks, --originals, --original-sizes and --adults add the lung segmentation, the complete shortcut audit
and adult radiographs.

If all three splits are measured, which is the default, this also audits the data set, builds the index of similar cases
and the mean radiographs, fits and measures the admission check, and measures the reliability of heat maps.

Every measurement on the official test split is logged, see `training.evaluation.split_openings`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_curve, roc_curve

from dataset.quality.audit import audit_dataset
from dataset.quality.features import ImageInventory, scan_images
from dataset.split import Split
from model.admission.gate import AdmissionGate
from model.codes import SPLITS
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
from training.evaluation.split_openings import log_opening
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


@dataclass(frozen=True)
class EvaluationOptions:
    """What to measure, and where to write the results.

    Attributes:
        splits: Splits to measure: "training", "validation", "test".
        output_folder: Folder of the results; created if missing.
        test_log: CSV file that a measurement on the test split is logged in.
        commit: Commit of the measuring program, for the log.
        auxiliary: Further data sets to measure on.
    """

    splits: Sequence[str]
    output_folder: Path
    test_log: Path
    commit: str
    auxiliary: AuxiliaryData


def evaluate(
    release: Release, split: Split, options: EvaluationOptions, perturbed_logits: Logits | None = None
) -> dict[str, Any]:
    """Read every image of the chosen splits and write metrics.json, predictions.csv and curves.csv.

    If all splits are chosen, also write the data set audit, the index of similar cases, the mean radiographs and the
    admission classifier.

    Args:
        release: Release to measure.
        split: Images of each split.
        options: Splits to measure, and where to write.
        perturbed_logits: Result of `logits_under_perturbation` for this network; None computes it.

    Returns:
        Content of metrics.json.

    Raises:
        DatasetError: A split is empty, or an image cannot be read.
    """
    names, folder, auxiliary = options.splits, options.output_folder, options.auxiliary
    if empty := [name for name in names if not split.part(name)]:
        raise DatasetError(f"The data set holds no {' and no '.join(empty)} pictures. Name other parts with --split.")
    folder.mkdir(parents=True, exist_ok=True)
    classifier = Classifier(release)
    inventory = scan_images(classifier, {name: split.part(name) for name in names})
    predictions = _predictions(inventory, auxiliary)
    point = release.operating_point()
    metrics: dict[str, Any] = {
        "network_sha256": release.description["files"][ReleaseFile.CLASSIFIER],
        "operating_point": {"name": point.name, "threshold": point.threshold},
        "splits": {name: split_metrics(rows_of_split(predictions, name), release) for name in names},
    }
    if "validation" in names:
        metrics |= _validation_metrics(classifier, split, predictions, auxiliary, perturbed_logits)
    if auxiliary.adults:
        metrics["adults"] = external_metrics(classifier, auxiliary.adults)
    if set(names) == set(SPLITS):
        metrics |= _metrics_of_all_splits(classifier, split, inventory, options)
    if "test" in names:
        log_opening(options.test_log, metrics, options.commit)
    _write_csv(predictions, folder / ReleaseFile.PREDICTIONS)
    _write_csv(_curves(predictions, names), folder / ReleaseFile.CURVES)
    write_json(folder / ReleaseFile.METRICS, metrics)
    return metrics


def rows_of_split(predictions: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the rows of one split of a predictions table."""
    return predictions[predictions["split"] == name]


def _validation_metrics(
    classifier: Classifier,
    split: Split,
    predictions: pd.DataFrame,
    auxiliary: AuxiliaryData,
    perturbed_logits: Logits | None,
) -> dict[str, Any]:
    """Return robustness, shortcut audit and, given masks, accuracy of the lung segmentation."""
    if perturbed_logits is None:
        perturbed_logits = logits_under_perturbation(classifier, split.validation)
    rows = rows_of_split(predictions, "validation")
    metrics = {
        "stress_validation": measure_robustness(perturbed_logits, rows, classifier.release),
        "shortcut_audit": shortcut_audit(classifier, split, predictions, auxiliary),
    }
    if auxiliary.masks:
        metrics["lungs"] = segmentation_metrics(classifier.segmenter, split.validation, auxiliary.masks)
    return metrics


def _metrics_of_all_splits(
    classifier: Classifier, split: Split, inventory: ImageInventory, options: EvaluationOptions
) -> dict[str, Any]:
    """Write the files that describe the data set, fit the admission check, and measure all that depends on them."""
    folder, adults = options.output_folder, options.auxiliary.adults
    index = _write_data_set_files(inventory, folder)
    metrics: dict[str, Any] = {"neighbours": similar_case_agreement(index, inventory, "test")}
    admission_classifier = fit_admission(classifier, index, split)
    save_admission(admission_classifier, folder)
    metrics["admission"] = admission_rates(AdmissionGate(classifier, admission_classifier, index), split, adults)
    metrics["explanations"] = measure_heat_maps(classifier, split, adults)
    return metrics


def _predictions(inventory: ImageInventory, auxiliary: AuxiliaryData) -> pd.DataFrame:
    """Return one row per image; width and height are those of the original file if a table of sizes is given.

    Raises:
        DatasetError: An image cannot be read: metrics without it would not be those of the data set.
    """
    if inventory.unreadable:
        first = inventory.unreadable[0]
        raise DatasetError(f"{first['file']} cannot be read: {first['reason']} Replace or remove the file.")
    rows = inventory.rows
    if auxiliary.original_sizes:
        sizes = read_original_sizes(auxiliary.original_sizes)
        size_table = pd.DataFrame([sizes.get(file, (None, None)) for file in rows["file"]], columns=["width", "height"])
        rows = rows.assign(**size_table.astype("Int64"))
    return rows[PREDICTION_COLUMNS].round({"intensity": 2, "contrast": 2})


def _write_data_set_files(inventory: ImageInventory, folder: Path) -> SimilarCaseIndex:
    """Write the files that describe the data set to users who do not have it; return the index of similar cases."""
    index = build_index(inventory)
    save_index(index, folder)
    save_mean_radiographs(inventory, folder)
    write_json(folder / ReleaseFile.DATASET_AUDIT, audit_dataset(inventory))
    return index


def _curves(predictions: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return the points of the ROC and precision-recall curves of each split.

    ROC: x is 1 - specificity, y sensitivity. Precision-recall: x is recall, y precision.
    """
    tables = []
    for name in names:
        split_predictions = predictions_of(rows_of_split(predictions, name))
        target, probability = split_predictions.target, split_predictions.probability
        false_positive_rate, true_positive_rate, thresholds = roc_curve(target, probability)
        tables.append(_curve(name, "roc", false_positive_rate, true_positive_rate, thresholds))
        precision, recall, thresholds = precision_recall_curve(target, probability, drop_intermediate=True)
        tables.append(_curve(name, "precision_recall", recall, precision, np.append(thresholds, np.inf)))
    return pd.concat(tables, ignore_index=True)


def _curve(split_name: str, kind: str, x: np.ndarray, y: np.ndarray, thresholds: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"split": split_name, "curve": kind, "threshold": thresholds, "x": x, "y": y})


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    write_text(path, table.to_csv(index=False, lineterminator="\n"))
