"""Log of the openings of the official test split (training/TEST_LOG.csv).

Every measurement on the test split appends one row. Nobody edits the file by hand.
"""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LOGGED_METRICS = ("auc", "accuracy", "sensitivity", "specificity")


def count_openings(log: Path) -> int:
    """Return how often the test split has been measured; 0 if there is no log."""
    return max(0, len(log.read_text().splitlines()) - 1) if log.exists() else 0


def log_opening(log: Path, metrics: dict[str, Any], commit: str) -> None:
    """Append one row to the log, under a header if the file is new.

    Args:
        log: CSV file.
        metrics: Content of metrics.json; the test split must be among the splits.
        commit: Commit of the measuring program.
    """
    test_metrics = metrics["splits"]["test"]
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
