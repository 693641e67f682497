"""The only place where tests sleep: between two looks at a condition."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Wait until a condition holds.

    Args:
        condition: Asked every 50 ms; it may fail an assertion to end the wait early.
        what: The condition in words, for the error.
        seconds: Longest time to wait.

    Raises:
        TimeoutError: The condition does not hold in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds:g} s, still not true: {what}")
        time.sleep(0.05)
