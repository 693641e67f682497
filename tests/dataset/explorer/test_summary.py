"""What the set is made of, counted."""

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


def test_counts_pictures_and_patients_by_kind_and_split():
    found = counts(ROWS)
    assert found.columns.tolist() == ["training", "validation", "test", "all"]
    assert found.loc["NORMAL"].tolist() == ["2 of 1", "0 of 0", "1 of 1", "3 of 2"]
    assert found.loc["PNEUMONIA"].tolist() == ["0 of 0", "12 of 1", "1 of 1", "13 of 2"]
    assert found.loc["PNEUMONIA, viral", "all"] == "1 of 1"
    assert found.loc["PNEUMONIA, bacterial", "all"] == "12 of 1"
    assert found.loc["all", "all"] == "16 of 4"


def test_patients_are_counted_by_how_many_pictures_they_have_and_many_go_together():
    found = images_per_patient(ROWS)
    rows = [tuple(row) for row in found[["Class", "Pictures", "Patients"]].itertuples(index=False)]
    assert rows == [("NORMAL", "1", 1), ("NORMAL", "2", 1), ("PNEUMONIA", "1", 1), ("PNEUMONIA", "10+", 1)]


@pytest.mark.parametrize("measure", MEASURES)
def test_each_class_is_shared_out_over_the_same_bins(measure):
    found = distribution(ROWS, measure)
    for label, films in (("NORMAL", 3), ("PNEUMONIA", 13 if measure in ("intensity", "contrast") else 12)):
        of = found[found["Class"] == label]
        assert len(of) == DISTRIBUTION_BINS
        assert of["Films"].sum() == films
        assert of["Share"].sum() == pytest.approx(1)
    assert (found["low"] < found["high"]).all()


def test_where_no_size_is_known_nothing_is_counted():
    found = distribution(ROWS.assign(width=np.nan, height=np.nan), "aspect")
    assert found["Films"].sum() == 0
    assert found["Share"].sum() == 0


@given(st.lists(st.floats(0, 255), min_size=1, max_size=60))
def test_no_picture_is_lost_however_values_lie(values):
    rows = pd.DataFrame({"intensity": values, "label": "NORMAL"})
    assert distribution(rows, "intensity")["Films"].sum() == len(values)
