"""Probabilities and shares as clinicians read them."""

from model.performance.formatting import format_percent


def percent(probability: float) -> str:
    """Format a probability, 0-1, as a whole percentage, but never as 0% or 100%: no classifier is that certain."""
    if probability < 0.01:
        return f"<{format_percent(0.01)}"
    if probability > 0.99:
        return f">{format_percent(0.99)}"
    return format_percent(probability)


def distinct_percents(probability: float, threshold: float) -> tuple[str, str]:
    """Format a probability and a threshold with as many decimals as are needed to distinguish them.

    Values near 0 and 1 are formatted as in `percent`.
    """
    probability_text, threshold_text = percent(probability), percent(threshold)
    if probability_text != threshold_text or probability_text[0] in "<>":
        return probability_text, threshold_text
    pairs = ((format_percent(probability, n), format_percent(threshold, n)) for n in range(1, 17))
    return next((pair for pair in pairs if pair[0] != pair[1]), (probability_text, threshold_text))


def per_hundred(share: float) -> str:
    """Format a share, 0-1, as a number out of 100."""
    return f"{100 * share:.0f}"
