"""Metrics outside the intended population: radiographs of adults.

The folder contains image files, possibly in subfolders, and labels.csv with the columns file, label, patient,
age_years, sex and view. Nothing is fitted or selected on these images.
"""

from pathlib import Path

import pandas as pd
from tqdm import tqdm

from model.codes import LABELS, Population
from model.errors import TrainingError
from model.imaging.decode import decode
from model.inference.classifier import Classifier
from model.performance.schema import ExternalMetrics
from training.evaluation.split_metrics import operating_point_metrics, split_metrics

LABELS_FILE = "labels.csv"
COLUMNS = ("file", "label", "patient", "age_years", "sex", "view")
AGE_GROUPS = {
    "under 18 years": (0, 18),
    "18 to 39 years": (18, 40),
    "40 to 59 years": (40, 60),
    "60 years and older": (60, 200),
}


def external_metrics(classifier: Classifier, folder: Path) -> ExternalMetrics:
    """Measure all images together, and by age group, sex and view.

    Raises:
        TrainingError: The table cannot be used, or an image is missing.
    """
    rows, rules = _read_images(classifier, folder), classifier.release.populations[Population.CHILDREN]
    groupings = {
        "age": {name: rows[rows["age_years"].between(*ages, inclusive="left")] for name, ages in AGE_GROUPS.items()},
        "sex": dict(list(rows.groupby("sex"))),
        "view": dict(list(rows.groupby("view"))),
    }
    return {
        **split_metrics(rows, rules),
        "groups": {
            kind: {name: operating_point_metrics(members, rules) for name, members in groups.items() if len(members)}
            for kind, groups in groupings.items()
        },
    }


def load_adult_images(folder: Path) -> pd.DataFrame:
    """Return the table of images with an additional column, "path". Files that are not in the table are ignored.

    Raises:
        TrainingError: The table cannot be used, or an image is missing.
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
    return table.assign(path=[paths[name] for name in table["file"]])


def _read_images(classifier: Classifier, folder: Path) -> pd.DataFrame:
    """Return the table with the probability and the cause of each image."""
    table = load_adult_images(folder)
    probabilities = [
        classifier.read(decode(path.read_bytes())).probability
        for path in tqdm(table["path"], desc="adult radiographs", unit="image", disable=None)
    ]
    return table.assign(probability=probabilities, cause="unknown")
