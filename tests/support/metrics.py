"""Invented metrics of a release, in the structure of metrics.json."""

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


def metrics(**more) -> dict:
    return {"splits": {name: measured_set() for name in ("training", "validation", "test")}, **more}


def other_hospital(decided_by: str) -> dict:
    """Return metrics on adults of another hospital: AP with 9 images, PA with 10, and one patient under 18."""
    refused = {"refused": {"n": 9, **ESTIMATE}}
    return {
        "decided_by": decided_by,
        "corrected_labels": 3,
        "groups": {
            "view": {"AP": measured_set(9) | refused, "PA": measured_set(10) | refused},
            "under 18 years": {"AP": measured_set(1) | refused},
        },
    }
