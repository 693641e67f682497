"""The table that the explorer shows: each picture of the set with what the release says of it, judged and selected."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from dataset.index import LabelledImage
from model.inference.decision import ConformalLimits, OperatingPoint, Verdict, classify


class Outcome(StrEnum):
    """What became of a labelled picture at an operating point."""

    RIGHT = "right"
    WRONG = "wrong"
    INDETERMINATE = "indeterminate"


class Order(StrEnum):
    """In which order pictures are shown."""

    NAME = "file name"
    HIGHEST = "highest probability first"
    LOWEST = "lowest probability first"
    WORST = "most confident error first"
    RANDOM = "random"


@dataclass(frozen=True)
class Filter:
    """Which pictures are wanted; an empty tuple or text asks for nothing.

    labels, causes, splits, outcomes: the values that are wanted.
    probability: least and most, 0-1, both included.
    patient: whole key of a patient ("person12_bacteria"), or of a number ("person12": both of its patients).
    name: part of the file name. Patient and name in any case.
    on_disk: only pictures that lie on this machine.
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
    """The labelled set as a release knows it.

    rows: those of predictions.csv, by file name, with `path`, None where the picture is not on this machine, and, at an
        operating point, `verdict` and `outcome`.
    here: how many of them are on this machine.
    unknown: how many pictures lie on this machine that the release was not measured on; nothing is known of them.
    """

    rows: pd.DataFrame
    here: int
    unknown: int


def build_catalogue(
    predictions: pd.DataFrame, records: Sequence[LabelledImage], point: OperatingPoint, conformal: ConformalLimits
) -> Catalogue:
    """The set of predictions.csv, whose pictures are those of the records; probabilities at the training prevalence."""
    files = predictions["file"].tolist()
    paths = {name: record.path for record in records for name in (record.path.name, record.relative_path)}
    verdicts = [classify(probability, point, conformal) for probability in predictions["probability"]]
    rows = predictions.assign(
        path=[paths.get(file) for file in files],
        verdict=[str(verdict) for verdict in verdicts],
        outcome=[str(_outcome(verdict, label)) for verdict, label in zip(verdicts, predictions["label"], strict=True)],
    ).set_axis(files)
    here = int(rows["path"].notna().sum())
    return Catalogue(rows, here, len(records) - here)


def select(rows: pd.DataFrame, wanted: Filter) -> pd.DataFrame:
    """The rows of a catalogue that a selection asks for, in their own order."""
    keep = rows["probability"].between(*wanted.probability)
    for column in ("label", "cause", "split", "outcome"):
        if values := getattr(wanted, f"{column}s"):
            keep &= rows[column].isin(values)
    if patient := wanted.patient.strip().casefold():
        keys = rows["patient"].str.casefold()
        keep &= (keys == patient) | keys.str.startswith(f"{patient}_")
    if name := wanted.name.strip().casefold():
        keep &= rows["file"].str.casefold().str.contains(name, regex=False)
    if wanted.on_disk:
        keep &= rows["path"].notna()
    return rows[keep]


def sort(rows: pd.DataFrame, order: Order, seed: int = 0) -> pd.DataFrame:
    """The rows of a catalogue in an order; equal ones by file name.

    A confident error is far from its label: wrong pictures come first, the furthest at the top, then the others alike.

    Args:
        rows: to be ordered.
        order: which one.
        seed: of the random order; the same seed gives the same order.
    """
    rows = rows.sort_values("file")
    if order is Order.RANDOM:
        return rows.iloc[np.random.default_rng(seed).permutation(len(rows))]
    if order is Order.WORST:
        error = (rows["probability"] - (rows["label"] == "PNEUMONIA")).abs()
        return rows.iloc[np.lexsort((-error, rows["outcome"] != Outcome.WRONG))]
    if order is Order.NAME:
        return rows
    return rows.sort_values("probability", ascending=order is Order.LOWEST, kind="stable")


def _outcome(verdict: Verdict, label: str) -> Outcome:
    if verdict is Verdict.INDETERMINATE:
        return Outcome.INDETERMINATE
    return Outcome.RIGHT if verdict == label else Outcome.WRONG
