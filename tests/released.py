"""What is released, opened once for all tests: whichever changes a part of it puts that back."""

import pytest

from model.lookalikes import LookAlikes
from model.reader import Reader
from model.release import load_release


@pytest.fixture(scope="session")
def reader() -> Reader:
    """The released reader."""
    return Reader(load_release())


@pytest.fixture(scope="session")
def index(reader) -> LookAlikes:
    """The released index of training pictures."""
    return LookAlikes.of(reader.release)
