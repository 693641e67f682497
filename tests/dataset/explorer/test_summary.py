"""Counts and distributions of the labelled data set."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset.adults import Appearance
from dataset.explorer.summary import (
    DISTRIBUTION_BINS,
    FRAMING_MEASURES,
    MEASURES,
    PNEUMONIA_APPEARANCES,
    box_counts,
    counts,
    distribution,
    images_per_patient,
)
from model.codes import SPLITS, Label, SplitName
from model.imaging.geometry import RelativeBox

ROWS = pd.DataFrame(
    [
        ("IM-1", SplitName.TRAINING, Label.NORMAL, "none", 100.0, 50.0, 1000, 800),
        ("IM-1", SplitName.TRAINING, Label.NORMAL, "none", 110.0, 51.0, 1000, 800),
        ("IM-2", SplitName.TEST, Label.NORMAL, "none", 120.0, 52.0, 1200, 800),
        ("person1_virus", SplitName.TEST, Label.PNEUMONIA, "viral", 130.0, 53.0, None, None),
        *[("person2_bacteria", SplitName.VALIDATION, Label.PNEUMONIA, "bacterial", 140.0, 54.0, 900, 600)] * 12,
    ],
    columns=["patient", "split", "label", "cause", "intensity", "contrast", "width", "height"],
)


def test_counts_images_and_patients_by_class_cause_and_split():
    table = counts(ROWS)
    assert table.columns.tolist() == [*SPLITS, "all"]
    assert table.loc[Label.NORMAL].tolist() == [
        "2 images / 1 patient",
        "0 images / 0 patients",
        "1 image / 1 patient",
        "3 images / 2 patients",
    ]
    assert table.loc[Label.PNEUMONIA, SplitName.VALIDATION] == "12 images / 1 patient"
    assert table.loc["PNEUMONIA, viral", "all"] == "1 image / 1 patient"
    assert table.loc["PNEUMONIA, bacterial", "all"] == "12 images / 1 patient"
    assert table.loc["all", "all"] == "16 images / 4 patients"


def test_patients_are_counted_by_number_of_images_with_an_upper_group():
    table = images_per_patient(ROWS)
    rows = [tuple(row) for row in table[["Class", "Images", "Patients"]].itertuples(index=False)]
    assert rows == [
        (Label.NORMAL, "1", 1),
        (Label.NORMAL, "2", 1),
        (Label.PNEUMONIA, "1", 1),
        (Label.PNEUMONIA, "10+", 1),
    ]


@pytest.mark.parametrize("measure", MEASURES)
def test_distributions_of_both_classes_have_the_same_bins(measure):
    table = distribution(ROWS, measure)
    for label, n_images in ((Label.NORMAL, 3), (Label.PNEUMONIA, 13 if measure in ("intensity", "contrast") else 12)):
        bins = table[table["Class"] == label]
        assert len(bins) == DISTRIBUTION_BINS
        assert bins["Images"].sum() == n_images
        assert bins["Share"].sum() == pytest.approx(1)
    assert (table["low"] < table["high"]).all()


def test_images_of_unknown_size_are_not_counted():
    table = distribution(ROWS.assign(width=np.nan, height=np.nan), "aspect")
    assert table["Images"].sum() == 0
    assert table["Share"].sum() == 0


@pytest.mark.slow
@given(st.lists(st.floats(0, 255), min_size=1, max_size=60))
def test_distribution_counts_every_image(values):
    rows = pd.DataFrame({"intensity": values, "label": Label.NORMAL})
    assert distribution(rows, "intensity")["Images"].sum() == len(values)


HALF, QUARTER = RelativeBox(0.0, 0.0, 0.5, 1.0), RelativeBox(0.5, 0.5, 1.0, 1.0)
ADULTS = pd.DataFrame(
    [
        ("p1", SplitName.TRAINING, Label.NORMAL, Appearance.NEGATIVE, (), 0.5),
        ("p1", SplitName.TRAINING, Label.PNEUMONIA, Appearance.TYPICAL, (HALF, QUARTER), 0.6),
        ("p2", SplitName.TRAINING, Label.PNEUMONIA, Appearance.TYPICAL, (QUARTER,), 0.7),
        ("p3", SplitName.TEST, Label.PNEUMONIA, Appearance.TYPICAL, None, np.nan),
        ("p3", SplitName.TEST, Label.PNEUMONIA, Appearance.ATYPICAL, None, 0.9),
    ],
    columns=["patient", "split", "label", "cause", "opacities", "lung_width"],
).assign(lung_height=0.8)


def test_adults_are_counted_by_study_label_and_a_patient_once_per_group():
    table = counts(ADULTS, PNEUMONIA_APPEARANCES)
    assert table.index.tolist() == [*Label, *(f"PNEUMONIA, {name}" for name in PNEUMONIA_APPEARANCES), "all"]
    assert table.loc["PNEUMONIA, Typical Appearance", "all"] == "3 images / 3 patients"
    assert table.loc["all", SplitName.TRAINING] == "3 images / 2 patients"


def test_boxes_are_counted_by_study_label():
    table = box_counts(ADULTS)
    assert table.index.tolist() == [Appearance.TYPICAL, Appearance.ATYPICAL]
    assert table.loc[Appearance.TYPICAL].tolist() == [3, 2, 3, 0.5]  # areas 0.75 and 0.25 of the image
    assert table.loc[Appearance.ATYPICAL, ["images", "with_boxes", "boxes"]].tolist() == [1, 0, 0]


@pytest.mark.parametrize("measure", FRAMING_MEASURES)
def test_the_framing_of_images_without_a_lung_box_is_not_counted(measure):
    assert distribution(ADULTS, measure)["Images"].sum() == ADULTS[measure].notna().sum()
