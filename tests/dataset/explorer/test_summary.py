"""Counts and distributions of the labelled set."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataset.explorer.summary import DISTRIBUTION_BINS, MEASURES, counts, distribution, images_per_patient

ROWS = pd.DataFrame(
    [
        ("IM-1", "training", "NORMAL", "none", 100.0, 50.0, 1000, 800),
        ("IM-1", "training", "NORMAL", "none", 110.0, 51.0, 1000, 800),
        ("IM-2", "test", "NORMAL", "none", 120.0, 52.0, 1200, 800),
        ("person1_virus", "test", "PNEUMONIA", "viral", 130.0, 53.0, None, None),
        *[("person2_bacteria", "validation", "PNEUMONIA", "bacterial", 140.0, 54.0, 900, 600)] * 12,
    ],
    columns=["patient", "split", "label", "cause", "intensity", "contrast", "width", "height"],
)


def test_counts_images_and_patients_by_class_cause_and_split():
    table = counts(ROWS)
    assert table.columns.tolist() == ["training", "validation", "test", "all"]
    assert table.loc["NORMAL"].tolist() == ["2 of 1", "0 of 0", "1 of 1", "3 of 2"]
    assert table.loc["PNEUMONIA"].tolist() == ["0 of 0", "12 of 1", "1 of 1", "13 of 2"]
    assert table.loc["PNEUMONIA, viral", "all"] == "1 of 1"
    assert table.loc["PNEUMONIA, bacterial", "all"] == "12 of 1"
    assert table.loc["all", "all"] == "16 of 4"


def test_counts_patients_by_number_of_images_and_groups_large_numbers():
    table = images_per_patient(ROWS)
    rows = [tuple(row) for row in table[["Class", "Pictures", "Patients"]].itertuples(index=False)]
    assert rows == [("NORMAL", "1", 1), ("NORMAL", "2", 1), ("PNEUMONIA", "1", 1), ("PNEUMONIA", "10+", 1)]


@pytest.mark.parametrize("measure", MEASURES)
def test_distributions_of_both_classes_have_the_same_bins(measure):
    table = distribution(ROWS, measure)
    for label, films in (("NORMAL", 3), ("PNEUMONIA", 13 if measure in ("intensity", "contrast") else 12)):
        bins = table[table["Class"] == label]
        assert len(bins) == DISTRIBUTION_BINS
        assert bins["Films"].sum() == films
        assert bins["Share"].sum() == pytest.approx(1)
    assert (table["low"] < table["high"]).all()


def test_images_of_unknown_size_are_not_counted():
    table = distribution(ROWS.assign(width=np.nan, height=np.nan), "aspect")
    assert table["Films"].sum() == 0
    assert table["Share"].sum() == 0


@given(st.lists(st.floats(0, 255), min_size=1, max_size=60))
def test_distribution_counts_every_image(values):
    rows = pd.DataFrame({"intensity": values, "label": "NORMAL"})
    assert distribution(rows, "intensity")["Films"].sum() == len(values)
