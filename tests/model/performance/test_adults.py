"""Metrics on adults of another hospital are those in metrics.json, by view, and the warning does not depend on them."""

from model.codes import Population
from model.performance.adults import adults_sentence, external_table
from tests.support.metrics import ESTIMATE, FORMATTED, other_hospital, rates


def test_external_table_is_empty_if_adults_were_not_measured():
    assert external_table(None, "balanced") == []


def test_external_table_has_the_views_apart_and_then_patients_under_18():
    rows = external_table(other_hospital(Population.CHILDREN), "rule-out")

    assert [(row["Group"], row["Images"]) for row in rows] == [
        ("AP view", "9"),
        ("PA view", "10"),
        ("under 18 years, AP view", "1"),
    ]
    columns = ("AUC", "Sensitivity", "Specificity", "Refused", "With pneumonia")
    assert {tuple(row[column] for column in columns) for row in rows} == {(*[FORMATTED] * 4, "20")}


def test_adults_sentence_states_the_error_rates_of_each_view():
    adults = other_hospital(Population.CHILDREN)
    for view, sensitivity in (("AP", 0.7), ("PA", 0.6)):
        adults["groups"]["view"][view]["operating_points"]["balanced"] = rates(
            sensitivity=ESTIMATE | {"value": sensitivity}, specificity=ESTIMATE | {"value": 0.35}
        )

    assert adults_sentence(adults, "balanced") == (
        "Not for use in adults. On radiographs of adults from another hospital, with labels extracted from reports and "
        f"partly corrected by radiologists, at the balanced decision threshold: In the AP view (n = 9), the AUC is "
        f"{FORMATTED}; the model misses 30% of the images with pneumonia and raises a false alarm for 65% of those "
        f"without. In the PA view (n = 10), the AUC is {FORMATTED}; the model misses 40% of the images with pneumonia "
        "and raises a false alarm for 65% of those without."
    )


def test_adults_sentence_of_a_model_for_adults_gives_no_warning():
    sentence = adults_sentence(other_hospital(Population.ADULTS), "balanced")

    assert sentence.startswith("On radiographs of adults from another hospital")
    assert "at the balanced decision threshold for adults: In the AP view" in sentence


def test_adults_sentence_warns_even_if_not_measured():
    assert adults_sentence(None, "balanced") == (
        "Not for use in adults: performance outside the intended population was not measured."
    )
