"""Gates that let in or refuse what a test wants, and films to lay before them."""

from dataclasses import replace
from typing import Self

import numpy as np
import pytest

from model.admission.classifier import ADMISSIBLE, ADMISSION_CLASSES, AdmissionClassifier
from model.admission.features import ASYMMETRY_SIDE, feature_count
from model.admission.gate import AdmissionGate
from model.codes import RefusalReason
from model.imaging.radiograph import Radiograph
from model.inference.classifier import Classifier
from model.inference.similar_cases import SimilarCaseIndex
from tests.support.synthetic import synthetic_radiograph


class OpenGate(AdmissionGate):
    """Lets every picture in, without a caution."""

    @classmethod
    def from_classifier(cls, classifier: Classifier) -> Self:
        return cls(classifier, admission_classifier=None, index=SimilarCaseIndex.from_release(classifier.release))

    def _refusals(self, *_):
        return (), None

    def _cautions(self, *_):
        return ()


class ShutGate(OpenGate):
    """Takes every picture for a part of a film."""

    def _refusals(self, *_):
        return (RefusalReason.CROPPED,), None


def checks(classifier: Classifier, kind: str = ADMISSIBLE, **changed) -> AdmissionClassifier:
    """Checks that take every picture for one kind, with limits that nothing is beyond."""
    signs, limit = feature_count(classifier.release), np.float32
    arrays = {
        "hidden": np.zeros((signs, 3), np.float16),
        "hidden_bias": np.zeros(3, np.float32),
        "kinds": np.zeros((3, len(ADMISSION_CLASSES)), np.float32),
        "kinds_bias": np.array([5 * (one == kind) for one in ADMISSION_CLASSES], np.float32),
        "mirror": np.ones(ASYMMETRY_SIDE * ASYMMETRY_SIDE // 2, np.float32),
        "most_mirrored": limit(1e9),
        "least_fine": limit(0.5),
        "least_field": limit(-1),
        "least_apart": limit(-1),
        "most_level": limit(2),
        "least_detail": limit(-1),
        "most_detail": limit(1e9),
        "most_distance": limit(3),
    }
    return AdmissionClassifier(**{name: np.asarray(array) for name, array in (arrays | changed).items()})


@pytest.fixture(name="gate")
def admitting_gate(classifier, index) -> AdmissionGate:
    """A gate that lets every picture in by its limits, on the released networks."""
    return AdmissionGate(classifier, checks(classifier), index)


def refusing(gate: AdmissionGate, kind: RefusalReason) -> AdmissionGate:
    return replace(gate, admission_classifier=checks(gate.classifier, kind))


def limited(gate: AdmissionGate, **limits: float) -> AdmissionGate:
    return replace(gate, admission_classifier=checks(gate.classifier, **{n: np.float32(v) for n, v in limits.items()}))


def film(height: int = 300, width: int = 400, colourfulness: float = 0.0) -> Radiograph:
    """Two lungs, one side and one end brighter, so that no two of its turned and mirrored forms look the same."""
    ramp = np.linspace(0, 30, width, dtype=np.float32) + np.linspace(0, 20, height, dtype=np.float32)[:, np.newaxis]
    return Radiograph(synthetic_radiograph(height, width) + ramp, "PNG", 8, colourfulness=colourfulness)


def admission(gate: AdmissionGate, radiograph: Radiograph):
    return gate.examine(radiograph).admission


def with_heat(monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    """Every finding has this heat map, the same everywhere."""
    real = Classifier.finding_from if not hasattr(Classifier.finding_from, "real") else Classifier.finding_from.real

    def finding(classifier, seen):
        found = real(classifier, seen)
        return replace(found, heat_map=np.full_like(found.heat_map, value))

    finding.real = real
    monkeypatch.setattr(Classifier, "finding_from", finding)
