"""Counts out of 1,000 patients, their intervals, sentence and table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.performance.natural_frequencies import (
    natural_frequencies,
    natural_frequency_intervals,
    natural_frequency_sentence,
    natural_frequency_table,
)

RATES = {
    "sensitivity": {"value": 0.9, "low": 0.85, "high": 0.95},
    "specificity": {"value": 0.8, "low": 0.7, "high": 0.9},
}
PREDICTIVE = {
    "ppv": {"value": 0.529, "low": 0.4, "high": 0.6},
    "npv": {"value": 0.97, "low": 0.9, "high": 0.99},
}
shares = st.floats(0, 1)


def test_counts_match_a_manual_count():
    assert natural_frequencies(RATES, 0.1) == {"tp": 90, "fn": 10, "fp": 180, "tn": 720}


@given(sensitivity=shares, specificity=shares, prevalence=shares)
def test_counts_add_up_to_1000(sensitivity, specificity, prevalence):
    counts = natural_frequencies(
        {"sensitivity": {"value": sensitivity}, "specificity": {"value": specificity}}, prevalence
    )

    assert sum(counts.values()) == 1000
    assert min(counts.values()) >= 0
    assert counts["tp"] + counts["fn"] == pytest.approx(1000 * prevalence, abs=0.5)


def test_intervals_follow_from_those_of_the_rates():
    assert natural_frequency_intervals(RATES, 0.2) == {
        "tp": (170, 190),
        "fn": (10, 30),
        "fp": (80, 240),
        "tn": (560, 720),
    }


@given(prevalence=shares, edges=st.lists(shares, min_size=6, max_size=6).map(sorted))
def test_every_count_lies_within_its_interval(prevalence, edges):
    rates = {
        name: dict(zip(("low", "value", "high"), sorted_edges, strict=True))
        for name, sorted_edges in (("sensitivity", edges[::2]), ("specificity", edges[1::2]))
    }
    counts, intervals = natural_frequencies(rates, prevalence), natural_frequency_intervals(rates, prevalence)
    for name, (low, high) in intervals.items():
        assert low - 1 <= counts[name] <= high + 1  # each limit is rounded separately


def test_sentence_states_all_counts():
    assert natural_frequency_sentence(natural_frequencies(RATES, 0.2)) == (
        "Of 1,000 patients, 200 have pneumonia: the model detects 180 and misses 20. Of the 800 patients without "
        "pneumonia, 160 get a false alarm and 640 a correct negative result."
    )


def test_table_covers_all_patients():
    columns = natural_frequency_table(
        natural_frequencies(RATES, 0.2), natural_frequency_intervals(RATES, 0.2), PREDICTIVE
    )
    assert columns["At or above the threshold"] == {
        "Patients": "340",
        "Correct": "180 (170-190) true positives",
        "Incorrect": "160 (80-240) false alarms",
        "Predictive value": "PPV 0.529 (0.400-0.600)",
    }
    assert columns["Below the threshold"] == {
        "Patients": "660",
        "Correct": "640 (560-720) true negatives",
        "Incorrect": "20 (10-30) missed cases",
        "Predictive value": "NPV 0.970 (0.900-0.990)",
    }
