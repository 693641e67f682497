"""Counts and distributions of the labelled data set for tables and charts, from `dataset.explorer.catalogue`."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dataset.adults import APPEARANCES, Appearance
from model.codes import LABELS, SPLITS, Label
from model.translation import N_, ngettext
from model.translation import gettext as _

MAX_IMAGES_SHOWN = 10  # patients with more images are counted as 10 or more
DISTRIBUTION_BINS = 30
CAUSES_OF_PNEUMONIA = ("bacterial", "viral")
PNEUMONIA_APPEARANCES = tuple(appearance for appearance in APPEARANCES if appearance != Appearance.NEGATIVE)
MEASURES = {  # measure and axis title, which is translated when it is drawn
    "intensity": N_("Mean grey value (0-255)"),
    "contrast": N_("Contrast (standard deviation of grey values)"),
    "width": N_("Width of the original image (pixels)"),
    "aspect": N_("Aspect ratio of the original image (width / height)"),
}

FRAMING_MEASURES = {  # the same for data sets with lung boxes
    "lung_width": N_("Width of the lungs (share of the image)"),
    "lung_height": N_("Height of the lungs (share of the image)"),
}


def counts(rows: pd.DataFrame, causes: Sequence[str] = CAUSES_OF_PNEUMONIA) -> pd.DataFrame:
    """Count images and patients in each class and cause.

    Args:
        rows: Rows of a catalogue.
        causes: Causes or study labels of pneumonia.

    Returns:
        Text such as "12 images / 3 patients", with a column per split and one for all splits.
    """
    groups: dict[str, pd.DataFrame] = {str(label): rows[rows["label"] == label] for label in LABELS}
    groups |= {f"{Label.PNEUMONIA}, {cause}": rows[rows["cause"] == cause] for cause in causes}
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
        One row per class and number: Class, Images (as text; "10+" for `MAX_IMAGES_SHOWN` or more), Patients.
    """
    images = rows.groupby(["label", "patient"]).size().clip(upper=MAX_IMAGES_SHOWN)
    patients = images.groupby("label").value_counts().rename("Patients").reset_index()
    patients.columns = ["Class", "Images", "Patients"]
    return patients.sort_values(["Class", "Images"]).assign(
        Images=lambda table: table["Images"].map(lambda n: f"{n}+" if n == MAX_IMAGES_SHOWN else f"{n}")
    )


def distribution(rows: pd.DataFrame, measure: str, bins: int = DISTRIBUTION_BINS) -> pd.DataFrame:
    """Compute a histogram of a measure for each class. All classes have the same bins.

    Images without the measure are left out. The lowest and highest 0.5% of the values are counted in the outermost
    bins.

    Args:
        rows: Rows of a catalogue.
        measure: Key of `MEASURES` or `FRAMING_MEASURES`.
        bins: Number of bins.

    Returns:
        One row per class and bin: Class, low, high (edges of the bin), Images, Share (of the images in the class).
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
            pd.DataFrame({"Class": label, "low": edges[:-1], "high": edges[1:], "Images": images, "Share": share})
        )
    return pd.concat(tables, ignore_index=True)


def box_counts(rows: pd.DataFrame) -> pd.DataFrame:
    """Count the boxes that radiologists drew around opacities.

    Args:
        rows: Rows of a catalogue with the column `opacities`.

    Returns:
        One row per study label of pneumonia: images; with_boxes (images with at least one box); boxes; covered (area of
        all boxes of an image as a share of the image, median of the images with boxes).
    """
    images = rows[rows["cause"].isin(PNEUMONIA_APPEARANCES)]
    boxes = images["opacities"].map(lambda opacities: opacities or ())
    table = pd.DataFrame(
        {
            "cause": images["cause"],
            "boxes": boxes.map(len),
            "covered": boxes.map(lambda each: sum((b.right - b.left) * (b.bottom - b.top) for b in each) or np.nan),
        }
    ).groupby("cause")
    return pd.DataFrame(
        {
            "images": table.size(),
            "with_boxes": table["covered"].count(),
            "boxes": table["boxes"].sum(),
            "covered": table["covered"].median(),
        }
    ).reindex([cause for cause in PNEUMONIA_APPEARANCES if cause in table.groups])


def _count_images_and_patients(rows: pd.DataFrame) -> str:
    n_images, n_patients = len(rows), rows["patient"].nunique()
    return _("{images} / {patients}").format(
        images=ngettext("{n:,} image", "{n:,} images", n_images).format(n=n_images),
        patients=ngettext("{n:,} patient", "{n:,} patients", n_patients).format(n=n_patients),
    )
