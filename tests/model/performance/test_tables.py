"""Tables and sentences carry the figures of metrics.json, against manual counts."""

import pytest

from model.performance.tables import (
    adults_sentence,
    calibration_sentence,
    calibration_table,
    classification_report,
    conformal_sentence,
    conformal_table,
    external_table,
    measured_sets,
    miscalibration_direction,
    operating_point_table,
    rates_sentence,
    sample_sentence,
    sensitivity_by_cause,
    sensitivity_by_cause_table,
    similar_cases_sentence,
)

ESTIMATE = {"value": 0.9, "low": 0.8, "high": 0.95}
FORMATTED = "0.900 (0.800-0.950)"
UNDEFINED = {"value": None, "low": None, "high": None}
CONFUSION = {"tp": 18, "fn": 2, "fp": 6, "tn": 24}
CALIBRATION_ERRORS = {"ece": ESTIMATE, "brier": ESTIMATE, "slope": ESTIMATE, "intercept": ESTIMATE | {"value": -0.25}}


def rates(**changed) -> dict:
    names = ("accuracy", "sensitivity", "specificity", "precision", "f1")
    return {"threshold": 0.43210, "confusion": CONFUSION, **dict.fromkeys(names, ESTIMATE), **changed}


def measured_set(n: int = 50) -> dict:
    return {
        "n": n,
        "patients": 33,
        "positives": 20,
        "auc": ESTIMATE,
        "operating_points": {"rule-out": rates(), "balanced": rates(threshold=0.75, precision=UNDEFINED)},
        "sensitivity_by_cause": {
            "balanced": {"bacterial": {"n": 12, **ESTIMATE}, "viral": {"n": 0, **UNDEFINED}},
            "rule-out": {"bacterial": {"n": 12, **UNDEFINED}},
        },
        "calibration": {
            "prevalence": 0.4,
            "raw": CALIBRATION_ERRORS,
            "prevalence_adjusted": CALIBRATION_ERRORS | {"ece": UNDEFINED},
        },
        "conformal": {
            "coverage": {"NORMAL": {"n": 30, **ESTIMATE}, "PNEUMONIA": {"n": 20, **UNDEFINED}},
            "indeterminate": {
                "balanced": {"NORMAL": {"n": 30, **ESTIMATE}, "PNEUMONIA": {"n": 20, **ESTIMATE}},
                "rule-out": {"NORMAL": {"n": 30, **UNDEFINED}, "PNEUMONIA": {"n": 20, **UNDEFINED}},
            },
        },
    }


GROUPS = {
    "age": {"under 18 years": measured_set(5)},
    "sex": {"F": measured_set(6), "M": measured_set(7)},
    "view": {"AP": measured_set(8), "PA": measured_set(9)},
}


def metrics(**more) -> dict:
    return {"splits": {name: measured_set() for name in ("training", "validation", "test")}, **more}


def test_measured_sets_have_test_first_and_no_training():
    all_sets = metrics(adults=measured_set(9), stress_validation=measured_set(8))

    assert list(measured_sets(all_sets)) == ["test", "validation", "stress_validation", "adults"]
    assert measured_sets(all_sets)["adults"]["n"] == 9
    assert list(measured_sets(metrics())) == list(measured_sets(metrics(adults=None))) == ["test", "validation"]


def test_operating_point_row_has_rates_and_errors():
    rule_out, balanced = operating_point_table(measured_set())

    assert rule_out == {
        "Decision threshold": "rule-out",
        "Threshold": "0.432",
        "Sensitivity": FORMATTED,
        "Specificity": FORMATTED,
        "PPV": FORMATTED,
        "Accuracy": FORMATTED,
        "Missed cases": "2 of 20",
        "False alarms": "6 of 30",
    }
    assert (balanced["Decision threshold"], balanced["Threshold"], balanced["PPV"]) == (
        "balanced",
        "0.750",
        "not defined",
    )


def test_classification_report_treats_each_class_as_positive():
    normal, pneumonia = classification_report(CONFUSION)

    assert normal == {
        "label": "NORMAL",
        "precision": pytest.approx(24 / 26),
        "recall": pytest.approx(24 / 30),
        "f1": pytest.approx(48 / 56),
        "images": 30,
    }
    assert pneumonia == {
        "label": "PNEUMONIA",
        "precision": pytest.approx(18 / 24),
        "recall": pytest.approx(18 / 20),
        "f1": pytest.approx(36 / 44),
        "images": 20,
    }


def test_report_of_an_absent_class_is_not_defined():
    _, pneumonia = classification_report({"tp": 0, "fn": 0, "fp": 0, "tn": 5})

    assert [pneumonia[name] for name in ("precision", "recall", "f1", "images")] == [None, None, None, 0]


def test_sensitivity_by_cause_is_that_of_the_operating_point():
    assert sensitivity_by_cause(measured_set(), "balanced") == [
        {"cause": "bacterial", "images": 12, "share": 0.9, "low": 0.8, "high": 0.95},
        {"cause": "viral", "images": 0, "share": None, "low": None, "high": None},
    ]
    assert sensitivity_by_cause_table(measured_set(), "balanced") == [
        {"Cause": "bacterial", "Sensitivity": FORMATTED, "Images": "12"},
        {"Cause": "viral", "Sensitivity": "not defined", "Images": "0"},
    ]
    assert [row["Sensitivity"] for row in sensitivity_by_cause_table(measured_set(), "rule-out")] == ["not defined"]


def test_calibration_has_a_raw_row_and_an_adjusted_row_if_defined():
    one_class = measured_set()
    one_class["calibration"] = {"prevalence": 1.0, "raw": CALIBRATION_ERRORS, "prevalence_adjusted": None}

    rows = calibration_table(metrics(adults=one_class))

    assert [(row["Images"], row["Prevalence"], row["Adjusted to this prevalence"], row["ECE"]) for row in rows] == [
        ("official test split", "40%", "no", FORMATTED),
        ("official test split", "40%", "yes", "not defined"),
        ("validation", "40%", "no", FORMATTED),
        ("validation", "40%", "yes", "not defined"),
        ("adults", "100%", "no", FORMATTED),
    ]
    assert {row["Brier score"] for row in rows} == {row["Slope (ideal: 1)"] for row in rows} == {FORMATTED}
    assert {row["Intercept (ideal: 0)"] for row in rows} == {"-0.250 (0.800-0.950)"}


def test_conformal_table_has_a_row_per_set_and_class():
    rows = conformal_table(metrics(), "balanced")

    assert [tuple(row.values()) for row in rows] == [
        (set_name, label, covered, FORMATTED, n)
        for set_name in ("official test split", "validation")
        for label, covered, n in (("NORMAL", FORMATTED, "30"), ("PNEUMONIA", "not defined", "20"))
    ]
    assert {row["Indeterminate"] for row in conformal_table(metrics(), "rule-out")} == {"not defined"}


@pytest.mark.parametrize(
    ("pneumonia_from", "normal_up_to", "plausible"),
    [(0.4, 0.6, "both classes are plausible"), (0.6, 0.4, "neither class is plausible")],
)
def test_conformal_sentence_states_the_lower_limit_first(pneumonia_from, normal_up_to, plausible):
    sentence = conformal_sentence(
        {"pneumonia_from": pneumonia_from, "normal_up_to": normal_up_to, "rationale": "Chosen so."}, measured_set()
    )

    assert sentence.startswith("Between probabilities of 0.400 and 0.600 (at the training prevalence)")
    assert f": {plausible}. " in sentence
    assert sentence.endswith(
        f" Chosen so. On the official test split, the true class is plausible for {FORMATTED} of normal images (n = "
        "30) and for not defined of images with pneumonia (n = 20)."
    )


def with_intercept(low: float, high: float) -> dict:
    """Return metrics with this interval of the calibration intercept; its value is the centre of the interval."""
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
            "Probabilities around 50% are too high on the official test split (n = 50): of images with a probability "
            "of 50%, about 5% (2%-12%) show pneumonia. If probabilities are adjusted to the prevalence of this split "
            "(40%), it is about 27%.",
        ),
        (
            (2, 4),
            "low",
            "Probabilities around 50% are too low on the official test split (n = 50): of images with a probability "
            "of 50%, about 95% (88%-98%) show pneumonia. If probabilities are adjusted to the prevalence of this split "
            "(40%), it is about 27%.",
        ),
        (
            (-1, 1),
            None,
            "Probabilities around 50% are neither clearly too high nor too low on the official test split (n = 50): "
            "of images with a probability of 50%, about 50% (27%-73%) show pneumonia.",
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
        "Calibration on the official test split is not defined: it has images of one class only."
    )


def test_sample_and_rates_are_stated_with_counts():
    assert sample_sentence(measured_set()) == (
        "The official test split has 50 images of 33 children; 20 show pneumonia."
    )
    assert rates_sentence(measured_set(), "balanced") == (
        f"Sensitivity is {FORMATTED} (n = 20 images with pneumonia), specificity {FORMATTED} (n = 30 images without)."
    )


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
        "with pneumonia and raises a false alarm for 65% of the images without."
    )


def test_adults_sentence_warns_even_if_not_measured():
    assert adults_sentence(None, "balanced") == (
        "Not for use in adults: performance outside the intended population was not measured."
    )


def test_similar_cases_sentence_states_all_and_each_class():
    agreement = {
        "count": 5,
        "split": "test",
        "same_class": ESTIMATE | {"n": 624},
        "by_class": {"NORMAL": ESTIMATE | {"n": 234}, "PNEUMONIA": UNDEFINED | {"n": 390}},
        "same_cause": ESTIMATE | {"value": 0.85, "n": 624},
    }

    assert similar_cases_sentence(agreement) == (
        "Of the 5 training images most similar to each of 624 test images, on average a share of 0.900 (0.800-0.950) "
        "has the same class as the test image; by class: NORMAL 0.900 (0.800-0.950), PNEUMONIA not defined. On "
        "average, a share of 0.850 (0.800-0.950) has the same cause. Similarity is measured by the model itself, so "
        "similar cases tend to agree with it even when it is wrong."
    )
