"""Values with confidence intervals."""

from typing import Any, TypeAlias, TypedDict

# None is possible but rare, and callers know from the data whether it can occur. If a type checker required a test for
# None at each use, most of these tests would never fail (typeshed has the same alias for the same reason).
MaybeNone: TypeAlias = Any


class Estimate(TypedDict):
    """Value with the limits of its 95% confidence interval; all three are None if the value is not defined."""

    value: float | MaybeNone
    low: float | MaybeNone
    high: float | MaybeNone


class CountedEstimate(Estimate):
    """Estimate with the number of images, or findings, that it was measured on."""

    n: int
