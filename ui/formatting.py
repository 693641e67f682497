"""Numbers as people read them."""

_NUMBER_WORDS = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)


def number_in_words(number: int) -> str:
    """Return a whole number in words up to twelve, in digits above."""
    return _NUMBER_WORDS[number] if 0 <= number < len(_NUMBER_WORDS) else str(number)


def percent(probability: float) -> str:
    """Format a probability (0-1) in whole percent; never as 0% or 100%, which no classifier can know."""
    if probability < 0.01:
        return "< 1 %"
    if probability > 0.99:
        return "> 99 %"
    return f"{100 * probability:.0f} %"


def distinct_percents(probability: float, threshold: float) -> tuple[str, str]:
    """Format a probability and a threshold with as many decimals as make them differ; see `percent` near 0 and 1."""
    probability_text, threshold_text = percent(probability), percent(threshold)
    if probability_text != threshold_text or probability_text[0] in "<>":
        return probability_text, threshold_text
    pairs = ((f"{100 * probability:.{n}f} %", f"{100 * threshold:.{n}f} %") for n in range(1, 17))
    return next((pair for pair in pairs if pair[0] != pair[1]), (probability_text, threshold_text))


def threshold_percent(threshold: float) -> str:
    """Format the threshold of an operating point (0-1) in percent with one decimal."""
    return f"{100 * threshold:.1f} %"


def per_hundred(share: float) -> str:
    """Format a share (0-1) as a number out of 100."""
    return f"{100 * share:.0f}"
