"""Rates as natural frequencies: counts out of 1,000 children (Gigerenzer's form of risk communication)."""

from model.inference.decision import Verdict
from model.performance.formatting import format_estimate
from model.performance.schema import Confusion, PredictiveValues, Rates
from model.performance.terms import threshold_side
from model.translation import gettext as _

CHILDREN = 1000


def natural_frequencies(rates: Rates, prevalence: float) -> Confusion:
    """Count the outcomes of 1,000 children.

    Args:
        rates: Rates at an operating point.
        prevalence: Share of the children who have pneumonia, 0-1.

    Returns:
        Confusion matrix in children.
    """
    ill = round(CHILDREN * prevalence)
    true_positives = round(ill * rates["sensitivity"]["value"])
    true_negatives = round((CHILDREN - ill) * rates["specificity"]["value"])
    return {
        "tp": true_positives,
        "fn": ill - true_positives,
        "fp": CHILDREN - ill - true_negatives,
        "tn": true_negatives,
    }


def natural_frequency_intervals(rates: Rates, prevalence: float) -> dict[str, tuple[int, int]]:
    """Return the 95% intervals of the counts of `natural_frequencies`, from those of sensitivity and specificity."""
    ill, healthy = CHILDREN * prevalence, CHILDREN * (1 - prevalence)
    sensitivity, specificity = rates["sensitivity"], rates["specificity"]
    missed_low, missed_high = ill * (1 - sensitivity["high"]), ill * (1 - sensitivity["low"])
    alarms_low, alarms_high = healthy * (1 - specificity["high"]), healthy * (1 - specificity["low"])
    intervals = {
        "tp": (ill - missed_high, ill - missed_low),
        "fn": (missed_low, missed_high),
        "fp": (alarms_low, alarms_high),
        "tn": (healthy - alarms_high, healthy - alarms_low),
    }
    return {name: (round(low), round(high)) for name, (low, high) in intervals.items()}


def natural_frequency_sentence(counts: Confusion) -> str:
    """Describe the counts of `natural_frequencies` to a clinician."""
    ill = counts["tp"] + counts["fn"]
    return _(
        "Of 1,000 children, {ill} have pneumonia: the model detects {tp} and misses {fn}. Of the {healthy} children "
        "without pneumonia, {fp} get a false alarm and {tn} a correct negative result."
    ).format(ill=ill, healthy=CHILDREN - ill, **counts)


def natural_frequency_table(
    counts: Confusion, intervals: dict[str, tuple[int, int]], predictive: PredictiveValues
) -> dict[str, dict[str, str]]:
    """Return a table with one column per side of the decision threshold: children, correct and incorrect results.

    Args:
        counts: Result of `natural_frequencies`.
        intervals: Result of `natural_frequency_intervals`.
        predictive: Result of `model.performance.binary_metrics.predictive_values`; all three at the same prevalence.

    Returns:
        Texts by column, then by row.
    """

    def format_count(count: int, interval: tuple[int, int], text: str) -> str:
        return text.format(count=count, low=interval[0], high=interval[1])

    return {
        threshold_side(Verdict.PNEUMONIA): {
            _("Children"): f"{counts['tp'] + counts['fp']}",
            _("Correct"): format_count(counts["tp"], intervals["tp"], _("{count} ({low}-{high}) true positives")),
            _("Incorrect"): format_count(counts["fp"], intervals["fp"], _("{count} ({low}-{high}) false alarms")),
            _("Predictive value"): _("PPV {value}").format(value=format_estimate(predictive["ppv"])),
        },
        threshold_side(Verdict.NORMAL): {
            _("Children"): f"{counts['tn'] + counts['fn']}",
            _("Correct"): format_count(counts["tn"], intervals["tn"], _("{count} ({low}-{high}) true negatives")),
            _("Incorrect"): format_count(counts["fn"], intervals["fn"], _("{count} ({low}-{high}) missed cases")),
            _("Predictive value"): _("NPV {value}").format(value=format_estimate(predictive["npv"])),
        },
    }
