"""Of 1,000 children: what becomes of them, in words and counts."""

from typing import Any

from model.performance.formatting import format_estimate


def natural_frequencies(rates: dict[str, Any], prevalence: float) -> dict[str, int]:
    """What becomes of 1,000 children at a prevalence (0-1): {"caught", "missed", "false_alarms", "spared"}."""
    ill = round(1000 * prevalence)
    caught = round(ill * rates["sensitivity"]["value"])
    spared = round((1000 - ill) * rates["specificity"]["value"])
    return {"caught": caught, "missed": ill - caught, "false_alarms": 1000 - ill - spared, "spared": spared}


def natural_frequency_intervals(rates: dict[str, Any], prevalence: float) -> dict[str, tuple[int, int]]:
    """The 95 % intervals of the counts of `natural_frequencies`, from those of sensitivity and specificity."""
    ill, healthy = 1000 * prevalence, 1000 * (1 - prevalence)
    (missed_least, missed_most), (false_least, false_most) = (
        (of * (1 - rates[rate]["high"]), of * (1 - rates[rate]["low"]))
        for of, rate in ((ill, "sensitivity"), (healthy, "specificity"))
    )
    edges = {
        "caught": (ill - missed_most, ill - missed_least),
        "missed": (missed_least, missed_most),
        "false_alarms": (false_least, false_most),
        "spared": (healthy - false_most, healthy - false_least),
    }
    return {name: (round(low), round(high)) for name, (low, high) in edges.items()}


def natural_frequency_sentence(of: dict[str, int]) -> str:
    """What becomes of 1,000 children, for a clinician; `of` is of `natural_frequencies`."""
    ill = of["caught"] + of["missed"]
    return (
        f"Of 1,000 children, {ill} have pneumonia: the reader finds {of['caught']} and misses {of['missed']}. Of the "
        f"{1000 - ill} without, it raises a false alarm in {of['false_alarms']} and leaves {of['spared']} alone."
    )


def natural_frequency_table(
    of: dict[str, int], ranges: dict[str, tuple[int, int]], predictive: dict[str, Any]
) -> dict[str, dict[str, str]]:
    """Of 1,000 children, what alarms and their absence are worth: {what the reader says: {what: how many}}.

    Args:
        of: of `natural_frequencies`.
        ranges: of `natural_frequency_intervals`.
        predictive: of `model.performance.binary_metrics.predictive_values`; all three at the same prevalence.
    """

    def counted(name: str, words: str) -> str:
        low, high = ranges[name]
        return f"{of[name]} ({low}-{high}) {words}"

    return {
        "Reader: pneumonia": {
            "Children": f"{of['caught'] + of['false_alarms']}",
            "Rightly": counted("caught", "found"),
            "Wrongly": counted("false_alarms", "false alarms"),
            "Share that is right": f"PPV {format_estimate(predictive['ppv'])}",
        },
        "Reader: normal": {
            "Children": f"{of['spared'] + of['missed']}",
            "Rightly": counted("spared", "left alone"),
            "Wrongly": counted("missed", "missed"),
            "Share that is right": f"NPV {format_estimate(predictive['npv'])}",
        },
    }
