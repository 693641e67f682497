"""Counts and distributions of the labelled data set."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset.explorer.summary import DISTRIBUTION_BINS, MEASURES, counts, distribution, images_per_patient
from model.codes import SPLITS, Label, SplitName

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
