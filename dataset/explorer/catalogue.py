"""Catalogue of the labelled data set for the explorer: a table of images and findings with filters and sort orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from dataset.index import LabelledImage
from model.codes import Label
from model.inference.decision import ConformalLimits, OperatingPoint, Verdict, classify
from model.translation import N_


class Outcome(StrEnum):
    """Comparison of the verdict with the label."""

    CORRECT = "correct"
    INCORRECT = "incorrect"
    INDETERMINATE = "indeterminate"


class Order(StrEnum):
    """Sort order of the images. The values are part of URLs; translate them before showing them."""

    NAME = N_("file name")
    HIGHEST = N_("highest probability first")
    LOWEST = N_("lowest probability first")
    WORST = N_("most confident error first")
    RANDOM = N_("random")


@dataclass(frozen=True)
class Filter:
    """Conditions that an image must meet. An empty tuple or text sets no condition.

    Attributes:
        labels, causes, splits, outcomes: Accepted values.
        probability: Minimum and maximum, between 0 and 1, inclusive.
        patient: A patient ("person12_bacteria"), or a number alone ("person12") for all patients with this number. Not
            case sensitive.
        name: Text that the file name contains. Not case sensitive.
        on_disk: Whether the image must be on this computer.
    """

    labels: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    probability: tuple[float, float] = (0.0, 1.0)
    patient: str = ""
    name: str = ""
    on_disk: bool = False


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Labelled data set with the findings of a release.

    Attributes:
        rows: Rows of predictions.csv, indexed by file name, with three more columns: `path` (None if the image is not
            on this computer), and `verdict` and `outcome` at an operating point.
        n_on_disk: Number of these images on this computer.
        n_unknown: Number of images on this computer without predictions. They are not in `rows`.
    """

    rows: pd.DataFrame
    n_on_disk: int
    n_unknown: int


def build_catalogue(
    predictions: pd.DataFrame, records: Sequence[LabelledImage], point: OperatingPoint, conformal: ConformalLimits
) -> Catalogue:
    """Combine the predictions of a release with the images on this computer.

    Args:
        predictions: Rows of predictions.csv. Probabilities are at the training prevalence.
        records: Images on this computer.
        point: Operating point for the verdicts.
        conformal: Conformal limits of the release.
    """
    files = predictions["file"].tolist()
    paths = {name: record.path for record in records for name in (record.path.name, record.relative_path)}
    verdicts = [classify(probability, point, conformal) for probability in predictions["probability"]]
    rows = predictions.assign(
        path=[paths.get(file) for file in files],
        verdict=[str(verdict) for verdict in verdicts],
        outcome=[str(_outcome(verdict, label)) for verdict, label in zip(verdicts, predictions["label"], strict=True)],
    ).set_axis(files)
    n_on_disk = int(rows["path"].notna().sum())
    return Catalogue(rows, n_on_disk, len(records) - n_on_disk)


def select(rows: pd.DataFrame, conditions: Filter) -> pd.DataFrame:
    """Return the rows that meet all conditions, in unchanged order."""
    keep = rows["probability"].between(*conditions.probability)
    for column, accepted in (
        ("label", conditions.labels),
        ("cause", conditions.causes),
        ("split", conditions.splits),
        ("outcome", conditions.outcomes),
    ):
        if accepted:
            keep &= rows[column].isin(accepted)
    if patient := conditions.patient.strip().casefold():
        keys = rows["patient"].str.casefold()
        keep &= (keys == patient) | keys.str.startswith(f"{patient}_")
    if name := conditions.name.strip().casefold():
        keep &= rows["file"].str.casefold().str.contains(name, regex=False)
    if conditions.on_disk:
        keep &= rows["path"].notna()
    return rows[keep]


def sort(rows: pd.DataFrame, order: Order, seed: int = 0) -> pd.DataFrame:
    """Sort the rows of a catalogue. Ties are sorted by file name.

    `Order.WORST` lists wrong verdicts first, then all others, each by decreasing distance of the probability from the
    label.

    Args:
        rows: Rows of a catalogue.
        order: Sort order.
        seed: Seed of the random order.
    """
    rows = rows.sort_values("file")
    if order is Order.RANDOM:
        return rows.iloc[np.random.default_rng(seed).permutation(len(rows))]
    if order is Order.WORST:
        distance = (rows["probability"] - (rows["label"] == Label.PNEUMONIA)).abs()
        return rows.iloc[np.lexsort((-distance, rows["outcome"] != Outcome.INCORRECT))]
    if order is Order.NAME:
        return rows
    return rows.sort_values("probability", ascending=order is Order.LOWEST, kind="stable")


def _outcome(verdict: Verdict, label: str) -> Outcome:
    if verdict is Verdict.INDETERMINATE:
        return Outcome.INDETERMINATE
    return Outcome.CORRECT if verdict == label else Outcome.INCORRECT
