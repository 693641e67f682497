"""Metrics on radiographs of adults, in a table and a sentence for the page and the model card."""

from model.performance.formatting import format_estimate, format_percent
from model.performance.schema import ExternalMetrics, OperatingPointMetrics
from model.performance.terms import term
from model.translation import N_
from model.translation import gettext as _

# Names of the groups of adults, by their keys in metrics.json with underscores for spaces. An unknown key is shown
# unchanged.
_GROUP_NAMES = {
    "under_18_years": N_("under 18 years"),
    "18_to_39_years": N_("18 to 39 years"),
    "40_to_59_years": N_("40 to 59 years"),
    "60_years_and_older": N_("60 years and older"),
    "F": N_("female"),
    "M": N_("male"),
    "AP": N_("AP view"),
    "PA": N_("PA view"),
}


def external_table(adults: ExternalMetrics | None, point: str) -> list[dict[str, str]]:
    """Tabulate the metrics on radiographs of adults: all, then by age, sex and view; no rows without metrics."""
    if adults is None:
        return []
    groups: dict[str, OperatingPointMetrics] = {_("all"): adults}
    for groups_of_kind in adults["groups"].values():
        groups |= {_(_GROUP_NAMES.get(key.replace(" ", "_"), key)): group for key, group in groups_of_kind.items()}
    return [
        {
            _("Group"): name,
            _("AUC"): format_estimate(group["auc"]),
            _("Sensitivity"): format_estimate(group["operating_points"][point]["sensitivity"]),
            _("Specificity"): format_estimate(group["operating_points"][point]["specificity"]),
            _("Images"): str(group["n"]),
            _("With pneumonia"): str(group["positives"]),
        }
        for name, group in groups.items()
    ]


def adults_sentence(adults: ExternalMetrics | None, point: str) -> str:
    """Summarise for a clinician how the model performs outside the intended population."""
    if adults is None:
        return _("Not for use in adults: performance outside the intended population was not measured.")
    rates = adults["operating_points"][point]
    return _(
        "Not for use in adults: on {n} radiographs of mostly adult patients from another source, with labels extracted "
        "from reports, the AUC is {auc}. At the {point} decision threshold, the model misses {missed} of the images "
        "with pneumonia and raises a false alarm for {false_alarms} of those without."
    ).format(
        n=adults["n"],
        auc=format_estimate(adults["auc"]),
        point=term(point),
        missed=format_percent(1 - rates["sensitivity"]["value"]),
        false_alarms=format_percent(1 - rates["specificity"]["value"]),
    )
