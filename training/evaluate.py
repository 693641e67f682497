"""Measure a release, or a candidate for one, with the very code that the app reads with.

    python -m training evaluate --run runs/reader --split validation
    python -m training evaluate                   # the committed release on all splits, into runs/evaluation

With the options --masks, --full-size, --sizes and --adults it also measures the lungs, the whole of the shortcut audit
and films of adults.

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
from tqdm import tqdm

from dataset.cut import Cut
from dataset.index import Record
from model.errors import DatasetError
from model.reader import Reader
from model.release import NETWORK, Release
from model.release_tables import scores_of
from training.adults import measure_adults
from training.audit import Extras, audit
from training.files import write_json, write_text
from training.lungs import measure_lungs
from training.measures import measure_set
from training.pictures import read_radiograph
from training.stress import Logits, measure_stress, read_shifted

METRICS, PREDICTIONS, CURVES = "metrics.json", "predictions.csv", "curves.csv"
LOGGED = ("auc", "accuracy", "sensitivity", "specificity")


@dataclass(frozen=True)
class Task:
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
    extras: Extras


def evaluate(release: Release, parts: Cut, task: Task, shifted: Logits | None = None) -> dict:
    """Read every picture of the parts named and write metrics.json, predictions.csv and curves.csv.

    Args:
        release: what is measured.
        parts: the records of each part.
        task: which parts, and where to.
        shifted: of `read_shifted` for this release's network, where it is known already.

    Returns:
        What metrics.json holds.

    Raises:
        DatasetError: a part without pictures, or a picture that cannot be read.
    """
    names = task.names
    if empty := [name for name in names if not parts.part(name)]:
        raise DatasetError(f"The data set holds no {' and no '.join(empty)} pictures. Name other parts with --split.")
    task.out.mkdir(parents=True, exist_ok=True)
    reader = Reader(release)
    predictions = pd.concat([_predict(reader, parts.part(name), name) for name in names], ignore_index=True)
    point = release.operating_point()
    metrics = {
        "network_sha256": release.description["files"][NETWORK],
        "operating_point": {"name": point.name, "threshold": point.threshold},
        "splits": {name: measure_set(of_split(predictions, name), release) for name in names},
    }
    if "validation" in names:
        shifted = read_shifted(reader, parts.validation) if shifted is None else shifted
        metrics["stress_validation"] = measure_stress(shifted, of_split(predictions, "validation"), release)
        metrics["shortcut_audit"] = audit(reader, parts, predictions, task.extras)
        if task.extras.masks:
            metrics["lungs"] = measure_lungs(reader.finder, parts.validation, task.extras.masks)
    if task.extras.adults:
        metrics["adults"] = measure_adults(reader, task.extras.adults)
    if "test" in names:
        _log_test(task.test_log, metrics, task.commit)
    write_text(task.out / PREDICTIONS, predictions.to_csv(index=False, lineterminator="\n"))
    write_text(task.out / CURVES, _curves(predictions, names).to_csv(index=False, lineterminator="\n"))
    write_json(task.out / METRICS, metrics)
    return metrics


def times_tested(test_log: Path) -> int:
    """How often the test part has been opened."""
    return max(0, len(test_log.read_text().splitlines()) - 1) if test_log.exists() else 0


def of_split(predictions: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of one split of a predictions table."""
    return predictions[predictions["split"] == name]


def _predict(reader: Reader, records: Sequence[Record], name: str) -> pd.DataFrame:
    rows = [
        {
            "file": record.path.name,
            "patient": record.patient,
            "split": name,
            "label": record.label,
            "cause": record.cause,
            "probability": reader.read(read_radiograph(record)).probability,
        }
        for record in tqdm(records, desc=f"reading {name} pictures", unit="picture", disable=None)
    ]
    return pd.DataFrame(rows)


def _curves(predictions: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Points of the ROC (x: 1 - specificity, y: sensitivity) and precision-recall (x: recall, y: precision) curves."""
    tables = []
    for name in names:
        scores = scores_of(of_split(predictions, name))
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
        **{name: measured[name]["value"] for name in LOGGED},
    }
    text = io.StringIO()
    writer = csv.DictWriter(text, row, lineterminator="\n")
    if not path.exists():
        writer.writeheader()
    writer.writerow(row)
    with path.open("a") as file:
        file.write(text.getvalue())
