"""Two fake checkouts and the command that compares them."""

from collections.abc import Callable

import pytest

from tests.support.fake_checkout import FakeCheckout
from tools.compare_findings.cli import main


@pytest.fixture
def before(tmp_path) -> FakeCheckout:
    return FakeCheckout(tmp_path / "before")


@pytest.fixture
def after(tmp_path) -> FakeCheckout:
    return FakeCheckout(tmp_path / "after")


@pytest.fixture
def run(before, after, tmp_path) -> Callable[..., int]:
    """Return a function that compares the two checkouts and returns the exit status."""
    (tmp_path / "images").mkdir()

    def compare(*options: str) -> int:
        paths = [before.folder, after.folder, tmp_path / "images"]
        return main([*map(str, paths), *options])

    return compare
