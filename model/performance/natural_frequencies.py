"""Rates as natural frequencies: counts out of 1,000 children (Gigerenzer's form of risk communication)."""

from model.performance.formatting import format_estimate
from model.performance.schema import PredictiveValues, Rates

CHILDREN = 1000


def natural_frequencies(rates: Rates, prevalence: float) -> dict[str, int]:
    """Count the outcomes of 1,000 children.

    Args:
        rates: Rates at an operating point.
        prevalence: Share of pneumonia, 0-1.

    Returns:
        "caught" and "missed" (children with pneumonia), "false_alarms" and "spared" (children without).
    """
    ill = round(CHILDREN * prevalence)
    caught = round(ill * rates["sensitivity"]["value"])
    spared = round((CHILDREN - ill) * rates["specificity"]["value"])
    return {"caught": caught, "missed": ill - caught, "false_alarms": CHILDREN - ill - spared, "spared": spared}


def natural_frequency_intervals(rates: Rates, prevalence: float) -> dict[str, tuple[int, int]]:
    """Return the 95% intervals of the counts of `natural_frequencies`, from those of sensitivity and specificity."""
    ill, healthy = CHILDREN * prevalence, CHILDREN * (1 - prevalence)
    sensitivity, specificity = rates["sensitivity"], rates["specificity"]
    missed_low, missed_high = ill * (1 - sensitivity["high"]), ill * (1 - sensitivity["low"])
    alarms_low, alarms_high = healthy * (1 - specificity["high"]), healthy * (1 - specificity["low"])
    intervals = {
        "caught": (ill - missed_high, ill - missed_low),
        "missed": (missed_low, missed_high),
        "false_alarms": (alarms_low, alarms_high),
        "spared": (healthy - alarms_high, healthy - alarms_low),
    }
    return {name: (round(low), round(high)) for name, (low, high) in intervals.items()}


def natural_frequency_sentence(counts: dict[str, int]) -> str:
    """Describe the counts of `natural_frequencies` to a clinician."""
    ill = counts["caught"] + counts["missed"]
    return (
        f"Of 1,000 children, {ill} have pneumonia: the reader finds {counts['caught']} and misses {counts['missed']}. "
        f"Of the {CHILDREN - ill} without, it raises a false alarm in {counts['false_alarms']} and leaves "
        f"{counts['spared']} alone."
    )


def natural_frequency_table(
    counts: dict[str, int], intervals: dict[str, tuple[int, int]], predictive: PredictiveValues
) -> dict[str, dict[str, str]]:
    """Make a table with one column per verdict: how many children get it, and for how many it is right.

    Args:
        counts: Of `natural_frequencies`.
        intervals: Of `natural_frequency_intervals`.
        predictive: Of `model.performance.binary_metrics.predictive_values`; all three at the same prevalence.

    Returns:
        Texts by verdict, then by row.
    """

    def format_count(name: str, outcome: str) -> str:
        low, high = intervals[name]
        return f"{counts[name]} ({low}-{high}) {outcome}"

    return {
        "Reader: pneumonia": {
            "Children": f"{counts['caught'] + counts['false_alarms']}",
            "Rightly": format_count("caught", "found"),
            "Wrongly": format_count("false_alarms", "false alarms"),
            "Share that is right": f"PPV {format_estimate(predictive['ppv'])}",
        },
        "Reader: normal": {
            "Children": f"{counts['spared'] + counts['missed']}",
            "Rightly": format_count("spared", "left alone"),
            "Wrongly": format_count("missed", "missed"),
            "Share that is right": f"NPV {format_estimate(predictive['npv'])}",
        },
    }
