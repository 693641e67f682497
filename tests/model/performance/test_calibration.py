"""Calibration and conformal limits are those in metrics.json and match manual counts."""

import pytest

from model.codes import Population
from model.performance.calibration import (
    calibration_sentence,
    calibration_table,
    conformal_sentence,
    conformal_table,
    measured_sets,
    miscalibration_direction,
)
from tests.support.metrics import (
    CALIBRATION_ERRORS,
    ESTIMATE,
    FORMATTED,
    UNDEFINED,
    measured_set,
    metrics,
    other_hospital,
)

CHILDREN, ADULTS = Population


def test_measured_sets_have_test_first_and_no_training():
    all_sets = metrics(adults=other_hospital(CHILDREN), stress_validation=measured_set(8))

    assert list(measured_sets(all_sets, CHILDREN)) == [
        "official test split",
        "validation",
        "validation, perturbed",
        "adults of another hospital, AP view",
        "adults of another hospital, PA view",
    ]
    assert list(measured_sets(metrics(), CHILDREN)) == ["official test split", "validation"]


def test_another_hospital_belongs_to_the_population_whose_rules_judged_it():
    both = metrics(
        adults=other_hospital(ADULTS),
        stress_validation=measured_set(8),
        populations={ADULTS: {"splits": {"validation": measured_set(7), "test": measured_set(6)}}},
    )

    sets = measured_sets(both, ADULTS)

    assert [(name, measured["n"]) for name, measured in sets.items()] == [
        ("adults, test split", 6),
        ("adults, validation", 7),
        ("adults of another hospital, AP view", 9),
        ("adults of another hospital, PA view", 10),
    ]
    assert list(measured_sets(both, CHILDREN)) == ["official test split", "validation", "validation, perturbed"]


def test_calibration_has_a_raw_row_and_an_adjusted_row_if_defined():
    one_class = measured_set()
    one_class["calibration"] = {"prevalence": 1.0, "raw": CALIBRATION_ERRORS, "prevalence_adjusted": None}

    rows = calibration_table(metrics(stress_validation=one_class), CHILDREN)

    assert [(row["Images"], row["Prevalence"], row["Adjusted to this prevalence"], row["ECE"]) for row in rows] == [
        ("official test split", "40%", "no", FORMATTED),
        ("official test split", "40%", "yes", "not defined"),
        ("validation", "40%", "no", FORMATTED),
        ("validation", "40%", "yes", "not defined"),
        ("validation, perturbed", "100%", "no", FORMATTED),
    ]
    assert {row["Brier score"] for row in rows} == {row["Slope (ideal: 1)"] for row in rows} == {FORMATTED}
    assert {row["Intercept (ideal: 0)"] for row in rows} == {"-0.250 (0.800-0.950)"}


def with_intercept(low: float, high: float) -> dict:
    """Return metrics with this interval for the calibration intercept; its value is the centre of the interval."""
    measured = measured_set()
    intercept = {"value": (low + high) / 2, "low": low, "high": high}
    errors = CALIBRATION_ERRORS | {"intercept": intercept}
    measured["calibration"] |= {"raw": errors, "prevalence_adjusted": errors | {"intercept": ESTIMATE | {"value": -1}}}
    return measured


@pytest.mark.parametrize(
    ("interval", "error", "sentence"),
    [
        (
            (-4, -2),
            "high",
            "Probabilities around 50% are too high on the test split (n = 50): of images with a probability "
            "of 50%, about 5% (2%-12%) show pneumonia. If probabilities are adjusted to the prevalence of this split "
            "(40%), the figure is about 27%.",
        ),
        (
            (2, 4),
            "low",
            "Probabilities around 50% are too low on the test split (n = 50): of images with a probability "
            "of 50%, about 95% (88%-98%) show pneumonia. If probabilities are adjusted to the prevalence of this split "
            "(40%), the figure is about 27%.",
        ),
        (
            (-1, 1),
            None,
            "Probabilities around 50% are neither clearly too high nor clearly too low on the test split (n = "
            "50): of images with a probability of 50%, about 50% (27%-73%) show pneumonia.",
        ),
    ],
)
def test_calibration_sentence_follows_the_interval_of_the_intercept(interval, error, sentence):
    measured = with_intercept(*interval)
    assert miscalibration_direction(measured) == error
    assert calibration_sentence(measured) == sentence


def test_calibration_sentence_of_one_class_is_not_defined():
    measured = measured_set()
    measured["calibration"] = {
        "prevalence": 1.0,
        "raw": CALIBRATION_ERRORS | {"intercept": UNDEFINED},
        "prevalence_adjusted": None,
    }
    assert miscalibration_direction(measured) is None
    assert calibration_sentence(measured) == (
        "Calibration on the test split is not defined: the split contains only one class."
    )


def test_conformal_table_has_a_row_per_set_and_class():
    rows = conformal_table(metrics(), CHILDREN, "balanced")

    assert [tuple(row.values()) for row in rows] == [
        (set_name, label, covered, FORMATTED, n)
        for set_name in ("official test split", "validation")
        for label, covered, n in (("NORMAL", FORMATTED, "30"), ("PNEUMONIA", "not defined", "20"))
    ]
    assert {row["Indeterminate"] for row in conformal_table(metrics(), CHILDREN, "rule-out")} == {"not defined"}


@pytest.mark.parametrize(
    ("pneumonia_from", "normal_up_to", "plausible"),
    [(0.4, 0.6, "both classes are plausible"), (0.6, 0.4, "neither class is plausible")],
)
def test_conformal_sentence_states_the_lower_limit_first(pneumonia_from, normal_up_to, plausible):
    sentence = conformal_sentence(
        {"pneumonia_from": pneumonia_from, "normal_up_to": normal_up_to, "rationale": "Chosen so."}, measured_set()
    )

    assert f"Between probabilities of 0.400 and 0.600 (at the training prevalence) {plausible}: " in sentence
    assert sentence.endswith(
        f" Chosen so. On the test split, the true class is plausible for {FORMATTED} of normal images (n = "
        "30) and for not defined of images with pneumonia (n = 20)."
    )
