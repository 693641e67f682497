"""Tables and sentences carry the figures of metrics.json, against manual counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.performance.tables import (
    adults_sentence,
    calibration_table,
    conformal_sentence,
    conformal_table,
    external_table,
    measured_sets,
    operating_point_table,
    rates_sentence,
    report_table,
    sample_sentence,
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

    assert list(measured_sets(all_sets)) == ["official test split", "validation", "validation under shifts", "adults"]
    assert measured_sets(all_sets)["adults"]["n"] == 9
    assert (
        list(measured_sets(metrics()))
        == list(measured_sets(metrics(adults=None)))
        == ["official test split", "validation"]
    )


def test_operating_point_row_has_rates_and_errors():
    rule_out, balanced = operating_point_table(measured_set())

    assert rule_out == {
        "Operating point": "rule-out",
        "Threshold": "0.432",
        "Sensitivity": FORMATTED,
        "Specificity": FORMATTED,
        "PPV": FORMATTED,
        "Accuracy": FORMATTED,
        "Missed": "2 of 20",
        "False alarms": "6 of 30",
    }
    assert (balanced["Operating point"], balanced["Threshold"], balanced["PPV"]) == ("balanced", "0.750", "not defined")


def test_classification_report_treats_each_class_as_positive():
    normal, pneumonia = report_table(CONFUSION)

    assert normal == {
        "Class": "NORMAL",
        "Precision": pytest.approx(24 / 26),
        "Recall": pytest.approx(24 / 30),
        "F1": pytest.approx(48 / 56),
        "Pictures": 30,
    }
    assert pneumonia == {
        "Class": "PNEUMONIA",
        "Precision": pytest.approx(18 / 24),
        "Recall": pytest.approx(18 / 20),
        "F1": pytest.approx(36 / 44),
        "Pictures": 20,
    }


def test_report_of_an_absent_class_is_not_defined():
    _, pneumonia = report_table({"tp": 0, "fn": 0, "fp": 0, "tn": 5})

    assert [pneumonia[name] for name in ("Precision", "Recall", "F1", "Pictures")] == [None, None, None, 0]


def test_sensitivity_by_cause_is_that_of_the_operating_point():
    bacterial, viral = sensitivity_by_cause_table(measured_set(), "balanced")

    assert (bacterial["Cause"], bacterial["Sensitivity"], bacterial["Pictures"]) == ("bacterial", FORMATTED, 12)
    assert bacterial["Share"] == 0.9
    assert (viral["Sensitivity"], viral["Pictures"], viral["Share"]) == ("not defined", 0, None)
    assert [row["Sensitivity"] for row in sensitivity_by_cause_table(measured_set(), "rule-out")] == ["not defined"]


def test_calibration_has_a_raw_row_and_an_adjusted_row_if_defined():
    one_class = measured_set()
    one_class["calibration"] = {"prevalence": 1.0, "raw": CALIBRATION_ERRORS, "prevalence_adjusted": None}

    rows = calibration_table(metrics(adults=one_class))

    assert [(row["Pictures"], row["Prevalence there"], row["Corrected for it"], row["ECE"]) for row in rows] == [
        ("official test split", "40%", "no", FORMATTED),
        ("official test split", "40%", "yes", "not defined"),
        ("validation", "40%", "no", FORMATTED),
        ("validation", "40%", "yes", "not defined"),
        ("adults", "100%", "no", FORMATTED),
    ]
    assert {row["Brier score"] for row in rows} == {row["Slope (1 is right)"] for row in rows} == {FORMATTED}
    assert {row["Intercept (0 is right)"] for row in rows} == {"-0.250 (0.800-0.950)"}


def test_conformal_table_has_a_row_per_set_and_class():
    rows = conformal_table(metrics(), "balanced")

    assert [tuple(row.values()) for row in rows] == [
        (set_name, label, covered, FORMATTED, n)
        for set_name in ("official test split", "validation")
        for label, covered, n in (("NORMAL", FORMATTED, "30"), ("PNEUMONIA", "not defined", "20"))
    ]
    assert {row["Indeterminate"] for row in conformal_table(metrics(), "rule-out")} == {"not defined"}


@pytest.mark.parametrize("limits", [(0.4, 0.6), (0.6, 0.4)], ids=["both plausible", "none plausible"])
def test_conformal_sentence_states_the_lower_limit_first(limits):
    pneumonia_from, normal_up_to = limits
    sentence = conformal_sentence(
        {"pneumonia_from": pneumonia_from, "normal_up_to": normal_up_to, "rationale": "Chosen so."}
    )

    assert sentence.startswith("Between a probability of 0.400 and 0.600 (at the training prevalence)")
    assert " Chosen so. " in sentence


def test_sample_and_rates_are_stated_with_counts():
    assert sample_sentence(measured_set()) == "50 films of 33 children, 20 of the films with pneumonia"
    assert rates_sentence(measured_set(), "balanced") == (
        f"sensitivity {FORMATTED} on 20 films with pneumonia, specificity {FORMATTED} on 30 without"
    )


def test_external_table_is_empty_if_adults_were_not_measured():
    assert external_table(None, "balanced") == []


def test_external_table_has_all_adults_first_and_then_each_group():
    rows = external_table(measured_set() | {"groups": GROUPS}, "rule-out")

    assert [(row["Group"], row["Films"]) for row in rows] == [
        ("all", "50"),
        ("under 18 years", "5"),
        ("women", "6"),
        ("men", "7"),
        ("AP (from the front)", "8"),
        ("PA (from behind)", "9"),
    ]
    assert {(row["AUC"], row["Sensitivity"], row["Specificity"], row["With pneumonia"]) for row in rows} == {
        (FORMATTED, FORMATTED, FORMATTED, "20")
    }


@pytest.mark.parametrize(
    ("sensitivity", "specificity", "missed", "false_alarms"),
    [
        (0.7, 0.35, "about 3", "about 6"),
        (1.0, 0.0, "almost none", "almost all"),
        (0.97, 0.03, "almost none", "almost all"),
        (0.94, 0.06, "about 1", "about 9"),
    ],
)
def test_adults_sentence_states_errors_out_of_ten(sensitivity, specificity, missed, false_alarms):
    rates_of_point = rates(sensitivity=ESTIMATE | {"value": sensitivity}, specificity=ESTIMATE | {"value": specificity})

    assert adults_sentence(measured_set() | {"operating_points": {"balanced": rates_of_point}}, "balanced") == (
        "Not for adults: on 50 films of mostly adult patients elsewhere, with labels mined from reports, AUC is "
        f"{FORMATTED}; it misses {missed} of 10 with pneumonia and raises a false alarm in {false_alarms} of 10 "
        "without."
    )


@given(error_rate=st.floats(0, 1))
def test_adults_sentence_never_says_about_0_or_about_10(error_rate):
    rates_of_point = rates(
        sensitivity=ESTIMATE | {"value": 1 - error_rate}, specificity=ESTIMATE | {"value": error_rate}
    )

    sentence = adults_sentence(measured_set() | {"operating_points": {"balanced": rates_of_point}}, "balanced")

    assert "about 0 " not in sentence
    assert "about 10 " not in sentence


def test_adults_sentence_warns_even_if_not_measured():
    assert adults_sentence(None, "balanced") == "Outside its population it was not measured. It is not for adults."


def test_similar_cases_sentence_states_all_and_each_class():
    agreement = {
        "count": 5,
        "split": "test",
        "same_class": ESTIMATE | {"n": 624},
        "by_class": {"NORMAL": ESTIMATE | {"n": 234}, "PNEUMONIA": UNDEFINED | {"n": 390}},
        "same_cause": ESTIMATE | {"value": 0.85, "n": 624},
    }

    assert similar_cases_sentence(agreement) == (
        "Of the 5 training pictures nearest to each of 624 test pictures, the share of its class is 0.900 "
        "(0.800-0.950): 0.900 (0.800-0.950) for NORMAL and not defined for PNEUMONIA; of its cause 0.850 "
        "(0.800-0.950). Nearest is what the reader itself sees as alike, so similar cases tend to agree with it, also "
        "where it is wrong."
    )
