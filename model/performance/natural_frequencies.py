"""Rates as natural frequencies: counts out of 1,000 patients (a way to explain risks, proposed by Gigerenzer)."""

from model.inference.decision import Verdict
from model.performance.formatting import format_estimate
from model.performance.schema import Confusion, PredictiveValues, Rates
from model.performance.terms import threshold_side
from model.translation import gettext as _

PATIENTS = 1000


def natural_frequencies(rates: Rates, prevalence: float) -> Confusion:
    """Count the outcomes for 1,000 patients.

    Args:
        rates: Rates at an operating point.
        prevalence: Share of the patients who have pneumonia, 0-1.

    Returns:
        Confusion matrix that counts patients.
    """
    positives = round(PATIENTS * prevalence)
    true_positives = round(positives * rates["sensitivity"]["value"])
    true_negatives = round((PATIENTS - positives) * rates["specificity"]["value"])
    return {
        "tp": true_positives,
        "fn": positives - true_positives,
        "fp": PATIENTS - positives - true_negatives,
        "tn": true_negatives,
    }


def natural_frequency_intervals(rates: Rates, prevalence: float) -> dict[str, tuple[int, int]]:
    """Return the 95% intervals of the counts from `natural_frequencies`, given those of sensitivity and specificity."""
    positives, negatives = PATIENTS * prevalence, PATIENTS * (1 - prevalence)
    sensitivity, specificity = rates["sensitivity"], rates["specificity"]
    missed_low, missed_high = positives * (1 - sensitivity["high"]), positives * (1 - sensitivity["low"])
    alarms_low, alarms_high = negatives * (1 - specificity["high"]), negatives * (1 - specificity["low"])
    intervals = {
        "tp": (positives - missed_high, positives - missed_low),
        "fn": (missed_low, missed_high),
        "fp": (alarms_low, alarms_high),
        "tn": (negatives - alarms_high, negatives - alarms_low),
    }
    return {name: (round(low), round(high)) for name, (low, high) in intervals.items()}


def natural_frequency_sentence(counts: Confusion) -> str:
    """Describe the counts from `natural_frequencies` to a clinician."""
    positives = counts["tp"] + counts["fn"]
    return _(
        "Of 1,000 patients, {positives} have pneumonia: the model detects {tp} and misses {fn}. Of the {negatives} "
        "patients without pneumonia, {fp} get a false alarm and {tn} a correct negative result."
    ).format(positives=positives, negatives=PATIENTS - positives, **counts)


def natural_frequency_table(
    counts: Confusion, intervals: dict[str, tuple[int, int]], predictive: PredictiveValues
) -> dict[str, dict[str, str]]:
    """Return a table with a column per side of the decision threshold: all, correct and incorrect results.

    Args:
        counts: Result of `natural_frequencies`.
        intervals: Result of `natural_frequency_intervals`.
        predictive: Result of `model.performance.binary_metrics.predictive_values`. The arguments must be for the same
            prevalence.

    Returns:
        Texts by column, then by row.
    """

    def format_count(count: int, interval: tuple[int, int], text: str) -> str:
        return text.format(count=count, low=interval[0], high=interval[1])

    return {
        threshold_side(Verdict.PNEUMONIA): {
            _("Patients"): f"{counts['tp'] + counts['fp']}",
            _("Correct"): format_count(counts["tp"], intervals["tp"], _("{count} ({low}-{high}) true positives")),
            _("Incorrect"): format_count(counts["fp"], intervals["fp"], _("{count} ({low}-{high}) false alarms")),
            _("Predictive value"): _("PPV {value}").format(value=format_estimate(predictive["ppv"])),
        },
        threshold_side(Verdict.NORMAL): {
            _("Patients"): f"{counts['tn'] + counts['fn']}",
            _("Correct"): format_count(counts["tn"], intervals["tn"], _("{count} ({low}-{high}) true negatives")),
            _("Incorrect"): format_count(counts["fn"], intervals["fn"], _("{count} ({low}-{high}) missed cases")),
            _("Predictive value"): _("NPV {value}").format(value=format_estimate(predictive["npv"])),
        },
    }
