"""Metrics on radiographs of adults from another hospital, by view.

The folder contains image files, possibly in subfolders, and labels.csv with the columns file, label, patient,
age_years, sex and view. Its labels come from reports. An optional corrections.csv (file, under_18,
rsna_radiologists_say_normal; 0 or 1) marks patients under 18 and images that radiologists read as normal.

The views AP and PA are measured apart, because the view says much about the label: bedridden patients are imaged AP.
Patients under 18 are measured apart, too. Nothing is fitted or selected on these images.
"""

from pathlib import Path

import pandas as pd
from tqdm import tqdm

from model.admission.gate import AdmissionGate
from model.codes import LABELS, Label, Population
from model.errors import TrainingError
from model.imaging.decode import decode
from model.inference.decision import DecisionRules
from model.performance.binary_metrics import mean_with_ci
from model.performance.schema import ExternalMetrics, ViewMetrics
from training.evaluation.split_metrics import split_metrics

LABELS_FILE, CORRECTIONS_FILE = "labels.csv", "corrections.csv"
COLUMNS = ("file", "label", "patient", "age_years", "sex", "view")
CORRECTION_COLUMNS = ("file", "under_18", "rsna_radiologists_say_normal")
ADULT_AGE = 18
BY_VIEW, UNDER_18 = "view", "under 18 years"  # kinds of group in the metrics


def external_metrics(gate: AdmissionGate, folder: Path) -> ExternalMetrics:
    """Measure the images of each view.

    Adults are judged by the decision rules for adults, if the release has them. Patients under 18 are judged by those
    for children.

    Args:
        gate: Gate to measure. Images that it refuses are read nevertheless.
        folder: Folder with the images and their tables.

    Raises:
        TrainingError: A table cannot be used, or an image is missing.
    """
    rules = gate.classifier.release.populations
    decided_by = Population.ADULTS if Population.ADULTS in rules else Population.CHILDREN
    rows = _read_images(gate, folder)
    is_minor = rows["is_minor"]
    return {
        "decided_by": decided_by,
        "corrected_labels": int(rows["is_corrected"].sum()),
        "groups": {
            BY_VIEW: _metrics_by_view(rows[~is_minor], rules[decided_by]),
            UNDER_18: _metrics_by_view(rows[is_minor], rules[Population.CHILDREN]),
        },
    }


def load_adult_images(folder: Path) -> pd.DataFrame:
    """Return the table of images with corrected labels. Files that are not in the table are ignored.

    Returns:
        COLUMNS, and: path; is_minor (under 18, by the corrections or the age); is_corrected (the label was changed).

    Raises:
        TrainingError: A table cannot be used, or an image is missing.
    """
    paths = {path.name: path for path in folder.rglob("*.*")}
    try:
        table = pd.read_csv(folder / LABELS_FILE, dtype={"patient": str, "age_years": float})[list(COLUMNS)]
    except (OSError, KeyError, ValueError) as error:
        raise TrainingError(
            f"{folder} cannot be used: it must contain {LABELS_FILE} with the columns {', '.join(COLUMNS)}."
        ) from error
    if table.empty or not table["label"].isin(LABELS).all():
        raise TrainingError(
            f"{folder} cannot be used: {LABELS_FILE} must list only images labelled {' or '.join(LABELS)}."
        )
    if missing := [name for name in table["file"] if name not in paths]:
        raise TrainingError(
            f"{folder} cannot be used: {len(missing)} of the {len(table)} images in {LABELS_FILE} are missing."
        )
    return _corrected(table.assign(path=[paths[name] for name in table["file"]]), folder)


def _corrected(table: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Apply the corrections, if there are any."""
    is_minor, reads_normal = table["age_years"] < ADULT_AGE, pd.Series(False, table.index)
    if (folder / CORRECTIONS_FILE).exists():
        try:
            corrections = pd.read_csv(folder / CORRECTIONS_FILE, index_col="file")
            of_image = corrections[list(CORRECTION_COLUMNS[1:])].reindex(table["file"]).fillna(0).eq(1).to_numpy()
        except (KeyError, ValueError) as error:
            raise TrainingError(
                f"{folder} cannot be used: {CORRECTIONS_FILE} must have the columns {', '.join(CORRECTION_COLUMNS)}, "
                "and each file at most once."
            ) from error
        is_minor, reads_normal = is_minor | of_image[:, 0], reads_normal | of_image[:, 1]
    is_corrected = reads_normal & (table["label"] != Label.NORMAL)
    label = table["label"].mask(is_corrected, str(Label.NORMAL))
    return table.assign(label=label, is_minor=is_minor, is_corrected=is_corrected)


def _read_images(gate: AdmissionGate, folder: Path) -> pd.DataFrame:
    """Return the table with the logit of each image and whether it is refused."""
    table = load_adult_images(folder)
    progress = tqdm(table["path"], desc="adult radiographs", unit="image", disable=None)
    results = [gate.examine(decode(path.read_bytes())) for path in progress]
    return table.assign(
        cause="unknown",
        logit=[result.inference.output.logit for result in results],
        is_refused=[bool(result.admission.refusals) for result in results],
    )


def _metrics_by_view(rows: pd.DataFrame, rules: DecisionRules) -> dict[str, ViewMetrics]:
    rows = rows.assign(probability=rules.calibration.probability(rows["logit"].to_numpy()))
    return {
        str(view): {
            **split_metrics(members, rules),
            "refused": mean_with_ci(members["is_refused"].to_numpy(bool), members["patient"].to_numpy(str)),
        }
        for view, members in rows.groupby("view")
    }
