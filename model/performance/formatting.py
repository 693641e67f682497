"""Metrics as text, for pages and documents.

`ui.formatting` builds on `format_percent` for probabilities, which are never shown as 0% or 100%.
"""

from model.codes import Population
from model.performance.schema import Estimate
from model.translation import N_
from model.translation import gettext as _

METRIC_NAMES = {
    "auc": N_("AUC"),
    "accuracy": N_("Accuracy"),
    "sensitivity": N_("Sensitivity"),
    "specificity": N_("Specificity"),
    "precision": N_("Precision (PPV)"),
    "f1": N_("F1"),
}
_SET_NAMES = {
    "test": N_("official test split"),
    "validation": N_("validation"),
    "shifted": N_("validation, perturbed"),
    "stress_validation": N_("validation, perturbed"),
    "adults": N_("adults of another hospital"),
    "AP": N_("adults of another hospital, AP view"),
    "PA": N_("adults of another hospital, PA view"),
}
_SETS_OF_ADULTS = {"test": N_("adults, test split"), "validation": N_("adults, validation")}


def set_name(key: str, population: Population = Population.CHILDREN) -> str:
    """Return the name of a measured set of a population, from its key in metrics.json."""
    names = _SET_NAMES | _SETS_OF_ADULTS if population is Population.ADULTS else _SET_NAMES
    return _(names[key])


def format_estimate(estimate: Estimate) -> str:
    """Format a value with its 95% interval: "0.971 (0.955-0.984)", or "not defined"."""
    if estimate["value"] is None:
        return _("not defined")
    has_minus_sign = estimate["low"] < 0  # a dash before a minus sign is hard to read
    text = _("{value:.3f} ({low:.3f} to {high:.3f})") if has_minus_sign else "{value:.3f} ({low:.3f}-{high:.3f})"
    return text.format(value=estimate["value"], low=estimate["low"], high=estimate["high"])


def format_percent_estimate(share: Estimate) -> str:
    """Format a share, 0-1, with its 95% interval: "97.1% (95.5%-98.4%)", or "not defined"."""
    if share["value"] is None:
        return _("not defined")
    low, high = format_percent(share["low"], 1), format_percent(share["high"], 1)
    return f"{format_percent(share['value'], 1)} ({low}-{high})"


def format_percent(share: float, decimals: int = 0) -> str:
    """Format a share, 0-1, as a percentage: "3%"."""
    return _("{number}%").format(number=f"{100 * share:.{decimals}f}")
