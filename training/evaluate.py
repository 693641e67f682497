"""Evaluate a release or a candidate with the code that the app uses. Nothing is fitted or selected here.

    python -m training evaluate --run runs/reader --split validation
    python -m training evaluate                   # the committed release on all splits, into runs/evaluation

A release for children and adults is measured on the images of both, never together (--adult-data). The metrics of
children are at the top level of metrics.json.

The options --masks, --originals, --original-sizes, --adults and --not-chest add the lung segmentation, the complete
shortcut audit, adults of another hospital, and real images that are not frontal chest radiographs.

By default, all three splits are measured. Then the agreement of similar cases, the admission check and the reliability
of heat maps are measured too.

Every measurement on a test split is logged, see `training.evaluation.split_openings`.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd

from dataset.quality.features import ImageInventory, scan_images
from dataset.split import Split
from model.admission.gate import AdmissionGate
from model.codes import SPLITS, Population, SplitName
from model.errors import TrainingError
from model.inference.classifier import Classifier
from model.inference.release_loader import Release
from model.performance.schema import ReleaseMetrics
from model.release_files import ReleaseFile
from model.storage import write_checksums, write_json, write_text
from training.admission.not_chest import load_not_chest
from training.data.loading import ImageCache, require_complete, require_images
from training.evaluation.admission_rates import admission_rates
from training.evaluation.curves import curves
from training.evaluation.external_adults import external_metrics
from training.evaluation.heatmaps.drawn_lungs import evidence_in_drawn_lungs
from training.evaluation.heatmaps.summary import measure_heat_maps
from training.evaluation.lung_segmentation import segmentation_metrics
from training.evaluation.opacity_maps import opacity_map_metrics
from training.evaluation.population_metrics import MEASURED_SPLITS, measure_population
from training.evaluation.robustness import STORAGE, logits_under_perturbation, measure_robustness, measure_storage
from training.evaluation.shortcut_audit import AuxiliaryData, shortcut_audit
from training.evaluation.shortcut_features import read_original_sizes
from training.evaluation.similar_cases import similar_case_agreement
from training.evaluation.split_metrics import split_metrics
from training.evaluation.split_openings import log_opening
from training.evaluation.tone import measure_tone
from training.release.publish import MEASURED_FILES

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
    "population",
]


@dataclass(frozen=True)
class EvaluationOptions:
    """What to measure, and where to write the results.

    Attributes:
        splits: Splits to measure, each one of SplitName.
        output_folder: Folder for the results. It is created if it does not exist.
        test_log: CSV file in which measurements on the test split are logged.
        commit: Commit of the program, for the log.
        auxiliary: Further data to measure on.
    """

    splits: Sequence[str]
    output_folder: Path
    test_log: Path
    commit: str
    auxiliary: AuxiliaryData


def evaluate(release: Release, split: Split, options: EvaluationOptions) -> ReleaseMetrics:
    """Read every image of the chosen splits and write metrics.json, predictions.csv and curves.csv.

    If the output folder is the folder of the release, SHA256SUMS is updated too. No other file changes.

    Args:
        release: Release to measure.
        split: Images in each split, of each population of the release.
        options: Splits to measure, and where to write the results.

    Returns:
        Content of metrics.json.

    Raises:
        TrainingError: A split is empty, or an image cannot be read.
        ReleaseError: A file of the release is missing or damaged.
    """
    names, auxiliary = options.splits, options.auxiliary
    children = split.of_population(Population.CHILDREN)
    try:
        for population in release.populations:
            require_images(split.of_population(population), names)
    except TrainingError as error:
        raise TrainingError(f"{error} Choose other splits with --split.") from error
    options.output_folder.mkdir(parents=True, exist_ok=True)
    classifier, decoder = Classifier(release), ImageCache(children.validation)
    inventory = scan_images(classifier, {name: children.part(name) for name in names}, decoder)
    require_complete(inventory)
    predictions = _predictions(inventory, auxiliary)
    rules = release.populations[Population.CHILDREN]
    point = rules.operating_point()
    values: dict[str, Any] = {
        "network_sha256": release.checksums[ReleaseFile.CLASSIFIER],
        "operating_point": {"name": point.name, "threshold": point.threshold},
        "splits": {name: split_metrics(rows_of_split(predictions, name), rules) for name in names},
    }
    if SplitName.VALIDATION in names:
        values |= _validation_metrics(classifier, children, predictions, auxiliary, decoder)
    if SplitName.TEST in names:
        logits = logits_under_perturbation(classifier, children.test, decoder, STORAGE)
        values["stress_test"] = measure_storage(logits, rows_of_split(predictions, SplitName.TEST), rules)
        values |= _opacity_maps(classifier, split)
    if auxiliary.adults:
        values["adults"] = external_metrics(AdmissionGate.from_classifier(classifier), auxiliary.adults)
    if set(names) == set(SPLITS):
        values |= _metrics_of_all_splits(classifier, children, inventory, auxiliary, decoder)
    tables = [predictions]
    for population in _further_populations(release, names):
        measured, rows = measure_population(classifier, population, split.of_population(population), names)
        values |= {"populations": values.get("populations", {}) | {population: measured}}
        tables.append(_prediction_columns(rows, population))
    metrics = cast(ReleaseMetrics, values)
    if SplitName.TEST in names:
        for population in release.populations:
            log_opening(options.test_log, metrics, population, options.commit)
    predictions = pd.concat(tables, ignore_index=True)
    with _measured_files_unlisted(release, options.output_folder) as folder:
        _write_csv(predictions, folder / ReleaseFile.PREDICTIONS)
        _write_csv(curves(predictions), folder / ReleaseFile.CURVES)
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
    decoder: ImageCache,
) -> dict[str, Any]:
    """Return robustness, shortcut audit and, given masks, the accuracy of the lungs and the evidence inside them."""
    perturbed_logits = logits_under_perturbation(classifier, split.validation, decoder)
    rows = rows_of_split(predictions, SplitName.VALIDATION)
    rules = classifier.release.populations[Population.CHILDREN]
    metrics = {
        "stress_validation": measure_robustness(perturbed_logits, rows, rules),
        "tone": measure_tone(classifier, rules, split.validation, decoder),
        "shortcut_audit": shortcut_audit(classifier, split, predictions, auxiliary, decoder),
    }
    if auxiliary.masks:
        metrics["lungs"] = segmentation_metrics(classifier.segmenter, split.validation, auxiliary.masks, decoder)
        metrics["drawn_lungs"] = evidence_in_drawn_lungs(classifier, split.validation, auxiliary.masks, decoder)
    return metrics


def _metrics_of_all_splits(
    classifier: Classifier, split: Split, inventory: ImageInventory, auxiliary: AuxiliaryData, decoder: ImageCache
) -> dict[str, Any]:
    """Return the agreement of similar cases and the metrics of the admission check and the heat maps."""
    gate, not_chest = AdmissionGate.from_classifier(classifier), load_not_chest(auxiliary.not_chest).measuring
    return {
        "similar_cases": similar_case_agreement(gate.index, inventory, SplitName.TEST),
        "admission": admission_rates(gate, split, auxiliary.adults, not_chest, decoder),
        "explanations": measure_heat_maps(classifier, split, auxiliary.adults, decoder),
    }


def _opacity_maps(classifier: Classifier, split: Split) -> dict[str, Any]:
    """Return the agreement of opacity maps on the test images of each population; nothing without opacity maps."""
    release = classifier.release
    if release.opacity_contour is None:
        return {}
    parts = {population: split.of_population(population).test for population in release.populations}
    return {
        "opacity_maps": {population: opacity_map_metrics(classifier, records) for population, records in parts.items()}
    }


def _further_populations(release: Release, names: Sequence[str]) -> list[Population]:
    """Return the populations other than children; none if only training images are measured."""
    is_measured = bool(set(names) & set(MEASURED_SPLITS))
    return [population for population in release.populations if population is not Population.CHILDREN and is_measured]


def _predictions(inventory: ImageInventory, auxiliary: AuxiliaryData) -> pd.DataFrame:
    """Return one row per image. With a table of original sizes, width and height are those of the original file."""
    rows = inventory.rows
    if auxiliary.original_sizes:
        sizes = read_original_sizes(auxiliary.original_sizes)
        size_table = pd.DataFrame([sizes.get(file, (None, None)) for file in rows["file"]], columns=["width", "height"])
        rows = rows.assign(**size_table.astype("Int64"))
    return _prediction_columns(rows, Population.CHILDREN)


def _prediction_columns(rows: pd.DataFrame, population: Population) -> pd.DataFrame:
    return rows.assign(population=population)[PREDICTION_COLUMNS].round({"intensity": 2, "contrast": 2})


@contextlib.contextmanager
def _measured_files_unlisted(release: Release, folder: Path) -> Iterator[Path]:
    """Yield the folder to write the measured files to, and keep SHA256SUMS valid if it is the folder of the release.

    Previous measured files are removed first. If the program is killed while it writes, the release has no metrics but
    is not damaged.
    """
    is_release = folder.resolve() == release.directory.resolve()
    if is_release:
        for name in MEASURED_FILES:
            (folder / name).unlink(missing_ok=True)
        write_checksums(folder)
    yield folder
    if is_release:
        write_checksums(folder)


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    write_text(path, table.to_csv(index=False, lineterminator="\n"))
