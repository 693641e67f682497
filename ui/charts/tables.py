"""Tables of what the release says of itself."""

import pandas as pd

from model.inference.release_loader import Release
from model.performance.formatting import METRIC_NAMES, format_estimate
from model.performance.tables import operating_point_table, report_table

_METRICS = ("auc", "accuracy", "sensitivity", "specificity")
_REPORT_METRICS = ("Precision", "Recall", "F1")


def performance_table(release: Release) -> pd.DataFrame:
    """Validation and test figures at the default operating point, a column per split."""
    splits = release.description["metrics"]
    return pd.DataFrame(
        {
            f"{split.capitalize()}": {
                "Pictures": f"{splits[split]['n']}",
                "Patients": f"{splits[split]['patients']}",
                **{METRIC_NAMES[name]: format_estimate(splits[split][name]) for name in _METRICS},
            }
            for split in ("test", "validation")
        }
    )


def operating_points_by_column(measured: dict, chosen: str) -> pd.DataFrame:
    """What `operating_point_table` says, a column per operating point, so that a phone's width holds it."""
    table = pd.DataFrame(operating_point_table(measured)).set_index("Operating point").T
    return table.rename(columns={chosen: f"{chosen} (chosen)"}).rename_axis(None, axis="columns")


def report_by_class(confusion: dict[str, int]) -> pd.DataFrame:
    """What `report_table` says, a column per class."""
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
    """Version, origin and settings, one per row."""
    about = release.description
    facts = {
        "Version": release.version,
        "Created": about["created"],
        "Program": about["git_commit"][:12],
        "Data set": f"{about['dataset']['source']} ({about['dataset']['licence']})",
        "Training pictures": f"{about['dataset']['pictures']['training']}",
        **{f"Operating point: {p.name}": f"{p.threshold:.3f}. {p.chosen}" for p in release.operating_points},
        "Calibration": about["calibration"]["chosen"],
        "Map scale": about["map_scale"]["chosen"],
    }
    return pd.DataFrame({"": facts})
