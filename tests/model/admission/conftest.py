"""Fixtures of the admission tests."""

import pytest

from model.admission.gate import AdmissionGate
from model.inference.classifier import Classifier
from model.inference.similar_cases import SimilarCaseIndex
from tests.support.gates import admission_classifier


@pytest.fixture
def gate(classifier: Classifier, index: SimilarCaseIndex) -> AdmissionGate:
    """Return a gate with the released networks whose limits admit every image."""
    return AdmissionGate(classifier, admission_classifier(classifier), index)
