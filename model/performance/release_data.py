"""The tables of a release, ready to be drawn: scores, curves, counts, and the course of its training.

Everything is of the official test split where nothing else is said.
"""

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from model.inference.release_loader import Release
from model.performance.binary_metrics import Predictions
from model.performance.chart_data import class_balance, histogram, learning_curves
from model.performance.reliability_diagram import reliability_diagram

MAX_POINTS = 500  # of a drawn curve: more than a screen has pixels to tell apart


@dataclass(frozen=True, eq=False)
class ReleaseData:
    """What the release's files say, as the charts want it.

    metrics: metrics.json as it stands.
    data_audit: dataset_audit.json as it stands, see `dataset.quality.audit.audit_dataset`.
    predictions: predictions.csv as it stands, all splits.
    scores: of the predictions.
    roc: Threshold, False alarm rate, Sensitivity, Specificity, in the order of the curve.
    precision_recall: Threshold, Sensitivity, PPV, in the order of the curve.
    reliability: see `model.performance.reliability_diagram.reliability_diagram`.
    histogram: see `model.performance.chart_data.histogram`.
    balance: see `model.performance.chart_data.class_balance`.
    history: see `model.performance.chart_data.learning_curves`.
    """

    metrics: dict[str, Any]
    data_audit: dict[str, Any]
    predictions: pd.DataFrame
    scores: Predictions
    roc: pd.DataFrame
    precision_recall: pd.DataFrame
    reliability: pd.DataFrame
    histogram: pd.DataFrame
    balance: pd.DataFrame
    history: pd.DataFrame


def load_release_data(release: Release) -> ReleaseData:
    """Read the tables of a release.

    Raises:
        ReleaseError: a file is missing or is not the one that was released.
    """
    predictions = _read_csv(release, "predictions.csv")
    scores = predictions_of(predictions[predictions["split"] == "test"])
    curves = _read_csv(release, "curves.csv")
    return ReleaseData(
        metrics=json.loads(_content(release, "metrics.json")),
        data_audit=json.loads(_content(release, "dataset_audit.json")),
        predictions=predictions,
        scores=scores,
        roc=_roc(curves),
        precision_recall=_precision_recall(curves),
        reliability=reliability_diagram(scores),
        histogram=histogram(scores),
        balance=class_balance(predictions),
        history=learning_curves(_read_csv(release, "history.csv")),
    )


def predictions_of(predictions: pd.DataFrame) -> Predictions:
    """The scores of rows of predictions.csv."""
    return Predictions(
        target=(predictions["label"] == "PNEUMONIA").to_numpy(int),
        probability=predictions["probability"].to_numpy(float),
        patient=predictions["patient"].to_numpy(str),
    )


def downsampled(points: pd.DataFrame, most: int = MAX_POINTS) -> pd.DataFrame:
    """At most so many of the points of a curve, evenly picked, both ends among them."""
    if len(points) <= most:
        return points
    return points.iloc[np.linspace(0, len(points) - 1, most).round().astype(int)]


def _roc(curves: pd.DataFrame) -> pd.DataFrame:
    points = _points(curves, "roc", x="False alarm rate", y="Sensitivity")
    return points.assign(Specificity=1 - points["False alarm rate"])


def _precision_recall(curves: pd.DataFrame) -> pd.DataFrame:
    return _points(curves, "precision_recall", x="Sensitivity", y="PPV")


def _points(curves: pd.DataFrame, curve: str, **names: str) -> pd.DataFrame:
    of = downsampled(curves[(curves["split"] == "test") & (curves["curve"] == curve)])
    return of[["x", "y"]].rename(columns=names).assign(Threshold=_thresholds(of["threshold"]), order=range(len(of)))


def _thresholds(values: Iterable[float]) -> list[str]:
    return [f"{value:.4f}" if np.isfinite(value) else "above all probabilities" for value in values]


def _read_csv(release: Release, name: str) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(_content(release, name)))


def _content(release: Release, name: str) -> bytes:
    return release.read_file(name)
