"""The released model, loaded once for all tests. A test that changes any part of the model must restore that part."""

import pytest

from model.inference.classifier import Classifier, load_model
from model.inference.similar_cases import SimilarCaseIndex


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    """Return the released classifier."""
    return load_model()


@pytest.fixture(scope="session")
def index(classifier) -> SimilarCaseIndex:
    """Return the released index of training images."""
    return SimilarCaseIndex.from_release(classifier.release)
