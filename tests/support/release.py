"""What is released, opened once for all tests: whichever changes a part of it puts that back."""

import pytest

from model.inference.classifier import Classifier
from model.inference.release_loader import load_release
from model.inference.similar_cases import SimilarCaseIndex


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    """The released reader."""
    return Classifier(load_release())


@pytest.fixture(scope="session")
def index(classifier) -> SimilarCaseIndex:
    """The released index of training pictures."""
    return SimilarCaseIndex.from_release(classifier.release)
