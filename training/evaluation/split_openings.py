"""Log of the measurements on the official test split (training/TEST_LOG.csv).

Every measurement appends one row. Do not edit the file by hand.
"""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from model.codes import SplitName

LOGGED_METRICS = ("auc", "accuracy", "sensitivity", "specificity")


def count_openings(log: Path) -> int:
    """Return the number of measurements on the test split; 0 if there is no log."""
    return max(0, len(log.read_text().splitlines()) - 1) if log.exists() else 0


def log_opening(log: Path, metrics: dict[str, Any], commit: str) -> None:
    """Append one row to the log. A new file starts with a header.

    Args:
        log: CSV file.
        metrics: Content of metrics.json, which must include the test split.
        commit: Commit of the program.
    """
    test_metrics = metrics["splits"][SplitName.TEST]
    test_metrics = test_metrics | test_metrics["operating_points"][metrics["operating_point"]["name"]]
    row = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "network_sha256": metrics["network_sha256"],
        "n": test_metrics["n"],
        **{name: test_metrics[name]["value"] for name in LOGGED_METRICS},
    }
    text = io.StringIO()
    writer = csv.DictWriter(text, list(row), lineterminator="\n")
    if not log.exists():
        writer.writeheader()
    writer.writerow(row)
    with log.open("a") as file:
        file.write(text.getvalue())
