"""Numbers in DICOM tags, which are text in many files and not always valid. Runs in the worker process only."""

import math
from typing import Any

from pydicom import Dataset


def numbers(dataset: Dataset, keyword: str) -> list[float]:
    """Return the values of an element: empty if it is absent, and NaN in place of a value that is not a number."""
    try:
        value = dataset.get(keyword)
    except (ValueError, TypeError, ArithmeticError):  # pydicom cannot convert the text
        raw: Any = dataset.get_item(keyword)
        value = bytes(raw.value).decode("latin-1").split("\\")
    if value is None:
        return []
    values = [value] if isinstance(value, str | int | float) else list(value)
    while values and not str(values[-1]).strip("\0 "):  # after a trailing separator
        values.pop()
    return [_to_number(item) for item in values]


def first_number(dataset: Dataset, keyword: str) -> float | None:
    """Return the first value of an element; None if it is absent or not a number."""
    value = next(iter(numbers(dataset, keyword)), math.nan)
    return value if math.isfinite(value) else None


def _to_number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return math.nan
