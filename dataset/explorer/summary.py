"""Counts and distributions of the labelled set for charts, from the rows of `dataset.explorer.catalogue`."""

import numpy as np
import pandas as pd

from model.codes import LABELS, SPLITS, Label

MAX_IMAGES_SHOWN = 10  # patients with more images are counted with those who have 10
DISTRIBUTION_BINS = 30
MEASURES = {  # measure and axis title
    "intensity": "Mean grey of the film, 0-255",
    "contrast": "Contrast (standard deviation of grey)",
    "width": "Width of the original, px",
    "aspect": "Width of the original / its height",
}


def counts(rows: pd.DataFrame) -> pd.DataFrame:
    """Count images and patients, as text ("12 of 3"), of each class and cause: a column per split, and one for all."""
    groups: dict[str, pd.DataFrame] = {str(label): rows[rows["label"] == label] for label in LABELS}
    groups |= {f"{Label.PNEUMONIA}, {cause}": rows[rows["cause"] == cause] for cause in ("bacterial", "viral")}
    groups["all"] = rows
    columns = {
        str(split): {name: _count_images_and_patients(group[group["split"] == split]) for name, group in groups.items()}
        for split in SPLITS
    }
    columns["all"] = {name: _count_images_and_patients(group) for name, group in groups.items()}
    return pd.DataFrame(columns)


def images_per_patient(rows: pd.DataFrame) -> pd.DataFrame:
    """Count patients by number of images.

    Returns:
        One row per class and number: Class, Pictures (as text; "10+" for `MAX_IMAGES_SHOWN` and more), Patients.
    """
    images = rows.groupby(["label", "patient"]).size().clip(upper=MAX_IMAGES_SHOWN)
    patients = images.groupby("label").value_counts().rename("Patients").reset_index()
    patients.columns = ["Class", "Pictures", "Patients"]
    return patients.sort_values(["Class", "Pictures"]).assign(
        Pictures=lambda table: table["Pictures"].map(lambda n: f"{n}+" if n == MAX_IMAGES_SHOWN else f"{n}")
    )


def distribution(rows: pd.DataFrame, measure: str, bins: int = DISTRIBUTION_BINS) -> pd.DataFrame:
    """Make histograms of a measure, one per class, over the same bins.

    Images without the measure are left out. The outer half percent on each side is counted in the outermost bin.

    Args:
        rows: Rows of a catalogue.
        measure: Key of `MEASURES`.
        bins: Number of bins.

    Returns:
        One row per class and bin: Class, low, high (edges of the bin), Films, Share (of the class's images).
    """
    values = rows["width"] / rows["height"] if measure == "aspect" else rows[measure]
    values = values.astype(float).dropna()
    low, high = values.quantile([0.005, 0.995]) if len(values) else (0.0, 1.0)
    edges = np.linspace(low, max(high, low + 1e-6), bins + 1)
    tables = []
    for label in LABELS:
        images = np.histogram(values[rows.loc[values.index, "label"] == label].clip(edges[0], edges[-1]), edges)[0]
        share = images / max(1, images.sum())
        tables.append(
            pd.DataFrame({"Class": label, "low": edges[:-1], "high": edges[1:], "Films": images, "Share": share})
        )
    return pd.concat(tables, ignore_index=True)


def _count_images_and_patients(rows: pd.DataFrame) -> str:
    return f"{len(rows):,} of {rows['patient'].nunique():,}"
