"""Measured ratios, and the comparison with their targets."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Measurement:
    """One line of the results.

    Attributes:
        what: What was compared with what.
        value: The measured ratio.
        target: Limit of the ratio; None if there is no target.
        is_minimum: True if the target is the lowest acceptable ratio, False if it is the highest.
        parts: Text on the measurements that the ratio was computed from.
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
        """Return the line as a row of a Markdown table."""
        target = "" if self.target is None else f"{'at least' if self.is_minimum else 'at most'} {self.target:g}"
        return f"| {self.what} | {self.value:.2f} | {target} | {_MET_TEXTS[self.meets_target]} | {self.parts} |"


TABLE_HEAD = "| what | ratio | aim | met | measured |\n| --- | --- | --- | --- | --- |"
_MET_TEXTS = {True: "yes", False: "**no**", None: ""}


def median_seconds(parts: Mapping[str, Callable[[], object]], rounds: int, warm_up: int = 0) -> dict[str, float]:
    """Return the median time of each part in seconds.

    Each round runs every part once, so a slow phase of the machine affects all of them.

    Args:
        parts: What to run, by name.
        rounds: Rounds that count.
        warm_up: Rounds before these, which do not count.
    """
    seconds: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(warm_up + rounds):
        for name, part in parts.items():
            start = time.perf_counter()
            part()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values[warm_up:]) for name, values in seconds.items()}


def format_milliseconds(seconds_by_name: Mapping[str, float]) -> str:
    """Return times, in seconds, as text in milliseconds."""
    return ", ".join(f"{name} {1000 * seconds:.1f} ms" for name, seconds in seconds_by_name.items())
