"""Metrics on radiographs of adults from another hospital, in a table and sentences for the page and the model card.

The views AP and PA are never pooled, because in this sample the view says much about the label.
"""

from model.codes import Population
from model.performance.formatting import format_estimate, format_percent
from model.performance.schema import ExternalMetrics, ViewMetrics
from model.performance.terms import term
from model.translation import N_
from model.translation import gettext as _

# Names of the groups by their keys in metrics.json: kind of group, and view. An unknown view is shown unchanged.
_GROUP_NAMES = {
    ("view", "AP"): N_("AP view"),
    ("view", "PA"): N_("PA view"),
    ("under 18 years", "AP"): N_("under 18 years, AP view"),
    ("under 18 years", "PA"): N_("under 18 years, PA view"),
}


def external_table(adults: ExternalMetrics | None, point: str) -> list[dict[str, str]]:
    """Tabulate the metrics on radiographs of another hospital by view: adults, then patients under 18."""
    if adults is None:
        return []
    return [
        {
            _("Group"): _(_GROUP_NAMES.get((kind, view), view)),
            _("AUC"): format_estimate(group["auc"]),
            _("Sensitivity"): format_estimate(group["operating_points"][point]["sensitivity"]),
            _("Specificity"): format_estimate(group["operating_points"][point]["specificity"]),
            _("Refused"): format_estimate(group["refused"]),
            _("Images"): str(group["n"]),
            _("With pneumonia"): str(group["positives"]),
        }
        for kind, groups in adults["groups"].items()
        for view, group in groups.items()
    ]


def adults_sentence(adults: ExternalMetrics | None, point: str) -> str:
    """Summarise for a clinician how the model performs on adults of another hospital."""
    if adults is None:
        return _("Not for use in adults: performance outside the intended population was not measured.")
    if adults["decided_by"] == Population.ADULTS:
        introduction = _(
            "On radiographs of adults from another hospital, with labels extracted from reports and partly corrected "
            "by radiologists, at the {point} decision threshold for adults:"
        )
    else:
        introduction = _(
            "Not for use in adults. On radiographs of adults from another hospital, with labels extracted from reports "
            "and partly corrected by radiologists, at the {point} decision threshold:"
        )
    views = [_view_sentence(view, group, point) for view, group in adults["groups"]["view"].items()]
    return " ".join([introduction.format(point=term(point)), *views])


def _view_sentence(view: str, group: ViewMetrics, point: str) -> str:
    rates = group["operating_points"][point]
    return _(
        "In the {view} view (n = {n}), the AUC is {auc}; the model misses {missed} of the images with pneumonia and "
        "raises a false alarm for {false_alarms} of those without."
    ).format(
        view=view,
        n=group["n"],
        auc=format_estimate(group["auc"]),
        missed=format_percent(1 - rates["sensitivity"]["value"]),
        false_alarms=format_percent(1 - rates["specificity"]["value"]),
    )
