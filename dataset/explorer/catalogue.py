"""Catalogue of the labelled data set for the explorer: a table of images and findings with filters and sort orders."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from dataset.index import LabelledImage, unique_names
from dataset.split import split
from model.codes import Label, Population
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
        labels, causes, splits, outcomes: Accepted values. The cause of an adult image is its study label.
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
    """Labelled data set of one population, with the findings of a release if it was measured.

    Attributes:
        rows: Rows of predictions.csv, indexed by file name, with more columns: `population`; `path` (None if the image
            is not on this computer); `verdict` and `outcome` at an operating point. If the release was not measured on
            the data set, see `unmeasured_catalogue`.
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
        population=str(Population.CHILDREN),
        path=[paths.get(file) for file in files],
        verdict=[str(verdict) for verdict in verdicts],
        outcome=[str(_outcome(verdict, label)) for verdict, label in zip(verdicts, predictions["label"], strict=True)],
    ).set_axis(files)
    n_on_disk = int(rows["path"].notna().sum())
    return Catalogue(rows, n_on_disk, len(records) - n_on_disk)


def unmeasured_catalogue(records: Sequence[LabelledImage], taken_names: Collection[str]) -> Catalogue:
    """List the images of a data set on which the release was not measured.

    Args:
        records: Images on this computer.
        taken_names: Names in other catalogues. An image with one of these names is named by its path.

    Returns:
        Catalogue without results: the probability is NaN, verdict and outcome are None. There are three more columns:
        `opacities` (see `LabelledImage`), `lung_width` and `lung_height` (share of the image, NaN if unknown).
    """
    split_names = {record.path: name for name, part in split(records).parts().items() for record in part}
    rows = pd.DataFrame(
        [
            {
                "file": record.relative_path if name in taken_names else name,
                "patient": record.patient,
                "split": str(split_names[record.path]),
                "label": str(record.label),
                "cause": record.cause,
                "probability": np.nan,
                "population": str(record.population),
                "path": record.path,
                "verdict": None,
                "outcome": None,
                "opacities": record.opacities,
                "lung_width": record.lung_box.right - record.lung_box.left if record.lung_box else np.nan,
                "lung_height": record.lung_box.bottom - record.lung_box.top if record.lung_box else np.nan,
            }
            for record, name in zip(records, unique_names(records), strict=True)
        ]
    )
    return Catalogue(rows.set_axis(rows["file"].tolist()), len(rows), 0)


def select(rows: pd.DataFrame, conditions: Filter) -> pd.DataFrame:
    """Return the rows that meet all conditions, in unchanged order."""
    any_probability = conditions.probability == Filter.probability
    keep = rows["probability"].between(*conditions.probability) | (rows["probability"].isna() & any_probability)
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
