"""Opacity maps, in tables and sentences for the page and the model card."""

from collections.abc import Mapping

from model.codes import HeatMapWarning
from model.inference.release_schema import ReliabilityDescription
from model.performance.formatting import format_estimate, format_percent
from model.performance.schema import CountedEstimate, OpacityMapMetrics
from model.translation import N_
from model.translation import gettext as _

_POPULATIONS = {"children": N_("Children"), "adults": N_("Adults")}
_LIMIT_SENTENCES = {
    HeatMapWarning.INSIDE_LUNGS: N_(
        "The opacity map of every result with a marked area is checked. It is reported as not reliable if less than "
        "{limit} of it is inside the lungs. {rationale}"
    ),
    HeatMapWarning.EFFECT: N_(
        "The opacity map of every result with a marked area is checked. It is reported as not reliable if masking the "
        "marked area does not lower the log odds by at least {limit} more than masking random areas of equal size. "
        "{rationale}"
    ),
    HeatMapWarning.AGREEMENT: N_(
        "The opacity map of every result with a marked area is checked. It is reported as not reliable if its rank "
        "correlation with Grad-CAM is below {limit}. {rationale}"
    ),
    HeatMapWarning.PEAK: N_(
        "The opacity map of every result with a marked area is checked. It is reported as not reliable if its highest "
        "probability is below {limit}. {rationale}"
    ),
}
_MEASUREMENTS = {
    HeatMapWarning.INSIDE_LUNGS: N_("share inside the lungs"),
    HeatMapWarning.EFFECT: N_("effect of masking the marked area"),
    HeatMapWarning.AGREEMENT: N_("rank correlation with Grad-CAM"),
    HeatMapWarning.PEAK: N_("highest probability"),
}
_PERCENTAGES = (HeatMapWarning.INSIDE_LUNGS, HeatMapWarning.PEAK)


def opacity_limit_sentences(limits: ReliabilityDescription) -> str:
    """Explain when an opacity map is called unreliable, and how well each measurement separates hits from misses.

    Args:
        limits: Entry in model.json of a release with an opacity map.
    """
    values: Mapping[str, float] = {name: limits[name] for name in HeatMapWarning if name in limits}  # type: ignore[literal-required]
    sentences = [
        _(_LIMIT_SENTENCES[HeatMapWarning(name)]).format(
            limit=format_percent(value) if name in _PERCENTAGES else f"{value:.2g}", rationale=limits["rationale"]
        )
        for name, value in values.items()
    ]
    aucs = [
        _("{measurement} {auc} (n = {n})").format(
            measurement=_(_MEASUREMENTS[HeatMapWarning(name)]), auc=format_estimate(estimate), n=estimate["n"]
        )
        for name, estimate in limits["auc"].items()
    ]
    statement = _("AUC of each measurement, for maps whose hottest cell lies in a box against the others: {aucs}.")
    return " ".join([*sentences, statement.format(aucs=", ".join(aucs))])


def opacity_map_table(metrics: Mapping[str, OpacityMapMetrics]) -> list[dict[str, str]]:
    """Tabulate the measurements of opacity maps.

    Args:
        metrics: Measurements by population.

    Returns:
        A row per measurement and population; measurements that were not made are left out.
    """
    rows = []
    for population, measured in metrics.items():
        estimates: dict[str, CountedEstimate] = {}
        if boxes := measured["boxes"]:
            estimates |= {
                _("Hottest point inside a radiologist's box"): boxes["pointing"],
                _("A random point inside a box"): boxes["area"],
                _("Overlap of contour and boxes (IoU)"): boxes["overlap"],
            }
        estimates |= {
            _("Map inside the lungs (pneumonia, area marked)"): measured["inside_lungs"]["evidence"],
            _("Lungs as a share of the map"): measured["inside_lungs"]["area"],
            _("Area marked, pneumonia"): measured["marked_pneumonia"],
            _("Area marked, no pneumonia"): measured["marked_normal"],
        }
        rows += [
            {
                _("Population"): _(_POPULATIONS[population]),
                _("Opacity map"): name,
                _("Mean"): format_estimate(estimate),
                _("n"): str(estimate["n"]),
            }
            for name, estimate in estimates.items()
            if estimate["n"]
        ]
    return rows
