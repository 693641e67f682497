"""Tables of the page and the card say what metrics.json says, counted by hand."""

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

SHARE = {"value": 0.9, "low": 0.8, "high": 0.95}
SHOWN = "0.900 (0.800-0.950)"
UNDEFINED = {"value": None, "low": None, "high": None}
CONFUSION = {"tp": 18, "fn": 2, "fp": 6, "tn": 24}
FIGURES = {"ece": SHARE, "brier": SHARE, "slope": SHARE, "intercept": SHARE | {"value": -0.25}}


def rates(**changed) -> dict:
    names = ("accuracy", "sensitivity", "specificity", "precision", "f1")
    return {"threshold": 0.43210, "confusion": CONFUSION, **dict.fromkeys(names, SHARE), **changed}


def measured_set(n: int = 50) -> dict:
    return {
        "n": n,
        "patients": 33,
        "positives": 20,
        "auc": SHARE,
        "operating_points": {"rule-out": rates(), "balanced": rates(threshold=0.75, precision=UNDEFINED)},
        "sensitivity_by_cause": {
            "balanced": {"bacterial": {"n": 12, **SHARE}, "viral": {"n": 0, **UNDEFINED}},
            "rule-out": {"bacterial": {"n": 12, **UNDEFINED}},
        },
        "calibration": {"prevalence": 0.4, "as_stated": FIGURES, "at_this_prevalence": FIGURES | {"ece": UNDEFINED}},
        "conformal": {
            "coverage": {"NORMAL": {"n": 30, **SHARE}, "PNEUMONIA": {"n": 20, **UNDEFINED}},
            "indeterminate": {
                "balanced": {"NORMAL": {"n": 30, **SHARE}, "PNEUMONIA": {"n": 20, **SHARE}},
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


def test_sets_stand_test_first_and_training_is_not_shown():
    everything = metrics(adults=measured_set(9), stress_validation=measured_set(8))

    assert list(measured_sets(everything)) == ["official test split", "validation", "validation under shifts", "adults"]
    assert measured_sets(everything)["adults"]["n"] == 9
    assert (
        list(measured_sets(metrics()))
        == list(measured_sets(metrics(adults=None)))
        == ["official test split", "validation"]
    )


def test_a_point_is_told_with_its_rates_and_errors():
    rule_out, balanced = operating_point_table(measured_set())

    assert rule_out == {
        "Operating point": "rule-out",
        "Threshold": "0.432",
        "Sensitivity": SHOWN,
        "Specificity": SHOWN,
        "PPV": SHOWN,
        "Accuracy": SHOWN,
        "Missed": "2 of 20",
        "False alarms": "6 of 30",
    }
    assert (balanced["Operating point"], balanced["Threshold"], balanced["PPV"]) == ("balanced", "0.750", "not defined")


def test_the_report_of_each_class_is_counted_from_its_own_side():
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


def test_the_report_of_a_class_that_is_never_called_and_never_there_is_not_defined():
    _, pneumonia = report_table({"tp": 0, "fn": 0, "fp": 0, "tn": 5})

    assert [pneumonia[name] for name in ("Precision", "Recall", "F1", "Pictures")] == [None, None, None, 0]


def test_causes_are_told_at_the_point_that_is_asked_for():
    bacterial, viral = sensitivity_by_cause_table(measured_set(), "balanced")

    assert (bacterial["Cause"], bacterial["Sensitivity"], bacterial["Pictures"]) == ("bacterial", SHOWN, 12)
    assert bacterial["Share"] == 0.9
    assert (viral["Sensitivity"], viral["Pictures"], viral["Share"]) == ("not defined", 0, None)
    assert [row["Sensitivity"] for row in sensitivity_by_cause_table(measured_set(), "rule-out")] == ["not defined"]


def test_calibration_is_told_as_stated_and_corrected_where_it_can_be():
    one_class = measured_set()
    one_class["calibration"] = {"prevalence": 1.0, "as_stated": FIGURES, "at_this_prevalence": None}

    rows = calibration_table(metrics(adults=one_class))

    assert [(row["Pictures"], row["Prevalence there"], row["Corrected for it"], row["ECE"]) for row in rows] == [
        ("official test split", "40%", "no", SHOWN),
        ("official test split", "40%", "yes", "not defined"),
        ("validation", "40%", "no", SHOWN),
        ("validation", "40%", "yes", "not defined"),
        ("adults", "100%", "no", SHOWN),
    ]
    assert {row["Brier score"] for row in rows} == {row["Slope (1 is right)"] for row in rows} == {SHOWN}
    assert {row["Intercept (0 is right)"] for row in rows} == {"-0.250 (0.800-0.950)"}


def test_coverage_and_doubt_are_told_per_set_and_class():
    rows = conformal_table(metrics(), "balanced")

    assert [tuple(row.values()) for row in rows] == [
        (words, label, covered, SHOWN, n)
        for words in ("official test split", "validation")
        for label, covered, n in (("NORMAL", SHOWN, "30"), ("PNEUMONIA", "not defined", "20"))
    ]
    assert {row["Indeterminate"] for row in conformal_table(metrics(), "rule-out")} == {"not defined"}


@pytest.mark.parametrize("limits", [(0.4, 0.6), (0.6, 0.4)], ids=["both plausible", "none plausible"])
def test_where_the_verdict_is_indeterminate_is_told_from_the_lower_limit_to_the_upper(limits):
    least, most = limits
    sentence = conformal_sentence({"least_pneumonia": least, "most_normal": most, "chosen": "Chosen so."})

    assert sentence.startswith("Between a probability of 0.400 and 0.600 (at the training prevalence)")
    assert " Chosen so. " in sentence


def test_a_set_and_its_rates_are_told_with_their_counts():
    assert sample_sentence(measured_set()) == "50 films of 33 children, 20 of the films with pneumonia"
    assert rates_sentence(measured_set(), "balanced") == (
        f"sensitivity {SHOWN} on 20 films with pneumonia, specificity {SHOWN} on 30 without"
    )


def test_adults_that_were_not_read_have_no_rows():
    assert external_table(None, "balanced") == []


def test_adults_are_told_all_together_then_by_group_in_words():
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
        (SHOWN, SHOWN, SHOWN, "20")
    }


@pytest.mark.parametrize(
    ("sensitivity", "specificity", "missed", "raised"),
    [
        (0.7, 0.35, "about 3", "about 6"),
        (1.0, 0.0, "almost none", "almost all"),
        (0.97, 0.03, "almost none", "almost all"),
        (0.94, 0.06, "about 1", "about 9"),
    ],
)
def test_a_clinician_is_told_how_many_adults_of_ten_are_wrong(sensitivity, specificity, missed, raised):
    at = rates(sensitivity=SHARE | {"value": sensitivity}, specificity=SHARE | {"value": specificity})

    assert adults_sentence(measured_set() | {"operating_points": {"balanced": at}}, "balanced") == (
        "Not for adults: on 50 films of mostly adult patients elsewhere, with labels mined from reports, AUC is "
        f"{SHOWN}; it misses {missed} of 10 with pneumonia and raises a false alarm in {raised} of 10 without."
    )


@given(wrong=st.floats(0, 1))
def test_no_adults_are_about_none_or_about_all_of_ten(wrong):
    at = rates(sensitivity=SHARE | {"value": 1 - wrong}, specificity=SHARE | {"value": wrong})

    sentence = adults_sentence(measured_set() | {"operating_points": {"balanced": at}}, "balanced")

    assert "about 0 " not in sentence
    assert "about 10 " not in sentence


def test_where_adults_were_not_read_they_are_still_warned_of():
    assert adults_sentence(None, "balanced") == "Outside its population it was not measured. It is not for adults."


def test_how_alike_similar_cases_are_is_told_for_all_and_by_class():
    neighbours = {
        "count": 5,
        "split": "test",
        "same_class": SHARE | {"n": 624},
        "by_class": {"NORMAL": SHARE | {"n": 234}, "PNEUMONIA": UNDEFINED | {"n": 390}},
        "same_cause": SHARE | {"value": 0.85, "n": 624},
    }

    assert similar_cases_sentence(neighbours) == (
        "Of the 5 training pictures nearest to each of 624 test pictures, the share of its class is 0.900 "
        "(0.800-0.950): 0.900 (0.800-0.950) for NORMAL and not defined for PNEUMONIA; of its cause 0.850 "
        "(0.800-0.950). Nearest is what the reader itself sees as alike, so similar cases tend to agree with it, also "
        "where it is wrong."
    )
