"""Report of a comparison."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tools.compare_findings.checkout import Output
from tools.compare_findings.files import files_below

MAX_DIFFERENCES_SHOWN = 20


@dataclass(frozen=True)
class Comparison:
    """Result for one mode.

    Attributes:
        summary: Output of BEFORE in one line.
        files: Names of the files that BEFORE read.
        differences: Descriptions of the differences in AFTER.
    """

    summary: str
    files: frozenset[str]
    differences: list[str]


def summarise(output: Output) -> str:
    """Return the numbers of rows, statuses, verdicts and heat maps in one line."""
    statuses = Counter(row.get("status") for row in output.rows)
    verdicts = Counter(row["verdict"] for row in output.rows if row.get("verdict"))
    heat_maps = sum(name.suffix == ".npy" for name in files_below(output.heat_maps))
    parts = [f"rows {len(output.rows)}"]
    parts += [f"{status} {count}" for status, count in sorted(statuses.items(), key=str)]
    parts += [f"verdict {verdict} {count}" for verdict, count in sorted(verdicts.items(), key=str)]
    return ", ".join([*parts, f"heat maps {heat_maps}"])


def print_report(comparisons: Sequence[Comparison]) -> int:
    """Print a summary of each mode and the differences.

    Returns:
        Exit status: 0 if equal, 1 if different.
    """
    print(f"files: {len(frozenset().union(*(comparison.files for comparison in comparisons)))}")
    for comparison in comparisons:
        print(comparison.summary)
    differences = [difference for comparison in comparisons for difference in comparison.differences]
    if not differences:
        print("equal")
        return 0
    print(f"differences: {len(differences)}")
    for difference in differences[:MAX_DIFFERENCES_SHOWN]:
        print(f"  {difference}")
    if len(differences) > MAX_DIFFERENCES_SHOWN:
        print(f"  and {len(differences) - MAX_DIFFERENCES_SHOWN} more")
    return 1
