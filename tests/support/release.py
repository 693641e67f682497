"""What is released, opened once for all tests: whichever changes a part of it puts that back."""

import pytest

from model.inference.classifier import Reader
from model.inference.release_loader import load_release
from model.inference.similar_cases import LookAlikes


@pytest.fixture(scope="session")
def reader() -> Reader:
    """The released reader."""
    return Reader(load_release())


@pytest.fixture(scope="session")
def index(reader) -> LookAlikes:
    """The released index of training pictures."""
    return LookAlikes.of(reader.release)
