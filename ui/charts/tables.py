"""Tables about a release."""

import pandas as pd

from model.inference.release_loader import Release
from model.performance.formatting import METRIC_NAMES, format_estimate
from model.performance.schema import Confusion, SplitMetrics
from model.performance.tables import operating_point_table, report_table

_METRICS = ("auc", "accuracy", "sensitivity", "specificity")
_REPORT_METRICS = ("Precision", "Recall", "F1")


def performance_table(release: Release) -> pd.DataFrame:
    """Return test and validation metrics at the default operating point, one column per split."""
    splits = release.description["metrics"]
    return pd.DataFrame(
        {
            split.capitalize(): {
                "Pictures": f"{splits[split]['n']}",
                "Patients": f"{splits[split]['patients']}",
                **{METRIC_NAMES[name]: format_estimate(splits[split][name]) for name in _METRICS},
            }
            for split in ("test", "validation")
        }
    )


def operating_points_by_column(metrics: SplitMetrics, selected: str) -> pd.DataFrame:
    """Return `operating_point_table` with one column per operating point, so that it fits on a phone."""
    table = pd.DataFrame(operating_point_table(metrics)).set_index("Operating point").T
    return table.rename(columns={selected: f"{selected} (chosen)"}).rename_axis(None, axis="columns")


def report_by_class(confusion: Confusion) -> pd.DataFrame:
    """Return `report_table` with one column per class."""
    return pd.DataFrame(
        {
            row["Class"]: {
                **{name: "not defined" if row[name] is None else f"{row[name]:.3f}" for name in _REPORT_METRICS},
                "Pictures": f"{row['Pictures']}",
            }
            for row in report_table(confusion)
        }
    )


def provenance_table(release: Release) -> pd.DataFrame:
    """Return version, origin and settings, one per row."""
    description = release.description
    facts = {
        "Version": release.version if release.is_shipped else f"{release.version}, not shipped with this program",
        "Checksum": release.digest[:12],
        "Created": description["created"],
        "Program": description["git_commit"][:12],
        "Data set": f"{description['dataset']['source']} ({description['dataset']['licence']})",
        "Training pictures": f"{description['dataset']['images']['training']}",
        **{f"Operating point: {p.name}": f"{p.threshold:.3f}. {p.rationale}" for p in release.operating_points},
        "Calibration": description["calibration"]["rationale"],
        "Map scale": description["map_scale"]["rationale"],
    }
    return pd.DataFrame({"": facts})
