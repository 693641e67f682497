"""Log of the measurements on the test split of each population (training/TEST_LOG.csv).

Every measurement appends one row. Do not edit the file by hand.
"""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from model.codes import Population, SplitName
from model.performance.population import metrics_of_population
from model.performance.schema import ReleaseMetrics

LOGGED_METRICS = ("auc", "accuracy", "sensitivity", "specificity")


def count_openings(log: Path, population: Population) -> int:
    """Return the number of measurements on the test split of a population; 0 if there is no log."""
    if not log.exists():
        return 0
    with log.open(newline="") as file:
        return sum(row["population"] == population for row in csv.DictReader(file))


def log_opening(log: Path, metrics: ReleaseMetrics, population: Population, commit: str) -> None:
    """Append one row to the log. A new file starts with a header.

    Args:
        log: CSV file.
        metrics: Content of metrics.json, which must include the test split of the population.
        population: Population whose test split was measured.
        commit: Commit of the program.
    """
    measured = metrics_of_population(metrics, population)
    test_metrics = measured["splits"][SplitName.TEST]
    values: dict[str, Any] = {**test_metrics, **test_metrics["operating_points"][measured["operating_point"]["name"]]}
    row = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "network_sha256": metrics["network_sha256"],
        "n": values["n"],
        **{name: values[name]["value"] for name in LOGGED_METRICS},
        "population": population,
    }
    text = io.StringIO()
    writer = csv.DictWriter(text, list(row), lineterminator="\n")
    if not log.exists():
        writer.writeheader()
    writer.writerow(row)
    with log.open("a") as file:
        file.write(text.getvalue())
