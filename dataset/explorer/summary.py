"""What the set is made of, counted for charts; all from the rows of `dataset.explorer.catalogue`."""

import numpy as np
import pandas as pd

from model.codes import LABELS, SPLITS

MAX_IMAGES_SHOWN = 10  # of a patient that are told apart; who has more counts with these
DISTRIBUTION_BINS = 30
MEASURES = {
    "intensity": "Mean grey of the film, 0-255",
    "contrast": "Contrast (standard deviation of grey)",
    "width": "Width of the original, px",
    "aspect": "Width of the original / its height",
}


def counts(rows: pd.DataFrame) -> pd.DataFrame:
    """Pictures and patients of each class and cause, in words: a column per split and one for all."""
    kinds = {label: rows[rows["label"] == label] for label in LABELS}
    kinds |= {f"PNEUMONIA, {cause}": rows[rows["cause"] == cause] for cause in ("bacterial", "viral")}
    kinds["all"] = rows
    return pd.DataFrame(
        {
            **{
                split: {kind: _count_images_and_patients(of[of["split"] == split]) for kind, of in kinds.items()}
                for split in SPLITS
            },
            "all": {kind: _count_images_and_patients(of) for kind, of in kinds.items()},
        }
    )


def images_per_patient(rows: pd.DataFrame) -> pd.DataFrame:
    """How many patients have how many pictures: Class, Pictures ("10+" for MOST_PICTURES and more), Patients."""
    pictures = rows.groupby(["label", "patient"]).size().clip(upper=MAX_IMAGES_SHOWN)
    patients = pictures.groupby("label").value_counts().rename("Patients").reset_index()
    patients.columns = ["Class", "Pictures", "Patients"]
    return patients.sort_values(["Class", "Pictures"]).assign(
        Pictures=lambda table: table["Pictures"].map(lambda n: f"{n}+" if n == MAX_IMAGES_SHOWN else f"{n}")
    )


def distribution(rows: pd.DataFrame, measure: str, bins: int = DISTRIBUTION_BINS) -> pd.DataFrame:
    """How a measure of MEASURES is distributed within each class.

    Pictures whose measure is not known are left out; the outer half percents count into the outermost bins.

    Columns: Class, low, high (edges of the bin), Films, Share (of the class's films).
    """
    values = rows["width"] / rows["height"] if measure == "aspect" else rows[measure]
    values = values.astype(float).dropna()
    low, high = values.quantile([0.005, 0.995]) if len(values) else (0.0, 1.0)
    edges = np.linspace(low, max(high, low + 1e-6), bins + 1)
    tables = []
    for label in LABELS:
        films = np.histogram(values[rows.loc[values.index, "label"] == label].clip(edges[0], edges[-1]), edges)[0]
        share = films / max(1, films.sum())
        tables.append(
            pd.DataFrame({"Class": label, "low": edges[:-1], "high": edges[1:], "Films": films, "Share": share})
        )
    return pd.concat(tables, ignore_index=True)


def _count_images_and_patients(rows: pd.DataFrame) -> str:
    return f"{len(rows):,} of {rows['patient'].nunique():,}"
