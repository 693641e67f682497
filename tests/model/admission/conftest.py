"""Fixtures of the admission tests."""

import pytest

from model.admission.gate import AdmissionGate
from model.inference.classifier import Classifier
from model.inference.similar_cases import SimilarCaseIndex
from tests.support.gates import admission_classifier


@pytest.fixture
def gate(classifier: Classifier, index: SimilarCaseIndex) -> AdmissionGate:
    """A gate with the released networks that admits every image by its limits."""
    return AdmissionGate(classifier, admission_classifier(classifier), index)
