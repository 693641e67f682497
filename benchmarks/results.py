"""Measured ratios and their targets."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Measurement:
    """One row of the results.

    Attributes:
        what: The two alternatives, as "a / b".
        value: Measured ratio.
        target: Target for the ratio, if any.
        is_minimum: Whether the target is a minimum rather than a maximum.
        parts: The underlying measurements as text.
    """

    what: str
    value: float
    target: float | None = None
    is_minimum: bool = False
    parts: str = ""

    @property
    def meets_target(self) -> bool | None:
        """Whether the ratio meets its target; None if there is no target."""
        if self.target is None:
            return None
        return self.value >= self.target if self.is_minimum else self.value <= self.target

    def row(self) -> str:
        """Return the measurement as a row of a Markdown table."""
        target = "" if self.target is None else f"{'at least' if self.is_minimum else 'at most'} {self.target:g}"
        return f"| {self.what} | {self.value:.2f} | {target} | {_MET_TEXTS[self.meets_target]} | {self.parts} |"


TABLE_HEAD = "| comparison | ratio | target | met | measured |\n| --- | --- | --- | --- | --- |"
_MET_TEXTS = {True: "yes", False: "**no**", None: ""}


def median_seconds(parts: Mapping[str, Callable[[], object]], rounds: int, warm_up: int = 0) -> dict[str, float]:
    """Return the median time of each part in seconds.

    Each round runs every part once, so a slow phase of the machine affects all of them.

    Args:
        parts: Functions to run, by name.
        rounds: Number of measured rounds.
        warm_up: Number of earlier rounds that are not measured.
    """
    seconds: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(warm_up + rounds):
        for name, part in parts.items():
            start = time.perf_counter()
            part()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values[warm_up:]) for name, values in seconds.items()}


def format_milliseconds(seconds_by_name: Mapping[str, float]) -> str:
    """Format times, given in seconds, as text in milliseconds."""
    return ", ".join(f"{name} {1000 * seconds:.1f} ms" for name, seconds in seconds_by_name.items())
