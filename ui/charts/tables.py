"""Tables about a release."""

import pandas as pd

from model.codes import Population, SplitName
from model.inference.release_loader import Release
from model.inference.release_schema import PopulationDescription
from model.performance.formatting import METRIC_NAMES, format_estimate
from model.performance.operating_points import classification_report, operating_point_table
from model.performance.schema import Confusion, SplitMetrics
from model.performance.terms import term
from model.translation import N_
from model.translation import gettext as _
from model.version import VERSION

_METRICS = ("auc", "accuracy", "sensitivity", "specificity")
_SPLIT_COLUMNS = {SplitName.TEST: N_("Test"), SplitName.VALIDATION: N_("Validation")}
_REPORT_ROWS = {"precision": N_("Precision"), "recall": N_("Recall"), "f1": N_("F1")}


def performance_table(release: Release, population: Population) -> pd.DataFrame:
    """Return test and validation metrics of a population at the default operating point, one column per split."""
    description = release.description
    of_children = population is Population.CHILDREN
    splits = description["metrics"] if of_children else description["populations"][population]["metrics"]
    return pd.DataFrame(
        {
            _(column): {
                _("Images"): f"{splits[split]['n']}",
                _("Patients"): f"{splits[split]['patients']}",
                **{_(METRIC_NAMES[name]): format_estimate(splits[split][name]) for name in _METRICS},
            }
            for split, column in _SPLIT_COLUMNS.items()
        }
    )


def operating_points_by_column(metrics: SplitMetrics, selected: str) -> pd.DataFrame:
    """Return `operating_point_table` with one column per operating point, so that it fits on a phone."""
    table = pd.DataFrame(operating_point_table(metrics)).set_index(_("Decision threshold")).T
    selected_name = term(selected)
    selected_column = _("{name} (selected)").format(name=selected_name)
    return table.rename(columns={selected_name: selected_column}).rename_axis(None, axis="columns")


def report_by_class(confusion: Confusion) -> pd.DataFrame:
    """Return `classification_report` with one column per class."""
    return pd.DataFrame(
        {
            term(row["label"]): {
                **{_(name): _format_metric(row[key]) for key, name in _REPORT_ROWS.items()},
                _("Images"): f"{row['images']}",
            }
            for row in classification_report(confusion)
        }
    )


def provenance_table(release: Release) -> pd.DataFrame:
    """Return version, origin and settings, one per row."""
    description = release.description
    version = release.version
    if not release.is_shipped:
        version = _("{version}, not shipped with this program").format(version=version)
    facts = {
        _("Program version"): VERSION,
        _("Model version"): version,
        _("Checksum"): release.digest[:12],
        _("Created"): description["created"],
        _("Commit"): description["git_commit"][:12],
        _("Scale of the heat map"): description["map_scale"]["rationale"],
    }
    return pd.DataFrame({"": facts})


def population_facts(entry: PopulationDescription) -> pd.DataFrame:
    """Return data set and settings of a population, one per row."""
    images = entry["dataset"]["images"]
    facts = {
        _("Data set"): f"{entry['dataset']['source']} ({entry['dataset']['licence']})",
        _("Images"): _("{training} training, {validation} validation, {test} test").format(
            training=images[SplitName.TRAINING], validation=images[SplitName.VALIDATION], test=images[SplitName.TEST]
        ),
        **{
            _("Decision threshold ({name})").format(name=term(point["name"])): (
                f"{point['threshold']:.3f}. {point['rationale']}"
            )
            for point in entry["operating_points"]
        },
        _("Calibration"): entry["calibration"]["rationale"],
    }
    return pd.DataFrame({"": facts})


def _format_metric(value: float | None) -> str:
    return _("not defined") if value is None else f"{value:.3f}"
