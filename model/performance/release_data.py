"""Metrics, predictions, curves and training history of a release, parsed for pages and charts.

Predictions and curves are those of one population. Everything refers to its test split unless stated otherwise.
"""

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from model.codes import Label, Population, SplitName
from model.inference.release_loader import Release
from model.inference.release_schema import ReleaseDescription
from model.performance.binary_metrics import Predictions
from model.performance.chart_data import class_balance, histogram, learning_curves
from model.performance.reliability_diagram import reliability_diagram
from model.performance.schema import ReleaseMetrics
from model.release_files import ReleaseFile

MAX_POINTS = 500  # of a drawn curve; a screen has too few pixels to show more


@dataclass(frozen=True, eq=False)
class ReleaseData:
    """Parsed files of a release, for one population.

    Attributes:
        description: Content of model.json.
        metrics: Content of metrics.json.
        dataset_audit: Content of dataset_audit.json; for its structure, see `dataset.quality.audit.DatasetAudit`, which
            `model` does not import.
        predictions: Rows of predictions.csv of the population, all splits.
        test_predictions: Predictions on the test split.
        roc: ROC curve: threshold (text), false_alarm_rate, sensitivity, specificity and order (position on the curve).
        precision_recall: Precision-recall curve: threshold (text), sensitivity, ppv and order.
        reliability: See `model.performance.reliability_diagram.reliability_diagram`.
        histogram: See `model.performance.chart_data.histogram`.
        balance: See `model.performance.chart_data.class_balance`; all splits.
        history: See `model.performance.chart_data.learning_curves`.
    """

    description: ReleaseDescription
    metrics: ReleaseMetrics
    dataset_audit: Any
    predictions: pd.DataFrame
    test_predictions: Predictions
    roc: pd.DataFrame
    precision_recall: pd.DataFrame
    reliability: pd.DataFrame
    histogram: pd.DataFrame
    balance: pd.DataFrame
    history: pd.DataFrame


def load_release_data(release: Release, population: Population = Population.CHILDREN) -> ReleaseData:
    """Read and verify the data files of a release, and keep the predictions and curves of one population.

    Raises:
        ReleaseError: A file is missing or differs from the released file.
    """
    predictions = _rows_of_population(release, ReleaseFile.PREDICTIONS, population)
    test_predictions = predictions_of(predictions[predictions["split"] == SplitName.TEST])
    curves = _rows_of_population(release, ReleaseFile.CURVES, population)
    return ReleaseData(
        description=release.description,
        metrics=json.loads(release.read_file(ReleaseFile.METRICS)),
        dataset_audit=json.loads(release.read_file(ReleaseFile.DATASET_AUDIT)),
        predictions=predictions,
        test_predictions=test_predictions,
        roc=_roc(curves),
        precision_recall=_precision_recall(curves),
        reliability=reliability_diagram(test_predictions),
        histogram=histogram(test_predictions),
        balance=class_balance(predictions),
        history=learning_curves(_read_csv(release, ReleaseFile.HISTORY)),
    )


def predictions_of(rows: pd.DataFrame) -> Predictions:
    """Convert rows of predictions.csv (label, probability, patient) to arrays."""
    return Predictions(
        target=(rows["label"] == Label.PNEUMONIA).to_numpy(int),
        probability=rows["probability"].to_numpy(float),
        patient=rows["patient"].to_numpy(str),
    )


def downsample(points: pd.DataFrame, max_points: int = MAX_POINTS) -> pd.DataFrame:
    """Keep at most `max_points` evenly spaced points of a curve, including both ends."""
    if len(points) <= max_points:
        return points
    return points.iloc[np.linspace(0, len(points) - 1, max_points).round().astype(int)]


def _roc(curves: pd.DataFrame) -> pd.DataFrame:
    points = _curve_points(curves, "roc", x="false_alarm_rate", y="sensitivity")
    return points.assign(specificity=1 - points["false_alarm_rate"])


def _precision_recall(curves: pd.DataFrame) -> pd.DataFrame:
    return _curve_points(curves, "precision_recall", x="sensitivity", y="ppv")


def _curve_points(curves: pd.DataFrame, curve: str, *, x: str, y: str) -> pd.DataFrame:
    """Return the points of one curve with the names of its axes."""
    points = downsample(curves[(curves["split"] == SplitName.TEST) & (curves["curve"] == curve)])
    return (
        points[["x", "y"]]
        .rename(columns={"x": x, "y": y})
        .assign(threshold=_format_thresholds(points["threshold"]), order=range(len(points)))
    )


def _format_thresholds(thresholds: Iterable[float]) -> list[str]:
    return [f"{threshold:.4f}" if np.isfinite(threshold) else "" for threshold in thresholds]


def _rows_of_population(release: Release, name: ReleaseFile, population: Population) -> pd.DataFrame:
    table = _read_csv(release, name)
    return table[table["population"] == population].reset_index(drop=True)


def _read_csv(release: Release, name: ReleaseFile) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(release.read_file(name)))
