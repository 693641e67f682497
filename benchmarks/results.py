"""A measured ratio, and how it stands to what it should be."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Measurement:
    """One line of the results.

    what: what was compared with what; value: the ratio; limit: what it should at most be, or at least where `least`;
    None where nothing is aimed at; parts: what it is made of, in words.
    """

    what: str
    value: float
    limit: float | None = None
    least: bool = False
    parts: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the value is on the right side of the limit; None where there is none."""
        if self.limit is None:
            return None
        return self.value >= self.limit if self.least else self.value <= self.limit

    def row(self) -> str:
        """The line as a row of a Markdown table."""
        aim = "" if self.limit is None else f"{'at least' if self.least else 'at most'} {self.limit:g}"
        return f"| {self.what} | {self.value:.2f} | {aim} | {_MET[self.met]} | {self.parts} |"


HEAD = "| what | ratio | aim | met | measured |\n| --- | --- | --- | --- | --- |"
_MET = {True: "yes", False: "**no**", None: ""}


def medians(parts: dict[str, Callable[[], object]], rounds: int, first: int = 0) -> dict[str, float]:
    """Seconds of each part, the median over rounds, the first ones left out.

    Each round runs every part once, so that a machine that slows down slows all of them.
    """
    seconds: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(first + rounds):
        for name, part in parts.items():
            start = time.perf_counter()
            part()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values[first:]) for name, values in seconds.items()}


def milliseconds(of: dict[str, float]) -> str:
    """Named seconds in words."""
    return ", ".join(f"{name} {1000 * seconds:.1f} ms" for name, seconds in of.items())
