"""Numbers as people read them."""


def percent(probability: float) -> str:
    """A probability (0-1) for people: whole percent, and never 0 or 100, which no reader can know."""
    if probability < 0.01:
        return "< 1 %"
    if probability > 0.99:
        return "> 99 %"
    return f"{100 * probability:.0f} %"


def distinct_percents(probability: float, threshold: float) -> tuple[str, str]:
    """Probability and threshold with the decimals it takes to tell them apart; near 0 and 100 `percent` has the say."""
    shown = percent(probability)
    if shown != percent(threshold) or shown[0] in "<>":
        return shown, percent(threshold)
    pairs = ((f"{100 * probability:.{n}f} %", f"{100 * threshold:.{n}f} %") for n in range(1, 17))
    return next((pair for pair in pairs if pair[0] != pair[1]), (shown, percent(threshold)))
