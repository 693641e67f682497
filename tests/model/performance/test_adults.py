"""Metrics on adults are those in metrics.json, and the warning does not depend on them."""

from model.performance.adults import adults_sentence, external_table
from tests.support.metrics import ESTIMATE, FORMATTED, measured_set, rates

GROUPS = {
    "age": {"under 18 years": measured_set(5)},
    "sex": {"F": measured_set(6), "M": measured_set(7)},
    "view": {"AP": measured_set(8), "PA": measured_set(9)},
}


def test_external_table_is_empty_if_adults_were_not_measured():
    assert external_table(None, "balanced") == []


def test_external_table_has_all_adults_first_and_then_each_group():
    rows = external_table(measured_set() | {"groups": GROUPS}, "rule-out")

    assert [(row["Group"], row["Images"]) for row in rows] == [
        ("all", "50"),
        ("under 18 years", "5"),
        ("female", "6"),
        ("male", "7"),
        ("AP view", "8"),
        ("PA view", "9"),
    ]
    assert {(row["AUC"], row["Sensitivity"], row["Specificity"], row["With pneumonia"]) for row in rows} == {
        (FORMATTED, FORMATTED, FORMATTED, "20")
    }


def test_adults_sentence_states_error_rates():
    rates_of_point = rates(sensitivity=ESTIMATE | {"value": 0.7}, specificity=ESTIMATE | {"value": 0.35})

    assert adults_sentence(measured_set() | {"operating_points": {"balanced": rates_of_point}}, "balanced") == (
        "Not for use in adults: on 50 radiographs of mostly adult patients from another source, with labels extracted "
        f"from reports, the AUC is {FORMATTED}. At the balanced decision threshold, the model misses 30% of the images "
        "with pneumonia and raises a false alarm for 65% of those without."
    )


def test_adults_sentence_warns_even_if_not_measured():
    assert adults_sentence(None, "balanced") == (
        "Not for use in adults: performance outside the intended population was not measured."
    )
