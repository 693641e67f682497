"""Names of codes, such as labels, splits and verdicts, translated for tables and pages."""

from model.inference.decision import Verdict
from model.translation import N_
from model.translation import gettext as _

# These codes are readable English; the English names are the codes themselves.
_READABLE_CODES = (
    N_("NORMAL"),
    N_("PNEUMONIA"),
    N_("children"),
    N_("adults"),
    N_("bacterial"),
    N_("viral"),
    N_("unknown"),
    N_("Typical Appearance"),
    N_("Indeterminate Appearance"),
    N_("Atypical Appearance"),
    N_("training"),
    N_("validation"),
    N_("test"),
    N_("rule-out"),
    N_("balanced"),
    N_("rule-in"),
    N_("all"),
    N_("correct"),
    N_("incorrect"),
    N_("indeterminate"),
    N_("children"),
    N_("adults"),
)
_VERDICT_NAMES = {
    Verdict.PNEUMONIA: N_("signs of pneumonia"),
    Verdict.NORMAL: N_("no signs of pneumonia"),
    Verdict.INDETERMINATE: N_("indeterminate"),
}
_THRESHOLD_SIDES = {
    Verdict.PNEUMONIA: N_("At or above the threshold"),
    Verdict.NORMAL: N_("Below the threshold"),
}
_OUTCOME_NAMES = {
    "tp": N_("true positives"),
    "fn": N_("missed cases"),
    "fp": N_("false alarms"),
    "tn": N_("true negatives"),
}


def term(code: str) -> str:
    """Return the name of a label, split, cause, population or operating point; other codes are returned unchanged."""
    return _(str(code))


def verdict_name(verdict: str) -> str:
    """Return the name of a verdict. A negative verdict is not called NORMAL: the model looks only for pneumonia."""
    return _(_VERDICT_NAMES[Verdict(verdict)])


def threshold_side(verdict: str) -> str:
    """Return the name of a verdict's side of the threshold, where indeterminate images are counted too."""
    return _(_THRESHOLD_SIDES[Verdict(verdict)])


def outcome_name(cell: str) -> str:
    """Return the name of a cell of the confusion matrix: "tp", "fn", "fp" or "tn"."""
    return _(_OUTCOME_NAMES[cell])
